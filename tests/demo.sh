#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Shows Tally attest a machine, catch an unknown program and catch a doctored list.
#   tests/demo.sh            installs what is missing (apt), builds, runs
#   tests/demo.sh FOLDER     runs with the programs in FOLDER
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:+$(cd "$1" && pwd)}

if [ -z "$bin" ]; then
    "$top/tests/setup.sh" demo
    bin=$top/build/release/bin
    echo "Building Tally (a minute or two the first time) ..."
    log=$(mktemp)
    if ! { cd "$top" && cmake --preset release &&
        cmake --build --preset release --target tally tally-agent tally-measure; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
fi
if ! command -v swtpm >/dev/null; then
    echo "skipped: no swtpm (tests/setup.sh demo installs it)"
    exit 77
fi
export PATH=$bin:$top/tests/demo:$PATH

tpm=
work=$(mktemp -d)
clean_up() {
    [ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
cd "$work"

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold= plain=; fi
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
fail() { printf 'demo: %s\n' "$1" >&2; exit 1; }

# Shows a command and, of its answer, the lines that FILTER (a sed script) keeps; the answer is left
# in the file "answer".
run() { # STATUS FILTER COMMAND
    local status=0
    printf '$ %s\n' "$3"
    eval "$3" >answer 2>&1 || status=$?
    sed -n "$2" answer | fold -s -w 104
    [ "$status" = "$1" ] || { cat answer >&2; fail "exit status $status, expected $1"; }
}
quietly() { eval "$1" >answer 2>&1 || { cat answer >&2; fail "$1"; }; }
expect() { grep -q -e "$1" answer || { cat answer >&2; fail "the answer lacks \"$1\""; }; }

fresh_challenge() { CHALLENGE=$(od -An -v -N20 -tx1 /dev/urandom | tr -d ' \n'); }
collect='tally-agent collect --config agent.conf --challenge $CHALLENGE -o evidence'
appraise='tally appraise --evidence evidence --challenge $CHALLENGE --ak-name $AK'
appraise+=' --policy policy/policy.yaml'
hook=$' \\\n    --hook'
refusal='/^$/q; /^REFUSED/p; /^(hook)/p; /REFUSE /p; /^          check/p; /^Next/p; /^  tally/p'

start=$SECONDS
cp "$top"/tests/demo/machine/* .
mv binary_bios_measurements boot-log
mv binary_runtime_measurements ima-list
chmod u+w boot-log ima-list
mkdir tpm-state
swtpm socket --tpm2 --tpmstate "dir=$work/tpm-state" --server "type=unixio,path=$work/tpm" \
    --ctrl "type=unixio,path=$work/tpm.ctrl" --flags not-need-init,startup-clear >swtpm.log 2>&1 &
tpm=$!
for _ in $(seq 100); do
    [ ! -S tpm ] || break
    sleep 0.1
done
[ -S tpm ] || { cat swtpm.log >&2; fail "swtpm does not start"; }
cat >agent.conf <<END
[tpm]
tcti = swtpm:path=$work/tpm
[logs]
boot-log = $work/boot-log
ima-log = $work/ima-list
END

cat <<END
A software TPM (swtpm) is given what a real Debian 12 machine measured at boot (tests/demo/machine:
UEFI, Secure Boot, shim, GRUB, IMA). The kernel is simulated: tally-measure extends the TPM in its
place. Everything else is what runs on a server. Before each verdict the agent collects anew, with a
fresh random challenge.
END

say "1. The machine as it should be: quote, logs, a policy made from them"
run 0 d 'tally-measure swtpm:path=tpm boot boot-log && tally-measure swtpm:path=tpm list ima-list'
fresh_challenge
run 0 p "$collect"
AK=$(sed -n 's/.*--ak-name \([0-9a-f]*\).*/\1/p' answer)
[ -n "$AK" ] || fail "the agent does not say its key's name"
run 0 '/^Wrote/p' 'tally policy create --from evidence -o policy'
run 0 '/^TRUSTED/p; /-signature /p; / nonce /p; /-replay /p; / files /p' "$appraise"
expect '^TRUSTED'

say "2. An unknown program is run"
printf '#!/bin/sh\necho backup\n' >backup-tool
cp ima-list ima-list.before
run 0 d 'tally-measure swtpm:path=tpm file ima-list backup-tool /usr/local/bin/backup-tool'
fresh_challenge
quietly "$collect"
run 3 "$refusal" "$appraise$hook 'alert.py unknown.json'"
expect '^REFUSED'
expect '/usr/local/bin/backup-tool'
expect '^(hook) ALERT unknown-file'
accept=$(sed -n 's/^ *\(tally policy accept .*\)/\1/p' answer)
[ -n "$accept" ] || fail "no command to accept the program"

say "3. Root hides it: the record is cut out of the list"
cp ima-list ima-list.true
run 0 p 'cp ima-list.before ima-list'
fresh_challenge
quietly "$collect"
run 3 "$refusal" "$appraise$hook 'alert.py doctored.json'"
expect '^REFUSED'
expect '^(hook) ALERT ima-replay'
cp ima-list.true ima-list

say "4. The program turns out to be known: it is accepted with the command of step 2"
accept=${accept/VERDICT.json/unknown.json}
run 0 p "${accept/why/the new backup tool}"
fresh_challenge
quietly "$collect"
run 0 '/^TRUSTED/p; / files /p' "$appraise"
expect '^TRUSTED'

printf '\nAll four verdicts are as expected (%d s).\n' $((SECONDS - start))
if [ -e /dev/tpmrm0 ] && [ -e /sys/kernel/security/ima/binary_runtime_measurements ]; then
    cat <<END
This machine has a TPM and an IMA list of its own; the agent's defaults point at them. As root:
  tally-agent collect --challenge \$(od -An -v -N20 -tx1 /dev/urandom | tr -d ' \n') -o evidence
END
fi
