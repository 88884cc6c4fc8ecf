#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: check.sh GENERATOR python|evmctl
# The generator's lists, checked by programs that share nothing with it. Exit 77: evmctl is missing.
set -eu
generator=$1
check=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_list() {
    "$generator" ima-list "$@" --allowlist "$work/allow" --output "$work/list" >"$work/pcrs"
}

check_python() {
    make_list --entries 3000 --template ima-ng
    python3 "$here/check_list.py" "$work/list" "$work/pcrs" "$work/allow"
    make_list --entries 3000 --template ima-sig --seed 7
    python3 "$here/check_list.py" "$work/list" "$work/pcrs" "$work/allow"
    make_list --entries 3000 --template mixed --violation-every 100 --seed 18446744073709551615
    python3 "$here/check_list.py" "$work/list" "$work/pcrs" "$work/allow"
    make_list --entries 1
    python3 "$here/check_list.py" "$work/list" "$work/pcrs" "$work/allow"
    # The same plan gives the same bytes.
    make_list --entries 500 --seed 3
    mv "$work/list" "$work/first"
    make_list --entries 500 --seed 3
    cmp "$work/list" "$work/first"
}

check_evmctl() {
    command -v evmctl >/dev/null || exit 77
    for template in ima-ng ima-sig mixed; do
        for bank in sha1 sha256; do
            make_list --entries 500 --template "$template"
            # All 24 registers, as tpm2_pcrread prints them: evmctl reads them by line.
            for pcr in $(seq 0 23); do
                printf 'PCR-%02d: %s\n' "$pcr" \
                    "$(awk -v b="$bank" -v p="$pcr" '$1 == b && $2 == p { print $3; found = 1 }
                        END { if (!found) { n = b == "sha1" ? 40 : 64
                            for (i = 0; i < n; i++) printf "0" } }' "$work/pcrs")"
            done >"$work/evmctl-pcrs"
            evmctl ima_measurement --pcrs "$bank,$work/evmctl-pcrs" "--verify-bank=$bank" "$work/list" \
                >"$work/evmctl" 2>&1 || { cat "$work/evmctl"; exit 1; }
            grep -q "Matched per TPM bank" "$work/evmctl" || { cat "$work/evmctl"; exit 1; }
            echo "evmctl: $template, $bank: matched"
        done
    done
}

"check_$check"
