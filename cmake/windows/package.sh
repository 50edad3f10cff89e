#!/bin/bash
# SPDX-License-Identifier: MIT
# package.sh BUILD DRIVERS VERSION: the folder that a Windows user gets, BUILD/package/wdscope-VERSION-x64, and a zip of it beside.
# Each program is test-signed with a certificate that is made here, once, and stays in BUILD/test-certificate; when
# WDSCOPE_SIGN is set, that command signs each file (given as its argument) in place instead.
set -euo pipefail
build="$1" built_drivers="$2" version="$3"
source="$(cd "$(dirname "$0")/../.." && pwd)"
name="wdscope-$version-x64"
package="$build/package/$name"
certificate="$build/test-certificate"
tools=x86_64-w64-mingw32

make_certificate() {
  [ ! -f "$certificate/key.pem" ] || return 0
  (
    umask 077
    mkdir -p "$certificate"
    openssl req -x509 -newkey rsa:3072 -sha256 -days 3650 -nodes -subj "/CN=wdscope test signing" \
      -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
      -addext extendedKeyUsage=codeSigning -keyout "$certificate/key.pem.new" -out "$certificate/certificate.pem" 2>/dev/null
    mv "$certificate/key.pem.new" "$certificate/key.pem"
  )
}

sign() { # sign FILE
  if [ -n "${WDSCOPE_SIGN:-}" ]; then
    $WDSCOPE_SIGN "$1"
    return
  fi
  osslsigncode sign -h sha256 -n wdscope -certs "$certificate/certificate.pem" -key "$certificate/key.pem" \
    -in "$1" -out "$1.signed" >/dev/null
  mv "$1.signed" "$1"
}

fill() { # fill FROM TO: as Windows wants its text files
  sed -e "s/@VERSION@/$version${3:-}/; s|@DATE@|$(date -u +%m/%d/%Y)|; s/\$/\r/" "$1" >"$2"
}

rm -rf "$build/package"
mkdir -p "$package/symbols" "$package/licences"
[ -n "${WDSCOPE_SIGN:-}" ] || make_certificate

drivers=(wdscope wdnotifier)
[ ! -f "$built_drivers/wdnis.sys" ] || drivers+=(wdnis)
programs=("$build/bin/wdscope.exe")
for driver in "${drivers[@]}"; do programs+=("$built_drivers/$driver.sys"); done
for program in "${programs[@]}"; do
  file="$(basename "$program")"
  # What ships is the program as it was built, less its debug information, which goes beside it.
  "$tools-strip" --strip-debug -o "$package/$file" "$program"
  "$tools-objcopy" --only-keep-debug "$program" "$package/symbols/$file.debug"
  "$tools-nm" --demangle --numeric-sort --defined-only "$program" >"$package/symbols/$file.map"
  sign "$package/$file"
done
for inf in "$source"/driver/*/*.inf; do
  [ ! -f "$package/$(basename "$inf" .inf).sys" ] || fill "$inf" "$package/$(basename "$inf")" .0
done
fill "$source/cmake/windows/package/README.txt" "$package/README.txt"
fill "$source/cmake/windows/package/Install.ps1" "$package/Install.ps1"
if [ -z "${WDSCOPE_SIGN:-}" ]; then
  openssl x509 -in "$certificate/certificate.pem" -outform DER -out "$package/wdscope-test.cer"
fi

fill "$source/LICENSE" "$package/licences/wdscope.txt"
# What is inside wdscope.exe besides: header-only libraries, and the compiler's and mingw-w64's run-time libraries.
for library in libcli11-dev libexpected-dev libfmt-dev libtomlplusplus-dev libxxhash-dev rapidjson-dev \
  mingw-w64-x86-64-dev gcc-mingw-w64-base; do
  fill "/usr/share/doc/$library/copyright" "$package/licences/$library.txt"
done

(cd "$build/package" && zip -q -X -r "$name.zip" "$name")
echo "$package"
echo "$build/package/$name.zip"
