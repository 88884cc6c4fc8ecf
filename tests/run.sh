#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs all tests that need no virtual machine. The last line is "N passed, N failed, N skipped".
#   FUZZ_SECONDS=10           how long each fuzz target runs
#   TALLY_CORPUS=DIR          logs of other machines (default: ../shared/corpus beside the checkout)
#   TALLY_REQUIRE_CORPUS=1    whatever is skipped counts as failed
set -uo pipefail
cd "$(dirname "$0")/.."
top=$PWD
export TALLY_CORPUS=${TALLY_CORPUS:-$top/../shared/corpus}
fuzz_seconds=${FUZZ_SECONDS:-10}
jobs=$(nproc)
logs=$top/build/logs
passed=0 failed=0 skipped=0

# A line that says how it went; the output goes to a file and is shown when it fails.
check() { # LABEL COMMAND...
    local label=$1 start=$SECONDS
    shift
    log=$logs/${label//[ ,\/]/-}.log
    printf '%-44s' "$label"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %4d s\n' $((SECONDS - start))
        return 0
    fi
    failed=$((failed + 1))
    printf 'FAILED  %4d s\n' $((SECONDS - start))
    grep -Ev '^(-- |\[[0-9]+/[0-9]+\] )' "$log" | tail -n 60 | sed 's/^/    /'
    return 1
}

# Fails on a warning, too, even one of the linker.
configure_and_build() { # PRESET FOLDER TARGET OPTION...
    local preset=$1 folder=$top/build/$2 target=$3
    shift 3
    cmake --preset "$preset" -B "$folder" "$@" && cmake --build "$folder" --target "$target" 2>&1 |
        awk '{ print } /warning:/ { bad = 1 } END { exit bad }'
}

# Tests of one build, each counted.
suite() { # LABEL FOLDER
    local start=$SECONDS junit=$logs/$2.xml log=$logs/$2-tests.log counts p f s
    rm -f "$junit"
    printf '%-44s' "$1 tests"
    ctest --test-dir "$top/build/$2" -j "$jobs" --timeout 300 --output-on-failure \
        --test-output-size-passed 1000000 --test-output-size-failed 1000000 \
        --output-junit "$junit" >"$log" 2>&1
    counts=$(python3 tests/results.py "$junit" 2>>"$log") || counts="0 1 0"
    read -r p f s <<<"${counts%%$'\n'*}"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '%-7s %4d s  %d passed, %d failed, %d skipped\n' \
        "$([ "$f" = 0 ] && echo ok || echo FAILED)" $((SECONDS - start)) "$p" "$f" "$s"
    if [ "$f" != 0 ]; then
        sed -n '/Test #.*\*\*\*/,/^ *[0-9]*\/[0-9]* Test/p' "$log" | tail -n 200 | sed 's/^/    /'
    fi
    tail -n +2 <<<"$counts" >>"$logs/left-out"
}

fuzz() { # NAME
    local found=$logs/fuzz-$1
    rm -rf "$found"
    mkdir -p "$found/new"
    "$top/build/fuzz/bin/$1_fuzz" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$found/" "$found/new" "$top/tests/fuzz/corpus/$1"
}

fuzz_all() {
    local source name
    for source in tests/fuzz/*_fuzz.c; do
        name=$(basename "$source" _fuzz.c)
        check "fuzz $name, $fuzz_seconds s" fuzz "$name" &&
            sed -n "s/^stat::number_of_executed_units: */    $name executions: /p" "$log" \
                >>"$logs/fuzz-figures"
    done
}

tests/setup.sh tests || exit 1
mkdir -p "$logs"
rm -f "$logs"/left-out "$logs"/fuzz-figures
touch "$logs"/left-out "$logs"/fuzz-figures

check "clang-format, licence lines" tests/format.sh
check "dev: gcc, ASan, UBSan, -Werror" configure_and_build dev dev all && suite dev dev
check "clang: clang, ASan, UBSan, -Werror" configure_and_build clang clang all && suite clang clang
check "release: hardened, free of warnings" \
    configure_and_build release checked all -DTALLY_WERROR=ON && suite release checked
check "fuzz targets: clang, libFuzzer" configure_and_build fuzz fuzz fuzzers && fuzz_all

echo
if [ -s "$logs/fuzz-figures" ]; then
    echo "Fuzzing, $fuzz_seconds s each:"
    cat "$logs/fuzz-figures"
fi
if [ -s "$logs/left-out" ]; then
    echo "Left out:"
    sort -u "$logs/left-out" | sed 's/^/    /'
    # The npm registry is not ours: that it cannot be reached is told, and is no failure.
    if [ "${TALLY_REQUIRE_CORPUS:-}" = 1 ] && grep -qv 'npm cannot install' "$logs/left-out"; then
        echo "Nothing may be left out here (TALLY_REQUIRE_CORPUS=1)."
        failed=$((failed + 1))
    fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
