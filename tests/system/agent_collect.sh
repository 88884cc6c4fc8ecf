#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tally-agent collect against a software TPM. usage: agent_collect.sh DIRECTORY-OF-EXECUTABLES
set -u
bin=$1
here=$(dirname "$0")
for tool in swtpm tpm2_getcap tpm2_createak tpm2_evictcontrol; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done

dir=$(mktemp -d)
swtpm_pid=
failed=0
passed=0

stop_tpm() {
    [ -z "$swtpm_pid" ] || { kill "$swtpm_pid"; wait "$swtpm_pid" 2>/dev/null; }
    swtpm_pid=
}
trap 'stop_tpm; rm -rf "$dir"' EXIT

# Power on, with the state that is there.
start_tpm() {
    mkdir -p "$dir/state"
    swtpm socket --tpm2 --tpmstate dir="$dir/state" --server type=unixio,path="$dir/tpm" \
        --ctrl type=unixio,path="$dir/tpm.ctrl" --flags not-need-init,startup-clear \
        >/dev/null 2>&1 &
    swtpm_pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -S "$dir/tpm" ] && return
        sleep 0.1
    done
    echo "swtpm does not start"
    exit 1
}

new_tpm() {
    stop_tpm
    rm -rf "$dir/state" "$dir/tpm" "$dir/tpm.ctrl"
    start_tpm
}

ok() {
    passed=$((passed + 1))
}

bad() {
    failed=$((failed + 1))
    echo "FAILED: $*"
    sed 's/^/    /' "$dir/out" "$dir/err"
}

# title, wanted exit status, command...
expect() {
    title=$1
    want=$2
    shift 2
    "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    if [ $status = "$want" ]; then ok; else bad "$title: exit status $status, want $want"; fi
}

# The last command's standard error holds these words.
says() {
    if grep -qF -- "$1" "$dir/err"; then ok; else bad "standard error does not say \"$1\""; fi
}

# The last command's standard output holds these words.
prints() {
    if grep -qF -- "$1" "$dir/out"; then ok; else bad "standard output does not say \"$1\""; fi
}

agent() {
    "$bin/tally-agent" "$@"
}

collect() {
    agent collect --challenge $challenge -o "$dir/evidence" --config "$dir/agent.conf" "$@"
}

genuine() {
    "$bin/check_evidence" "$dir/evidence" $challenge "$dir/boot" "$dir/ima" -
}

nothing_loaded() {
    [ -z "$(tpm2_getcap handles-transient)" ] && [ -z "$(tpm2_getcap handles-loaded-session)" ]
}

free_handle() {
    tpm2_evictcontrol -c 0x81010020 >/dev/null
}

export TPM2TOOLS_TCTI="swtpm:path=$dir/tpm" TSS2_LOG=all+none
challenge=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
# What is in the logs does not matter here; the list fills two chunks and a bit.
head -c 3000 /dev/urandom >"$dir/boot"
head -c 600000 /dev/urandom >"$dir/ima"
config() {
    cat >"$dir/agent.conf" <<END
[tpm]
tcti = ${1-swtpm:path=$dir/tpm}
[logs]
boot-log = $dir/boot
ima-log = $dir/ima
userspace-log = $dir/userspace
END
}
config

new_tpm
expect "a new TPM gets its key" 0 collect
expect "its evidence is genuine" 0 genuine
prints "ecdsa:sha256 ek"
first=$(cat "$dir/out")
expect "nothing stays loaded" 0 nothing_loaded
expect "the evidence is for its owner only" 0 test "$(stat -c %a "$dir/evidence")" = 600
expect "the key is found again" 0 collect
expect "its evidence is genuine" 0 genuine
prints "$first"
expect "nothing stays loaded" 0 nothing_loaded
expect "other banks and PCRs" 0 collect --banks sha1,sha384 --pcrs 0-2,10,14
expect "its evidence is genuine" 0 genuine
stop_tpm
start_tpm
expect "the key outlives a power cycle" 0 collect
expect "its evidence is genuine" 0 genuine
prints "$first"

echo "# logs"
mv "$dir/boot" "$dir/boot.away"
expect "without a boot log" 0 collect
says "no boot log: $dir/boot does not exist"
expect "the evidence says so" 0 "$bin/check_evidence" "$dir/evidence" $challenge - "$dir/ima" -
mv "$dir/ima" "$dir/ima.away"
expect "without a list" 0 collect
says "no IMA list: $dir/ima does not exist"
expect "the evidence says so" 0 "$bin/check_evidence" "$dir/evidence" $challenge - - -
head -c 262144 "$dir/ima.away" >"$dir/ima"
: >"$dir/boot"
cp "$dir/boot.away" "$dir/userspace"
expect "an empty log, a list of exactly one chunk, a user-space log" 0 collect
expect "R79 the evidence holds them" 0 "$bin/check_evidence" "$dir/evidence" $challenge \
    "$dir/boot" "$dir/ima" "$dir/userspace"
