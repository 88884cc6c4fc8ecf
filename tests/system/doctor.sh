#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tally-agent doctor on machines that are made up of files. usage: doctor.sh EXECUTABLES SOURCE
set -u
bin=$1
source=$2
machine=$source/tests/demo/machine
violations=$source/tests/fixtures/ima/ima-violations
for tool in swtpm tpm2_createprimary python3; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done

dir=$(mktemp -d)
swtpm_pid=
busy_pid=
failed=0
passed=0
answers=0

stop_tpm() {
    [ -z "$swtpm_pid" ] || { kill "$swtpm_pid"; wait "$swtpm_pid" 2>/dev/null; }
    swtpm_pid=
}
trap 'stop_tpm; [ -z "$busy_pid" ] || kill "$busy_pid"; rm -rf "$dir"' EXIT

ok() {
    passed=$((passed + 1))
}

bad() {
    failed=$((failed + 1))
    echo "FAILED: $*"
    sed 's/^/    /' "$dir/out" "$dir/err"
}

# A machine with everything: UEFI, Secure Boot, IMA with a policy of the command line, and a TPM
# that only the kernel shows (pcr-*/), as it is for a user without rights.
new_machine() {
    root=$dir/root
    rm -rf "$root"
    ima=$root/sys/kernel/security/ima
    mkdir -p "$root"/{dev,boot,etc/ima,proc/1,proc/sys/kernel} "$ima" \
        "$root"/sys/{class/tpm/tpm0,firmware/efi/efivars,kernel/security/tpm0}
    cp $machine/binary_bios_measurements "$root/sys/kernel/security/tpm0/"
    cp $machine/binary_runtime_measurements "$ima/"
    touch "$ima/policy"
    echo lockdown,capability,bpf >"$root/sys/kernel/security/lsm"
    echo 'none [integrity] confidentiality' >"$root/sys/kernel/security/lockdown"
    printf '\006\000\000\000\001' >"$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    echo 6.1.0-56-amd64 >"$root/proc/sys/kernel/osrelease"
    echo 'BOOT_IMAGE=/vmlinuz quiet ima_policy=tcb ima_template=ima-sig' >"$root/proc/cmdline"
    echo 7260.00 7000.00 >"$root/proc/uptime"
    echo systemd >"$root/proc/1/comm"
    printf 'CONFIG_X=y\nCONFIG_IMA=y\n# CONFIG_IMA_WRITE_POLICY is not set\n' >"$root/boot/config-6.1.0-56-amd64"
    echo 2 >"$root/sys/class/tpm/tpm0/tpm_version_major"
    pcrs $machine/pcrs.txt
    config
}

pcrs() {
    while read -r bank pcr hex; do
        mkdir -p "$root/sys/class/tpm/tpm0/pcr-$bank"
        echo "$hex" >"$root/sys/class/tpm/tpm0/pcr-$bank/$pcr"
    done <"$1"
}

# lines of the settings...
config() {
    printf '%s\n' "$@" >"$dir/agent.conf"
}

only_boot_aggregate() {
    head -c 106 $machine/binary_runtime_measurements >"$ima/binary_runtime_measurements"
}

# title, wanted exit status; as text, and each fifth time as JSON, too
doctor() {
    title=$1
    answers=$((answers + 1))
    [ $((answers % 5)) != 1 ] || "${as[@]}" "$bin/tally-agent" doctor --root "$root" \
        --config "$dir/agent.conf" --json >"$dir/answer.$answers" 2>"$dir/err"
    "${as[@]}" "$bin/tally-agent" doctor --root "$root" --config "$dir/agent.conf" \
        >"$dir/out" 2>"$dir/err"
    status=$?
    if [ $status = "$2" ]; then ok; else bad "$title: exit status $status, want $2"; fi
}

# outcome, check, words: the text has this line, or the line with what is broken joined to it
says() {
    if sed -e ':a;N;$!ba;s/\n \{28\}/ /g' "$dir/out" | grep -q -- "^$1 *$2  *.*$3"; then
        ok
    else
        bad "$title: no \"$1 $2 ... $3\""
    fi
}

next() {
    if grep -qF -- "$1" "$dir/out"; then ok; else bad "$title: does not say \"$1\""; fi
}

silent() {
    if grep -q -- "$1" "$dir/out"; then bad "$title: says \"$1\""; else ok; fi
}

as=(env)
user=()

