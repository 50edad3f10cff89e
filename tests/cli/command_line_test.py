# SPDX-License-Identifier: MIT
"""What the program answers to right and wrong requests: words, exit codes, nothing on the wrong stream."""

import os
import shutil
import subprocess
import unittest

from story import Story, environment, wdscope


class CommandLine(Story):
    def test_help_and_version_go_to_standard_output(self):
        for arguments in (["--help"], ["watch", "--help"], ["run", "-h"], ["--version"], ["manual"]):
            done = wdscope(*arguments)
            self.assertEqual(done.returncode, 0, arguments)
            self.assertEqual(done.stderr, "", arguments)
            self.assertTrue(done.stdout, arguments)

    def test_a_wrong_request_is_exit_code_2_and_says_what_is_right(self):
        for arguments, words in (
                ([], "verb is missing"),
                (["wathc"], "did you mean 'watch'"),
                (["run", "--fromat", "text", "--", "true"], "did you mean '--format'"),
                (["run", "true"], "wdscope run -- true"),
                (["run", "--profile", "2019", "--", "true"], "1910,20h1,25080,a5"),
                (["lab", "laod", "x.sys"], "lab load"),
                (["lab", "load"], "FILE"),
                (["lab", "load", "x.sys", "y.sys"], "unexpected 'y.sys'"),
                (["watch", "--for", "soon"], "is no span of time")):
            done = wdscope(*arguments)
            self.assert_says(done, 2, words)
            self.assertEqual(done.stdout, "")

    def test_a_wrong_profile_in_the_environment_is_refused(self):
        done = wdscope("run", "--", "true", env=environment(WDSCOPE_PROFILE="2019"))
        self.assert_says(done, 2, "1910,20h1,25080,a5")

    def test_a_closed_standard_output_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([os.environ["WDSCOPE"], "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False)
        self.assert_says(done, 3, "No space left on device")

    @unittest.skipUnless(shutil.which("bash"), "no bash here")
    def test_bash_completes_verbs_options_and_values(self):
        script = self.folder / "completion"
        script.write_text(wdscope("completion", "bash").stdout, encoding="utf-8")

        def completed(*words: str) -> list[str]:
            typed = " ".join(f"'{word}'" for word in words)
            asked = (f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _wdscope;"
                     ' printf "%s\\n" "${COMPREPLY[@]}"')
            done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
            self.assertEqual(done.stderr, "")
            return done.stdout.split()

        self.assertEqual(completed("wdscope", "re"), ["record", "replay"])
        self.assertEqual(completed("wdscope", "run", "--prof"), ["--profile"])
        self.assertEqual(completed("wdscope", "run", "--profile", ""), ["1910", "20h1", "25080", "a5"])
        self.assertEqual(completed("wdscope", "completion", "f"), ["fish"])
        self.assertEqual(completed("wdscope", "la"), ["lab", "layouts"])
        self.assertEqual(completed("wdscope", "lab", "pl"), ["play"])
        self.assertEqual(completed("wdscope", "lab", "play", "--prof"), ["--profile"])
        self.assertEqual(completed("wdscope", "lab", "l"), ["load"])

    def test_other_shells_accept_their_scripts(self):
        for shell in ("zsh", "fish"):
            done = wdscope("completion", shell)
            self.assertEqual(done.returncode, 0)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)

    @unittest.skipUnless(shutil.which("groff"), "no groff here")
    def test_the_manual_is_well_formed(self):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=wdscope("manual").stdout, capture_output=True,
                              text=True, check=True)
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