rm "$dir/boot" "$dir/userspace"
mkdir "$dir/boot"
rm "$dir/evidence"
expect "a log that cannot be read" 1 collect
says "$dir/boot: Is a directory"
expect "leaves no evidence behind" 2 ls "$dir"/evidence*
rmdir "$dir/boot"
mv "$dir/boot.away" "$dir/boot"
mv "$dir/ima.away" "$dir/ima"

truncate -s 8G "$dir/ima"
"$bin/tally-agent" collect --challenge $challenge -o "$dir/evidence" --config "$dir/agent.conf" &
pid=$!
for _ in $(seq 100); do
    ls "$dir"/evidence.* >/dev/null 2>&1 && break
    sleep 0.1
done
kill $pid
expect "SIGTERM ends it" 143 wait $pid
expect "and no part of the evidence is left" 2 ls "$dir"/evidence.*
truncate -s 600000 "$dir/ima"

echo "# command line"
expect "no challenge" 2 agent collect -o "$dir/evidence"
expect "no output" 2 agent collect --challenge $challenge
expect "challenge of 15 bytes" 2 agent collect --challenge 00112233445566778899aabbccddee -o x
expect "challenge of 65 bytes" 2 agent collect --challenge ${challenge}${challenge}00 -o x
expect "challenge that is no hex" 2 agent collect --challenge zz112233445566778899aabbccddeeff -o x
expect "unknown option" 2 collect --nonsense
expect "unknown bank" 2 collect --banks sha1,md5
expect "a bank twice" 2 collect --banks sha1,sha1
expect "PCR 24" 2 collect --pcrs 0-24
expect "no PCR" 2 collect --pcrs ""
expect "a range the wrong way round" 2 collect --pcrs 9-0
expect "a word too many" 2 collect more
expect "unknown command" 2 agent gather
expect "no command" 2 agent
expect "help" 0 agent --help
expect "help of the command" 0 agent collect --help
expect "version" 0 agent --version
expect "missing settings" 1 agent collect --challenge $challenge -o x --config "$dir/none.conf"
expect "a device as output" 1 agent collect --challenge $challenge -o /dev/null \
    --config "$dir/agent.conf"

echo "# TPMs that are not there, or not well"
config ""
expect "R82 an empty tcti" 1 collect
says "agent.conf:2: tcti: it is empty"
config ":host=localhost"
expect "R82 a tcti without a name" 1 collect
says "tcti: no TPM is named"
config "device:$dir/none"
expect "missing device" 1 collect
says "no such TPM"
config "swtpm:path=$dir/none"
expect "missing software TPM" 1 collect
says "the connection to the TPM failed"
config "nonesuch:x"
expect "unknown tcti" 1 collect
says "tpm2-tss knows no interface of this name"
touch "$dir/forbidden"
chmod 0 "$dir/forbidden"
config "device:$dir/forbidden"
if setpriv --reuid=65534 --clear-groups test -x "$bin/tally-agent" 2>/dev/null; then
    chmod 0755 "$dir"
    expect "no permission" 1 setpriv --reuid=65534 --clear-groups "$bin/tally-agent" collect \
        --challenge $challenge -o "$dir/evidence" --config "$dir/agent.conf"
    says "no permission"
fi
while read -r rc words; do
    config "cmd:$bin/fake_tpm $rc"
    expect "response code $rc" 1 collect
    says "$words"
done <<END
0x101 the TPM is in failure mode
0x100 the TPM has not been started
0x921 the TPM is locked because of failed authorizations
0x90a the TPM is testing itself
0x922 the TPM is busy
0x12d firmware upgrade
END
config

