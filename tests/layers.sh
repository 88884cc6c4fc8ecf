#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Arrows point down: which folder may include headers of which. usage: layers.sh SOURCE-DIRECTORY
set -eu
cd "$1"
bad=0

# folder FOLDER ALLOWED-FOLDER...
folder() {
    from=$1
    [ -d "$from" ] || return 0
    allowed=$(printf '%s|' "$@")
    wrong=$(find "$from" -name '*.[ch]' -exec grep -HnE '^ *# *include *"' {} + |
        grep -Ev "#[ ]*include *\"(${allowed%|})/" || true)
    if [ -n "$wrong" ]; then
        printf 'not for %s/ to include:\n%s\n' "$from" "$wrong"
        bad=1
    fi
}

# only HEADER-PATTERN FILE-PATTERN: nobody else (but tests) includes this
only() {
    wrong=$(find . -path ./build -prune -o -path ./tests -prune -o -name '*.[ch]' \
        -exec grep -HnE "^ *# *include *\"($1)\"" {} + | grep -Ev "^\./($2):" || true)
    if [ -n "$wrong" ]; then
        printf 'only for %s to include:\n%s\n' "$2" "$wrong"
        bad=1
    fi
}

folder common
folder host common
folder ima common
folder eventlog common
folder tpm common
folder protocol common host
folder bpf
folder agent common host ima eventlog tpm protocol bpf
folder verifier common host ima eventlog tpm protocol

only 'tpm/device[a-z_]*\.h' '(agent/.*|tpm/device[a-z_]*\.[ch])'
only 'protocol/coap[a-z_]*\.h' '(agent|verifier)/.*|protocol/coap[a-z_]*\.[ch]'
only 'host/[a-z_]*\.h' '(agent|verifier|host)/.*|protocol/coap[a-z_]*\.[ch]'
exit $bad
