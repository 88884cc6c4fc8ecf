#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Checks that every C file is as clang-format writes it and that every source names its licence.
#   tests/format.sh fix    formats the C files first
set -euo pipefail
cd "$(dirname "$0")/.."

c_files() {
    find agent common eventlog host ima protocol tests tpm verifier -name '*.[ch]' -print0
}

if [ "${1:-}" = fix ]; then
    c_files | xargs -0 clang-format -i
fi
c_files | xargs -0 clang-format --dry-run -Werror
c_files | xargs -0 awk 'FNR == 1 && !/SPDX-License-Identifier/ {
    print FILENAME ": no SPDX line"; bad = 1 } END { exit bad }'
