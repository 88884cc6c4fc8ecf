#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Pure libraries compute and nothing else. usage: pure.sh calls|data ARCHIVE...
#   calls  outside these archives they call only what is listed here
#   data   they have no variable that can be written
set -eu
export LC_ALL=C

# Bytes and text; memory; OpenSSL without files, randomness and configuration (a BIO is one over
# memory: BIO_s_file and its kin are not here); libcbor's encoder and stream decoder.
allowed='mem(cmp|cpy|chr|rchr|set|move|mem)|bcmp|str(n?cmp|n?len|chr|rchr|str|spn|cspn|pbrk)|v?snprintf
malloc|calloc|realloc|free
__assert_fail
ASN1_[A-Za-z0-9_]+|BN_[A-Za-z0-9_]+|EC_[A-Za-z0-9_]+|ECDSA_[A-Za-z0-9_]+|EVP_[A-Za-z0-9_]+
X509_[A-Za-z0-9_]+|OSSL_PARAM_[A-Za-z0-9_]+|(d2i|i2d)_[A-Za-z0-9_]+
CRYPTO_(free|memcmp)|OPENSSL_cleanse|ERR_clear_error|ERR_(get|peek)(_last)?_error
BIO_(ctrl|free|new|new_mem_buf|s_mem|read|write)|PEM_read_bio(_[A-Za-z0-9_]+)?
cbor_encode_[a-z0-9_]+|cbor_stream_decode'

# What the compiler adds: sanitizers, fortified functions, stack protector, coverage, arithmetic.
compiler='__(asan|ubsan|sanitizer|sancov|gcov|llvm|start___sancov|stop___sancov|odr_asan)_.*
__sanitizer_.*|__sancov.*|__gcov.*|llvm_gcov.*|.*\.sancov.*
__unnamed_[0-9]+|__stack_chk_fail|__stack_chk_guard|_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__[a-z]+_chk
__(popcount|clz|ctz|ffs|u?div|u?mod|mul|bswap)[a-z]+[0-9]|asan\.module_[cd]tor|___asan_.*'

join() {
    printf '%s' "$1" | tr '\n' '|'
}

# Lines "ARCHIVE:OBJECT: SYMBOL" whose symbol is none of an alternation's.
others() {
    awk 'NF > 1 { sub(".*/", "", $1); print $1, $NF }' | grep -Ev " ($(join "$1"))\$" || true
}

calls() {
    own=$(nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u)
    [ -n "$own" ] || { echo "no symbols in: $*"; exit 1; }
    nm -A --undefined-only "$@" | others "$allowed
$compiler" | awk -v own="$own" '
        BEGIN { n = split(own, names, "\n"); for (i = 1; i <= n; i++) ours[names[i]] = 1 }
        !($NF in ours) { print $1 " calls " $NF }'
}

# Tables of pointers to constants are in .data.rel.ro, which the loader makes read-only.
data() {
    nm -A -f sysv --defined-only "$@" | awk -F'|' '
        { class = $3; section = $7; gsub(/ /, "", class); gsub(/ /, "", $1) }
        class ~ /^[BbDdCGgSs]$/ && section !~ /^\.data\.rel\.ro/ {
            n = split($1, part, ":"); print part[1] ":" part[n - 1] ": " part[n] }' |
        others "$compiler" | sed 's/$/ can be written/'
}

mode=$1
shift
case $mode in
calls) found=$(calls "$@") ;;
data) found=$(data "$@") ;;
*) echo "usage: $0 calls|data ARCHIVE..." >&2 && exit 2 ;;
esac
[ -z "$found" ] || { printf '%s\n' "$found" | sort -u && exit 1; }
