#!/bin/bash
# SPDX-License-Identifier: MIT
# lint.sh [--fix-format]: formatting (clang-format 14), shell scripts' syntax, static analysis (clang-tidy 14) of host
# and user rooms, and of the drivers for their own target. The house rules (arrows, headers alone, text, documents) are
# ctest's house.*.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs="$(nproc)"

sources() { find abi bench driver examples fuzz host tests user -name '*.cpp' -o -name '*.h' | sort; }
if [ "${1:-}" = --fix-format ]; then
  sources | xargs clang-format-14 -i
  exit
fi

passed=0 failed=0
step() { # step NAME COMMAND...
  local name="$1"
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "lint $name: passed"
  else
    failed=$((failed + 1))
    echo "lint $name: FAILED"
  fi
}

format() { sources | xargs clang-format-14 --dry-run -Werror; }
scripts() {
  local script
  while IFS= read -r script; do bash -n "$script" || return 1; done < <(find cmake bench tests .ci -name '*.sh'; echo .ci/run)
}

tidy() { # tidy LOG FLAG... < files
  local log="$1"
  shift
  local status=0
  xargs --no-run-if-empty --max-args=1 --max-procs="$jobs" clang-tidy-14 --quiet "$@" >"$log" 2>"$log.talk" || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log"
    grep -E 'error:' "$log.talk" || true
    return 1
  fi
}
# Most of clang-tidy's time goes into the headers of a file, so it reads whole rooms at once (CMake's unity files), and
# no compiled headers, which are GCC's.
user_code() {
  cmake --preset lint --log-level=WARNING >/dev/null
  find out/lint/host out/lint/user -path '*/Unity/*.cxx' ! -path '*/testing/*' | sort |
    tidy out/lint/user.log -p out/lint --checks=-bugprone-suspicious-include
}
kernel_code() {
  local standard_library
  standard_library="$(dirname "$(x86_64-w64-mingw32-g++-posix -print-libgcc-file-name)")/include/c++"
  cmake -S driver -B out/lint/driver -G Ninja --log-level=WARNING -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/mingw-driver.cmake" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
  # What only GCC knows of the compile commands: clang-tidy would refuse the flag.
  sed -i -E 's/ -mmem(set|cpy)-strategy=[^ ]+//g' out/lint/driver/compile_commands.json
  find out/lint/driver/{kit,notifier,observer,wdnis} -path '*/Unity/*.cxx' ! -path '*_test.dir/*' | sort |
    tidy out/lint/kernel.log -p out/lint/driver --checks=-bugprone-suspicious-include \
    --extra-arg-before=--target=x86_64-w64-mingw32 \
    --extra-arg=-isystem"$standard_library" --extra-arg=-isystem"$standard_library/x86_64-w64-mingw32"
}

step format format
step scripts scripts
step "host and user" user_code
step drivers kernel_code
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
