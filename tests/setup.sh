#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs what is missing on Debian 12; says nothing when nothing is.
#   tests/setup.sh demo    to build Tally and run the demo
#   tests/setup.sh tests   for that and all tests (default)
set -euo pipefail

# gcc's link-time optimisation uses make to run in parallel.
build=(gcc libc6-dev make cmake ninja-build pkg-config python3 libssl-dev libtss2-dev libcbor-dev
    libcoap3-dev libcunit1-dev libjansson-dev libfyaml-dev libinih-dev)
demo=(swtpm libtss2-tcti-swtpm0)
tests=(libcoap3-bin clang libclang-rt-dev clang-format tpm2-tools ima-evm-utils openssl xxd
    python3-jsonschema nftables python3-cbor2)
# Whoever has npm from elsewhere cannot have Debian's.
command -v npm >/dev/null || tests+=(nodejs npm)

case ${1:-tests} in
    demo) want=("${build[@]}" "${demo[@]}") ;;
    tests) want=("${build[@]}" "${demo[@]}" "${tests[@]}") ;;
    *) echo "usage: $0 [demo|tests]" >&2; exit 2 ;;
esac

missing=()
for package in "${want[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

apt=(apt-get -qq -o Dpkg::Use-Pty=0)
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Packages are missing; as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    apt=(sudo DEBIAN_FRONTEND=noninteractive "${apt[@]}")
fi
export DEBIAN_FRONTEND=noninteractive

echo "Installing through apt: ${missing[*]}" | fold -s -w 99
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends -y "${missing[@]}"; } \
    >"$log" 2>&1; then
    cat "$log" >&2
    echo "apt could not install what is missing (see above)." >&2
    exit 1
fi