echo "# passwords and foreign keys"
new_tpm
tpm2_changeauth -c e secret
expect "endorsement hierarchy with a password" 1 collect
says "the endorsement hierarchy has a password"
expect "nothing stays loaded" 0 nothing_loaded
tpm2_changeauth -c e -p secret
tpm2_changeauth -c o secret
expect "owner hierarchy with a password" 1 collect
says "the owner hierarchy has a password"
expect "nothing stays loaded" 0 nothing_loaded
tpm2_changeauth -c o -p secret
expect "without passwords" 0 collect
tpm2_changeauth -c e secret
tpm2_changeauth -c o secret
expect "a key that is there needs neither" 0 collect
expect "but its EK is not known" 0 genuine
prints "no-ek"
new_tpm
tpm2_createprimary -Q -C o -c "$dir/storage" && tpm2_evictcontrol -Q -c "$dir/storage" 0x81010020
tpm2_flushcontext -t
expect "a storage key at our handle" 1 collect
says "the object at handle 0x81010020 is no key we can attest with (the key is not for signing"
expect "is not replaced" 0 sh -c "tpm2_readpublic -c 0x81010020 | grep -q decrypt"
free_handle
tpm2_create -Q -C "$dir/storage" -G ecc:ecdsa-sha256 -u "$dir/free.pub" -r "$dir/free.priv" \
    -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"
tpm2_flushcontext -t
tpm2_load -Q -C "$dir/storage" -u "$dir/free.pub" -r "$dir/free.priv" -c "$dir/free"
tpm2_flushcontext -t
tpm2_evictcontrol -Q -c "$dir/free" 0x81010020
tpm2_flushcontext -t
expect "R16 a key that signs anything at our handle" 1 collect
says "the key is not restricted"
free_handle

echo "# tpm2-tools' keys and quotes"
while read -r kind hash scheme; do
    tpm2_createek -Q -G "${kind%384}" -c "$dir/ek" 2>/dev/null
    tpm2_flushcontext -t
    tpm2_createak -Q -C "$dir/ek" -G "$kind" -g "$hash" -s "$scheme" -c "$dir/ak" -u "$dir/ak.pub" >/dev/null
    tpm2_flushcontext -t
    tpm2_readpublic -Q -c "$dir/ak" -o "$dir/ak.pub"
    tpm2_readpublic -Q -c "$dir/ak" -f pem -o "$dir/ak.pem"
    tpm2_flushcontext -t
    tpm2_quote -Q -c "$dir/ak" -g "$hash" --scheme "$scheme" -l sha256:0,10+sha1:1 \
        -q $challenge -m "$dir/quote" -s "$dir/sig"
    tpm2_flushcontext -t
    expect "$kind $scheme quote, AK as TPM2B_PUBLIC" 0 "$bin/check_quote" "$dir/ak.pub" \
        "$dir/quote" "$dir/sig" $challenge
    expect "$kind $scheme quote, AK as PEM" 0 "$bin/check_quote" "$dir/ak.pem" "$dir/quote" \
        "$dir/sig" $challenge "$scheme:$hash"
    expect "$kind $scheme quote, another nonce" 1 "$bin/check_quote" "$dir/ak.pub" "$dir/quote" \
        "$dir/sig" 00$challenge
    tpm2_evictcontrol -Q -c "$dir/ak" 0x81010020
    tpm2_flushcontext -t
    expect "$kind $scheme key at our handle" 0 collect
    expect "its evidence is genuine" 0 genuine
    prints "$scheme:$hash ek"
    expect "nothing stays loaded" 0 nothing_loaded
    free_handle
done <<END
ecc sha256 ecdsa
ecc384 sha384 ecdsa
rsa sha256 rsassa
rsa sha256 rsapss
END
config "cmd:python3 $here/rsa_only_tpm.py $dir/tpm"
expect "an RSA key on a TPM without ECC" 0 collect
expect "its evidence is genuine" 0 genuine
prints "rsassa:sha256 ek"
config
expect "nothing stays loaded" 0 nothing_loaded
free_handle
echo "ak-type = rsa" | sed -i "/^tcti/r /dev/stdin" "$dir/agent.conf"
expect "an RSA key where that is wanted" 0 collect
expect "its evidence is genuine" 0 genuine
prints "rsassa:sha256 ek"
expect "found again" 0 collect
expect "its evidence is genuine" 0 genuine
expect "nothing stays loaded" 0 nothing_loaded
config

echo "# a maker's EK template and nonce in NV memory"
new_tpm
tpm2_createek -Q -G ecc -c "$dir/ek" -u "$dir/ek.pub"
tpm2_flushcontext -t
tpm2_readpublic -Q -c "$dir/ek" -o "$dir/ek.pub"
tpm2_flushcontext -t
# TPMT_PUBLIC with another unique field.
{ tail -c +3 "$dir/ek.pub" | head -c 54; printf '\000\040'; head -c 32 /dev/zero | tr '\000' A
    printf '\000\040'; head -c 32 /dev/zero; } >"$dir/template"