echo "# the TPM"
new_machine
doctor "the kernel's PCRs, no device node" 3
says PROBLEM tpm "/dev/tpmrm0 does not exist"
says ok boot-log events
says ok boot-replay "explains PCRs 0-9 and 14 in banks sha1, sha256"
says ok ima-list "records: 53 (ima-sig 53)"
says ok ima-replay "the list explains PCR 10"
says ok ima-violations none
says ok ima-policy "ima_policy=tcb; files measured: 52"
says ok kernel "6.1.0-56-amd64, booted by UEFI, Secure Boot on, lockdown integrity"
next "1 problem, 0 warnings: this machine cannot be attested as it is"
rm -r "$root/sys/class/tpm/tpm0"
doctor "no TPM" 3
says PROBLEM tpm "the kernel has found no TPM"
next "switch it on in the firmware set-up"
says '?' boot-replay "no PCRs to compare"
says '?' ima-replay "no PCRs to compare"
rm "$root/sys/kernel/security/tpm0/binary_bios_measurements"
doctor "no TPM and no boot log" 3
says '?' boot-log "there is no TPM"
mkdir -p "$root/sys/class/tpm/tpm0"
echo 1 >"$root/sys/class/tpm/tpm0/tpm_version_major"
doctor "TPM 1.2" 3
says PROBLEM tpm "a TPM 1.2"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    touch "$root/dev/tpmrm0"
    chgrp 12345 "$root/dev/tpmrm0"
    chmod 0660 "$root/dev/tpmrm0"
    chmod 0755 "$dir"
    user=(setpriv --reuid=65534 --clear-groups)
    "${user[@]}" test -x "$bin/tally-agent" || user=()
    if [ ${#user[@]} != 0 ]; then
        as=("${user[@]}")
        doctor "a TPM for others" 3
        says PROBLEM tpm "may not open .*/dev/tpmrm0"
        new_machine
        chmod 0400 "$ima/binary_runtime_measurements" "$root/sys/kernel/security/tpm0/"*
        doctor "logs for root only" 3
        says PROBLEM boot-log "cannot read .*: Permission denied"
        says PROBLEM ima-list "cannot read .*: Permission denied"
        says ok user "without the right to read every file"
        next "AmbientCapabilities=CAP_DAC_READ_SEARCH"
        config '[agent]' "user = $(getent passwd 65534 | cut -d: -f1)"
        doctor "logs that root opens for this user" 3
        says '?' boot-log "cannot read .*: Permission denied"
        says '?' ima-list "cannot read .*: Permission denied"
        next "Root, who starts the agent, opens it"
    fi
    as=(env)
fi

echo "# the boot log"
new_machine
rm "$root/sys/kernel/security/tpm0/binary_bios_measurements"
printf '\006\000\000\000\000' >"$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
doctor "GRUB past the EFI stub" 3
says WARNING boot-log "GRUB has extended PCR 8: with Secure Boot off, GRUB starts the kernel past its EFI stub"
next 'write "boot: absent" into the verifier'
rm -r "$root/sys/firmware"
doctor "legacy boot" 3
says WARNING boot-log "did not boot by UEFI"
new_machine
: >"$root/sys/kernel/security/tpm0/binary_bios_measurements"
doctor "an empty boot log" 3
says PROBLEM boot-log "is empty"
head -c 1000 $machine/binary_bios_measurements >"$root/sys/kernel/security/tpm0/binary_bios_measurements"
doctor "half a boot log" 3
says PROBLEM boot-log "event"
new_machine
sed 's/^\(sha256 8\) ../\1 00/; s/^\(sha1 [89]\) ../\1 00/' $machine/pcrs.txt >"$dir/pcrs"
pcrs "$dir/pcrs"
doctor "PCRs that the log does not explain" 3
says PROBLEM boot-replay "not what the log says: sha1:8,9+sha256:8"
new_machine
sed 's/^\(sha256 [0-7]\) .*/\1 0000000000000000000000000000000000000000000000000000000000000000/' $machine/pcrs.txt >"$dir/pcrs"
pcrs "$dir/pcrs"
doctor "a bank that the firmware leaves alone" 3
says PROBLEM boot-pcrs "never extended sha256:0-7"

echo "# IMA"
new_machine
rm -r "$ima" "$root/sys/kernel/security/lsm"
doctor "no securityfs" 3
says WARNING ima-list "securityfs is not mounted"
next "mount -t securityfs securityfs /sys/kernel/security"
echo lockdown >"$root/sys/kernel/security/lsm"
sed -i /CONFIG_IMA=/d "$root/boot/config-6.1.0-56-amd64"
doctor "no IMA" 3
says WARNING ima-list "built without IMA"
rm "$root/sys/kernel/security/tpm0/binary_bios_measurements"
doctor "neither log" 3
says PROBLEM ima-list "built without IMA"

new_machine
only_boot_aggregate
echo quiet >"$root/proc/cmdline"
doctor "no policy" 3
says WARNING ima-policy "no policy: /etc/ima/ima-policy does not exist"
next "tally-agent ima-setup --apply"
echo "measure func=BPRM_CHECK" >"$root/etc/ima/ima-policy"
touch -d '1 hour ago' "$root/etc/ima/ima-policy"
echo 60 >"$root/proc/uptime"
doctor "a policy that was not loaded" 3
says WARNING ima-policy "is there and was not loaded"
next "systemctl --version | grep"
echo bash >"$root/proc/1/comm"
doctor "nobody to load it" 3
next 'first process is "bash"'
echo systemd >"$root/proc/1/comm"
echo 7260 >"$root/proc/uptime"
doctor "a policy of this boot" 3
next "it was written after this boot"
printf 'measure func=BPRM_CHECK\n# comment\nmeasure func=NONSENSE\n' >"$root/etc/ima/ima-policy"
doctor "a policy with a mistake" 3
says WARNING ima-policy 'was not loaded: the kernel refuses line 3: no hook is called "NONSENSE"'
echo 'measure func=CRITICAL_DATA' >"$root/etc/ima/ima-policy"
echo 'quiet ima_policy=secure_boot' >"$root/proc/cmdline"
doctor "a policy that must be signed" 3
next "evmctl ima_sign"
rm "$ima/policy"
doctor "a policy that was loaded" 3
says ok ima-policy "one was loaded after the kernel started; files measured: 0"
new_machine
only_boot_aggregate
echo 'quiet ima_policy=critical_data ima_policy=tbc' >"$root/proc/cmdline"
doctor "a policy that the kernel does not know" 3
says WARNING ima-policy "knows no policy of its command line's ima_policy=critical_data|tbc"

new_machine
cp $violations "$ima/binary_runtime_measurements"
pcrs $violations.pcrs
doctor "violations" 3
says WARNING ima-violations "5, as of /"
says PROBLEM ima-boot-aggregate "of another boot"
says ok ima-replay "the list explains PCR 10"
new_machine
sed 's/^sha256 10 ../sha256 10 00/' $machine/pcrs.txt >"$dir/pcrs"
pcrs "$dir/pcrs"
doctor "a list that does not explain its PCR" 3
says PROBLEM ima-replay "does not explain PCR 10"
new_machine
head -c 5000 $machine/binary_runtime_measurements >"$ima/binary_runtime_measurements"
doctor "half a list" 3
says PROBLEM ima-list "entry"
: >"$ima/binary_runtime_measurements"
doctor "an empty list" 3
says PROBLEM ima-list "is empty"

echo "# settings"
new_machine
config '[agent]' 'listen = coap://127.0.0.1:5683' 'lisen = coap://127.0.0.1'
doctor "a wrong key" 3
says PROBLEM settings "agent.conf:3: unknown key"
config
chmod 0666 "$dir/agent.conf"
doctor "settings for everybody" 3
says PROBLEM settings "everybody may write"
chmod 0644 "$dir/agent.conf"

config '[agent]' 'listen = http://127.0.0.1'
doctor "no CoAP" 3
says PROBLEM settings "agent.conf:2: listen: .* is neither coap nor coap+tcp"
config '[agent]' 'listen = coap://a..b'
doctor "a name that nobody knows" 3
says PROBLEM listen "a..b: "
config '[agent]' 'user = no-such-user'
doctor "a user that nobody knows" 3
says PROBLEM run-as "there is no such user"
config '[agent]' 'user = root'
doctor "root as the user" 3
says PROBLEM run-as "that is root"
config '[agent]' 'user = nobody'
doctor "a user" 3
says ok run-as "nobody"
config '[agent]' 'listen = coap://192.0.2.1:0'
doctor "an address of another machine" 3
says PROBLEM listen "not an address of this machine"
config '[agent]' 'listen = coap://0.0.0.0:0 coap+tcp://[::1]:0'
doctor "every address" 3
says PROBLEM listen "reaches beyond this machine, and insecure is no"
config '[agent]' 'listen = coap://0.0.0.0:0' 'insecure = yes'
doctor "every address, on purpose" 3
says WARNING listen "plain CoAP beyond this machine"
if [ ${#user[@]} != 0 ] && [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = 1024 ]; then
    config '[agent]' 'listen = coap+tcp://127.0.0.1:1023'
    as=("${user[@]}")
    doctor "a port for root" 3
    says PROBLEM listen "may not use a port below 1024"
    as=(env)
fi
for kind in "coap STREAM" "coap+tcp DGRAM" "coap DGRAM" "coap+tcp STREAM"; do
    rm -f "$dir/port"
    python3 -c "import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_${kind#* })
s.bind(('127.0.0.1', 0))
s.listen() if s.type == socket.SOCK_STREAM else None
open('$dir/new', 'w').write(str(s.getsockname()[1]))
os.rename('$dir/new', '$dir/port')
time.sleep(60)" &
    busy_pid=$!
    for _ in $(seq 100); do
        [ -s "$dir/port" ] && break
        sleep 0.1
    done
    config '[agent]' "listen = ${kind% *}://127.0.0.1:$(cat "$dir/port")"
    rm -rf "$root/proc/77"
    doctor "$kind in use" 3
    case $kind in
    "coap DGRAM" | "coap+tcp STREAM")
        says PROBLEM listen "another program uses the port"
        mkdir "$root/proc/77"
        echo tally-agent >"$root/proc/77/comm"
        doctor "$kind in use by the agent" 3
        says ok listen "in use, as tally-agent runs"
        ;;
    *) says ok listen "for verifiers on this machine" ;;
    esac
    kill $busy_pid
    wait $busy_pid 2>/dev/null
    busy_pid=
done

echo "# a TPM that answers"
new_machine
swtpm socket --tpm2 --tpmstate dir="$dir" --server type=unixio,path="$dir/tpm" \
    --ctrl type=unixio,path="$dir/tpm.ctrl" --flags not-need-init,startup-clear >/dev/null 2>&1 &
swtpm_pid=$!
for _ in $(seq 50); do
    [ -S "$dir/tpm" ] && break
    sleep 0.1
done
tcti=swtpm:path=$dir/tpm
export TPM2TOOLS_TCTI=$tcti TSS2_LOG=all+none
config '[tpm]' "tcti = $tcti"
doctor "a TPM that nothing was measured into" 3
says WARNING tpm "answers: maker IBM"
says PROBLEM boot-pcrs "never extended sha256:0-7"
says PROBLEM boot-replay "not what the log says"
says PROBLEM ima-replay "does not explain PCR 10"
says ok attestation-key "nothing is at 0x81010020 yet"
"$bin/tally-measure" "$tcti" boot $machine/binary_bios_measurements >/dev/null
"$bin/tally-measure" "$tcti" list $machine/binary_runtime_measurements >/dev/null
doctor "a good machine" 3
says WARNING tpm "answers: maker IBM"
says ok banks "sha1, sha256"
says ok boot-replay "explains PCRs 0-9 and 14"
says ok ima-replay "the list explains PCR 10"
next "0 problems, 1 warning: this machine can be attested; mind the warnings"
silent PROBLEM
"$bin/tally-agent" collect --challenge 00112233445566778899aabbccddeeff -o "$dir/evidence" \
    --config "$dir/agent.conf" >"$dir/out" 2>/dev/null
name=$(sed -n 's/^attestation key.*: //p' "$dir/out")
doctor "its key" 3
says ok attestation-key "0x81010020: $name"
tpm2_evictcontrol -Q -c 0x81010020
tpm2_createprimary -Q -C o -c "$dir/storage"
tpm2_evictcontrol -Q -c "$dir/storage" 0x81010020
tpm2_flushcontext -t
doctor "another key at our handle" 3
says PROBLEM attestation-key "no key we can attest with"
tpm2_evictcontrol -Q -c 0x81010020
tpm2_changeauth -c o secret
doctor "a password" 3
says PROBLEM attestation-key "the owner hierarchy has a password"
next "tpm2_changeauth -c owner -p PASSWORD"
stop_tpm
doctor "a TPM that went away" 3
says PROBLEM tpm "connection to the TPM failed"

echo "# command line"
"$bin/tally-agent" doctor more >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && ok || bad "a word too many"
"$bin/tally-agent" doctor --nonsense >"$dir/out" 2>"$dir/err"
[ $? = 2 ] && ok || bad "an unknown option"
"$bin/tally-agent" doctor --help >"$dir/out" 2>"$dir/err" && ok || bad "help"

echo "# answers in JSON"
if python3 "$source/tests/system/check_schema.py" "$source/docs/schemas/doctor.json" \
    "$dir"/answer.* >"$dir/out" 2>"$dir/err"; then ok; else bad "schema"; fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
