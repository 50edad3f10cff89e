#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs what is missing of the named groups of cmake/packages.txt. Nothing is asked of the network when all is there.
set -euo pipefail
list="$(dirname "$0")/packages.txt"

[ $# -gt 0 ] || { echo "usage: cmake/deps.sh GROUP..." >&2; exit 2; }
command -v dpkg-query >/dev/null || {
  echo "wdscope builds on Debian 12; elsewhere install the equivalents of $list and run cmake --preset release." >&2
  exit 2
}

wanted=()
for group in "$@"; do
  mapfile -t -O "${#wanted[@]}" wanted < <(awk -v group="$group" '$1 == group { print $2 }' "$list")
done

missing=()
for package in "${wanted[@]}"; do
  state="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)"
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Packages are missing and this is not root. As root, run:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 4
  fi
  as_root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing ${missing[*]}"
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends \
    "${missing[@]}" </dev/null
}
# Package lists that are absent or out of date are fetched, once.
known() { apt-cache show --quiet=2 "$@" >/dev/null 2>&1; }
if known "${missing[@]}" && install; then exit 0; fi
"${as_root[@]}" apt-get update --quiet=2
install