tpm2_nvdefine -Q 0x1c0000c -C o -s 122 -a "ownerwrite|ownerread|authread"
tpm2_nvwrite -Q 0x1c0000c -C o -i "$dir/template"
expect "a key under the maker's EK" 0 collect
expect "its evidence is genuine" 0 genuine
prints " ek"
tpm2_nvundefine -Q 0x1c0000c -C o
expect "without the template the EK is another" 0 collect
expect "its evidence is genuine" 0 genuine
prints " no-ek"
free_handle
printf '0123456789abcdef' >"$dir/nonce"
tpm2_nvdefine -Q 0x1c0000b -C o -s 16 -a "ownerwrite|ownerread|authread"
tpm2_nvwrite -Q 0x1c0000b -C o -i "$dir/nonce"
expect "a key under an EK with the maker's nonce" 0 collect
expect "its evidence is genuine" 0 genuine
prints " ek"
expect "nothing stays loaded" 0 nothing_loaded

echo "# banks"
expect "a bank that is not there" 1 collect --banks sm3_256
says "the TPM has not all of these PCRs in bank sm3_256; it has sha1:0-23+"
tpm2_pcrallocate -Q sha1:all+sha256:none+sha384:all+sha512:none
stop_tpm
start_tpm
expect "without SHA-256 the strongest" 0 collect
prints "quote over sha384:0-15,"
expect "its evidence is genuine" 0 genuine
expect "R70 a bank that is not allocated" 1 collect --banks sha256
says "bank sha256"

echo "# locked TPM"
new_tpm
expect "our key" 0 collect
tpm2_dictionarylockout --setup-parameters --max-tries=1 --recovery-time=1000 --lockout-recovery-time=1000
tpm2_createek -Q -G ecc -c "$dir/ek"
tpm2_flushcontext -t
tpm2_createak -Q -C "$dir/ek" -G ecc -c "$dir/ak" -p right
tpm2_flushcontext -t
tpm2_quote -Q -c "$dir/ak" -p wrong -l sha256:0 2>/dev/null
tpm2_flushcontext -t
expect "our key works in a locked TPM" 0 collect
expect "its evidence is genuine" 0 genuine
free_handle
tpm2_evictcontrol -Q -c "$dir/ak" 0x81010020
tpm2_flushcontext -t
expect "another key does not" 1 collect
says "the TPM is locked because of failed authorizations"
expect "nothing stays loaded" 0 nothing_loaded

echo "# R81: what killed agents leave behind"
new_tpm
expect "three keys" 0 "$bin/leftovers" "$TPM2TOOLS_TCTI" keys 3
expect "a new key all the same" 0 collect
expect "three keys" 0 "$bin/leftovers" "$TPM2TOOLS_TCTI" keys 3
expect "the key is found all the same" 0 collect
expect "nothing stays loaded" 0 nothing_loaded
free_handle
expect "three sessions" 0 "$bin/leftovers" "$TPM2TOOLS_TCTI" sessions 3
expect "a new key all the same" 0 collect
expect "nothing stays loaded" 0 nothing_loaded
free_handle
expect "two keys, two sessions" 0 "$bin/leftovers" "$TPM2TOOLS_TCTI" keys 2
expect "two keys, two sessions" 0 "$bin/leftovers" "$TPM2TOOLS_TCTI" sessions 2
expect "a new key all the same" 0 collect
expect "its evidence is genuine" 0 genuine
free_handle
tpm2_flushcontext -t
tpm2_flushcontext -l
for _ in 1 2 3; do tpm2_createprimary -Q -C o -c "$dir/storage"; done
expect "other programs' objects fill the TPM" 1 collect
says "other programs' objects fill the TPM"
expect "and stay" 0 test "$(tpm2_getcap handles-transient | wc -l)" = 3
tpm2_flushcontext -t
for delay in 0.03 0.06 0.09 0.12 0.16; do
    "$bin/tally-agent" collect --challenge $challenge -o "$dir/evidence" \
        --config "$dir/agent.conf" >/dev/null 2>&1 &
    pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    expect "after kill -9 at $delay s" 0 collect
    expect "its evidence is genuine" 0 genuine
    free_handle
done
tpm2_flushcontext -t
tpm2_flushcontext -l
for delay in 0.05 0.08 0.12; do
    "$bin/tally-agent" collect --challenge $challenge -o "$dir/evidence" \
        --config "$dir/agent.conf" >/dev/null 2>&1 &
    pid=$!
    sleep $delay
    kill $pid 2>/dev/null
    wait $pid 2>/dev/null
    expect "after SIGTERM at $delay s nothing stays loaded" 0 nothing_loaded
    tpm2_evictcontrol -Q -c 0x81010020 2>/dev/null
done

echo "$passed passed, $failed failed"
[ $failed = 0 ]
