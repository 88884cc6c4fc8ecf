#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Shows Tally attest a machine over the network, catch an unknown program, a doctored list and a
# stopped agent.
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

tpm= agent= watch=
work=$(mktemp -d)
clean_up() {
    for process in $watch $agent $tpm; do
        kill "$process" 2>/dev/null || true
    done
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
    sed -n "$2" answer | fold -s -w 100 | sed 's, *$,,'
    [ "$status" = "$1" ] || { cat answer >&2; fail "exit status $status, expected $1"; }
}
expect() { grep -q -e "$1" answer || { cat answer >&2; fail "the answer lacks \"$1\""; }; }

# Waits until FILE has LINE or PROCESS is gone.
wait_for() { # FILE LINE PROCESS
    for _ in $(seq 200); do
        ! grep -q -e "$2" "$1" || return 0
        kill -0 "$3" 2>/dev/null || break
        sleep 0.05
    done
    cat "$1" >&2
    fail "$1 does not say \"$2\""
}
start_tpm() {
    mkdir tpm-state
    swtpm socket --tpm2 --tpmstate "dir=$work/tpm-state" --server "type=unixio,path=$work/tpm" \
        --ctrl "type=unixio,path=$work/tpm.ctrl" --flags not-need-init,startup-clear >swtpm.log 2>&1 &
    tpm=$!
    for _ in $(seq 200); do
        [ ! -S tpm ] || return 0
        sleep 0.05
    done
    cat swtpm.log >&2
    fail "swtpm does not start"
}

# The first time the kernel chooses the port, then it stays.
start_agent() {
    printf '[agent]\nlisten = %s\n[tpm]\ntcti = swtpm:path=%s\n[logs]\nboot-log = %s\nima-log = %s\n' \
        "${URI:-coap://127.0.0.1:0}" "$work/tpm" "$work/boot-log" "$work/ima-list" >agent.conf
    printf '$ tally-agent run --config agent.conf &\n'
    tally-agent run --config agent.conf >agent.log 2>&1 &
    agent=$!
    wait_for agent.log event=serving "$agent"
    URI=$(sed -n 's/.*event=serving .*listen="\([^ "]*\).*/\1/p' agent.log)
    [ -n "$URI" ] || fail "the agent does not say where it listens"
}
stop_agent() {
    kill "$agent"
    wait "$agent" || fail "the agent ended with exit status $?"
    agent=
}

attest='tally attest $URI --ak host.ak --policy policy/policy.yaml --state host.state'
hook=$' \\\n    --hook'
trusted='/^TRUSTED/p; /-signature /p; / nonce /p; /-replay /p; / files /p'
refused='/^$/q; /^(hook)/p; /^REFUSED/p; /REFUSE /p; /^          check/p; /^Next/p; /^  tally/p'

start=$SECONDS
cp "$top"/tests/demo/machine/* .
mv binary_bios_measurements boot-log
mv binary_runtime_measurements ima-list
chmod u+w boot-log ima-list
start_tpm

cat <<END
A software TPM (swtpm) is given what a real Debian 12 machine measured at boot (tests/demo/machine:
UEFI, Secure Boot, shim, GRUB, IMA). The kernel is simulated: tally-measure extends the TPM in its
place. Everything else is what runs on a server and its verifier, here over CoAP on loopback.
END

say "1. The machine as it should be: a policy from what it shows, its key pinned at first use"
run 0 d 'tally-measure swtpm:path=tpm boot boot-log && tally-measure swtpm:path=tpm list ima-list'
start_agent
printf '$ URI=%s\n' "$URI"
run 0 '/^Wrote/p' 'tally policy create --from $URI -o policy'
run 0 "$trusted" "${attest/--ak /--first-use }"
expect '^TRUSTED'

say "2. An unknown program is run"
printf '#!/bin/sh\necho backup\n' >backup-tool
cp ima-list ima-list.before
run 0 d 'tally-measure swtpm:path=tpm file ima-list backup-tool /usr/local/bin/backup-tool'
run 3 "$refused" "$attest$hook 'alert.py unknown.json'"
expect '^REFUSED'
expect '/usr/local/bin/backup-tool'
expect '^(hook) ALERT unknown-file'
accept=$(sed -n 's/^ *\(tally policy accept .*\)/\1/p' answer)
[ -n "$accept" ] || fail "no command to accept the program"

say "3. Root hides it: the record is cut out of the list. What was found stays found"
cp ima-list ima-list.true
run 0 p 'cp ima-list.before ima-list'
run 3 "$refused" "$attest$hook 'alert.py doctored.json'"
expect '^REFUSED'
expect '^(hook) ALERT unknown-file, ima-replay'

say "4. Root stops the agent. Silence is no trust"
printf '$ kill %%1\n'
stop_agent
run 1 '/^(hook)/p; /^UNKNOWN/,$p' "$attest$hook 'alert.py silent.json'"
expect '^UNKNOWN'
expect '^(hook) ALERT silence'

say "5. The program turns out to be known: it is accepted with the command of step 2"
cp ima-list.true ima-list
start_agent
accept=${accept/VERDICT.json/unknown.json}
run 0 p "${accept/why/the new backup tool}"
run 0 '/^TRUSTED/p; / files /p' "$attest"
expect '^TRUSTED'

say "6. Watched: each round fetches only what is new"
printf '$ %s --watch 1 &\n' "$attest"
tally attest "$URI" --ak host.ak --policy policy/policy.yaml --state host.state --watch 1 \
    >watch.log 2>&1 &
watch=$!
wait_for watch.log ' TRUSTED .* 0 new' "$watch"
printf '#!/bin/sh\necho miner\n' >miner
run 0 d 'tally-measure swtpm:path=tpm file ima-list miner /tmp/miner'
wait_for watch.log ' REFUSED .* 1 new' "$watch"
kill "$watch"
status=0
wait "$watch" || status=$?
watch=
sed 's/^[0-9-]*T//' watch.log
[ "$status" = 3 ] || fail "the watch ended with exit status $status, expected 3"

printf '\nAll seven verdicts are as expected (%d s).\n' $((SECONDS - start))
if [ -e /dev/tpmrm0 ] && [ -e /sys/kernel/security/ima/binary_runtime_measurements ]; then
    printf 'This machine has a TPM and an IMA list of its own: see docs/first-hour.md.\n'
fi
