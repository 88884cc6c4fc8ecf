#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tally-agent ima-setup on a machine that is made up of files. usage: ima_setup.sh EXECUTABLES SOURCE
set -u
bin=$1
policies=$2/policies/ima
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
passed=0
root=$dir/root
file=$root/etc/ima/ima-policy
grub=$root/etc/default/grub.d/tally-ima.cfg

new_machine() {
    rm -rf "$root"
    mkdir -p "$root"/{etc,boot,proc/1,proc/sys/kernel,usr/bin,usr/lib/x}
    echo 6.1.0-56-amd64 >"$root/proc/sys/kernel/osrelease"
    echo systemd >"$root/proc/1/comm"
    printf 'CONFIG_X=y\nCONFIG_IMA_MEASURE_ASYMMETRIC_KEYS=y\n' >"$root/boot/config-6.1.0-56-amd64"
}

# title, wanted exit status, options...
setup() {
    title=$1
    want=$2
    shift 2
    "$bin/tally-agent" ima-setup --root "$root" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    check [ $status = "$want" ]
}

check() {
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $title: $*"
        sed 's/^/    /' "$dir/out" "$dir/err"
    fi
}

# words...: the answer or the error has them
says() {
    check grep -qF -- "$1" "$dir/out" "$dir/err"
}

same() {
    check cmp -s "$1" "$2"
}

echo "# preview and list"
new_machine
setup "list" 0 --list
says "server "
says "container-host "
says "minimal "
touch "$root"/usr/bin/{a,b} "$root/usr/lib/x/libc.so.6"
chmod +x "$root/usr/bin/a"
ln -s a "$root/usr/bin/link"
for name in server container-host minimal; do
    setup "preview of $name" 0 --preview --policy $name
    head -c "$(wc -c <$policies/$name.policy)" "$dir/out" >"$dir/shown"
    same "$dir/shown" $policies/$name.policy
    says "Program and library files here: 2."
    says "write the policy above to $file"
    check [ ! -e "$root/etc/ima" ]
done
echo 'measure func=BPRM_CHECK' >"$dir/foreign"
mkdir "$root/etc/ima"
cp "$dir/foreign" "$file"
setup "preview over another policy" 0 --preview
says "only with --force: keep $file (a policy of somebody else)"

echo "# apply and undo"
for name in server container-host minimal; do
    new_machine
    setup "apply $name" 0 --apply --policy $name
    same "$file" $policies/$name.policy
    check [ "$(stat -c %a "$file")" = 644 ]
    says "next boot"
    says "echo /etc/ima/ima-policy > /sys/kernel/security/ima/policy"
    inode=$(stat -c %i "$file")
    setup "apply $name again" 0 --apply --policy $name
    says "is there already"
    check [ "$(stat -c %i "$file")" = "$inode" ]
    setup "undo $name" 0 --undo
    check [ ! -e "$root/etc/ima" ]
    setup "undo again" 0 --undo
    says "nothing of tally-agent to undo"
done
new_machine
(umask 077 && setup "a narrow umask" 0 --apply)
check [ "$(stat -c %a "$file")" = 644 ]
setup "another of our policies in its place" 0 --apply --policy minimal
same "$file" $policies/minimal.policy
setup "with what root reads" 0 --apply --read-files
cat $policies/server.policy $policies/read-files.policy | same "$file" -
setup "and back" 0 --apply
same "$file" $policies/server.policy
check [ "$(ls "$root/etc/ima")" = ima-policy ]
setup "undo" 0 --undo
check [ ! -e "$root/etc/ima" ]

echo "# what is there already"
new_machine
mkdir "$root/etc/ima"
cp "$dir/foreign" "$file"
chmod 0640 "$file"
touch -d 2020-02-02 "$file"
before=$(stat -c '%i %a %Y' "$file")
setup "another policy" 1 --apply
says "a policy of somebody else is there; --force"
same "$file" "$dir/foreign"
setup "undo of another policy" 0 --undo
same "$file" "$dir/foreign"
setup "replaced by force" 0 --apply --force
same "$file" $policies/server.policy
same "$file.before-tally" "$dir/foreign"
setup "again" 0 --apply
setup "restored" 0 --undo
same "$file" "$dir/foreign"
check [ "$(stat -c '%i %a %Y' "$file")" = "$before" ]
check [ ! -e "$file.before-tally" ]
setup "replaced again" 0 --apply --force
echo '# mine' >>"$file"
cp "$file" "$dir/edited"
setup "ours, edited" 1 --apply
says "a policy of tally-agent, edited or of another version"
setup "ours, edited, with a backup of an earlier one" 1 --apply --force
says "move one of the two away"
same "$file" "$dir/edited"
setup "undo of what was edited" 1 --undo
same "$file" "$dir/edited"
setup "undo by force" 0 --undo --force
same "$file" "$dir/foreign"
new_machine
mkdir "$root/etc/ima"
ln -s "$dir/foreign" "$file"
setup "a link" 1 --apply --force
says "a link or no ordinary file"
check [ -L "$file" ]
rm "$file"
mkdir "$file"
setup "a directory" 1 --apply --force

echo "# kernels"
new_machine
sed -i '/ASYM/d' "$root/boot/config-6.1.0-56-amd64"
setup "a kernel without keys" 1 --apply
says "CONFIG_IMA_MEASURE_ASYMMETRIC_KEYS"
check [ ! -e "$root/etc/ima" ]
setup "its preview" 0 --preview
says "nothing: Linux 6.1.0-56-amd64 is built without"
setup "takes minimal" 0 --apply --policy minimal
echo init >"$root/proc/1/comm"
setup "no systemd" 0 --apply --policy minimal
says "first process is not systemd"

echo "# command line"
new_machine
setup "no GRUB" 1 --apply --command-line
says "/etc/kernel/cmdline"
setup "no GRUB, preview" 0 --preview --command-line
says "nothing: there is no"
mkdir "$root/etc/default"
echo 'GRUB_CMDLINE_LINUX="quiet"' >"$root/etc/default/grub"
setup "preview" 0 --preview --command-line
says "ima_policy=tcb ima_policy=critical_data"
check [ ! -e "$grub" ]
setup "GRUB" 0 --apply --command-line
says "update-grub"
check [ "$(. "$root/etc/default/grub"; . "$grub"; echo "$GRUB_CMDLINE_LINUX")" = \
    "quiet ima_policy=tcb ima_policy=critical_data" ]
setup "GRUB again" 0 --apply --command-line
says "there already"
setup "and a policy" 0 --apply
setup "undo of both" 0 --undo
says "now run update-grub"
check [ ! -e "$grub" ]
check [ ! -e "$file" ]
setup "GRUB" 0 --apply --command-line
echo '# mine' >>"$grub"
setup "undo of what was edited" 1 --undo
check [ -e "$grub" ]

echo "# wrong command lines"
setup "nothing to do" 2
setup "two things to do" 2 --apply --undo
setup "no such policy" 2 --apply --policy nonesuch
setup "the added rules alone" 2 --apply --policy read-files
setup "a word too many" 2 --list more
setup "unknown option" 2 --list --nonsense
setup "help" 0 --help

echo "$passed passed, $failed failed"
[ $failed = 0 ]
