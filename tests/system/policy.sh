#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# policy.sh TALLY FORGE_FILES
# tally policy create and accept, over forged evidence: what is created passes on the machine it came
# from, and what is accepted turns a refusal into trust.
set -u
tally=$(realpath "$1")
forge=$(realpath "$2")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
"$forge" "$tmp/f" || exit 1
cd "$tmp" || exit 1

failed=0
count=0

# expect STATUS ARGUMENT...: run tally
expect()
{
    want=$1
    shift
    count=$((count + 1))
    "$tally" "$@" > out 2> err
    got=$?
    if [ "$got" != "$want" ]; then
        echo "tally $*: exit status $got, want $want"
        sed 's/^/    /' out err | head -20
        failed=$((failed + 1))
    fi
}

# holds TEXT FILE
holds()
{
    count=$((count + 1))
    if ! grep -qF -- "$1" "$2"; then
        echo "$2 does not hold \"$1\":"
        sed 's/^/    /' "$2" | head -40
        failed=$((failed + 1))
    fi
}

# lacks TEXT FILE
lacks()
{
    count=$((count + 1))
    if grep -qF -- "$1" "$2"; then
        echo "$2 holds \"$1\""
        failed=$((failed + 1))
    fi
}

# judge STATUS POLICY [ARGUMENT...]: the machine's quote and logs
judge()
{
    want=$1
    policy=$2
    shift 2
    expect "$want" appraise --quote f/quote --signature f/signature --ak f/ak.pub \
        --nonce "$(cat f/nonce)" --boot-log f/boot --ima-log f/list --policy "$policy" "$@"
}

create()
{
    want=$1
    shift
    expect "$want" policy create "$@"
}

accept()
{
    want=$1
    shift
    expect "$want" policy accept "$@"
}

# What is created passes, and is without errors.
create 0 --boot-log f/boot --ima-log f/list -o logs
holds 'tally appraise --policy logs/policy.yaml' out
judge 0 logs/policy.yaml
create 0 --from f/evidence -o from
judge 0 from/policy.yaml
count=$((count + 1))
cmp -s logs/measured.sha256 from/measured.sha256 || { echo "the lists differ"; failed=$((failed + 1)); }
create 0 --ima-log f/list -o list
holds 'boot: unchecked' list/policy.yaml
judge 0 list/policy.yaml
create 0 --boot-log f/boot -o boot
judge 0 boot/policy.yaml --pcrs f/pcrs

# Only what the quote covers is taken: other banks and PCRs of a log may be invented.
create 3 --from f/unquoted.evidence -o unquoted
holds 'extends none that is quoted' err
create 3 --from f/list.evidence -o unquoted
create 0 --from f/sha1.evidence -o sha1
holds 'banks: [sha1]' sha1/policy.yaml
expect 0 appraise --quote f/sha1.quote --signature f/sha1.signature --ak f/ak.pub \
    --nonce "$(cat f/nonce)" --boot-log f/boot --ima-log f/list --policy sha1/policy.yaml
create 0 --from f/part.evidence -o part
holds 'pcrs: [4]' part/policy.yaml
lacks '      0:' part/policy.yaml
expect 0 appraise --quote f/part.quote --signature f/part.signature --ak f/ak.pub \
    --nonce "$(cat f/nonce)" --boot-log f/part.boot --policy part/policy.yaml
create 3 --from f/part.evidence --root f -o unquoted
holds 'does not cover' err

# The evidence is read once, so that what is judged is what is taken.
mkfifo pipe
cat f/evidence > pipe &
create 0 --from pipe -o once
wait
judge 0 once/policy.yaml

mkdir -p "root/usr/bin"
printf '#!/bin/sh\n' > root/usr/bin/tally-agent
create 0 --boot-log f/boot --ima-log f/list --root root -o all
holds '  /usr/bin/tally-agent' all/root.sha256
judge 0 all/policy.yaml
expect 0 policy check all/policy.yaml
expect 3 policy check logs/policy.yaml
holds 'no row is the agent' out
printf 'version: 1\nboot: &a unchecked\n' > anchor.yaml
expect 3 policy check anchor.yaml
expect 1 policy check gone.yaml

# Nothing is replaced, and what fails leaves nothing behind.
create 1 --boot-log f/boot -o logs
holds 'File exists' err
create 1 --boot-log absent -o gone
create 3 --boot-log f/list -o gone
head -c -1 f/list > cut.list
create 3 --ima-log cut.list -o gone
LC_ALL=C sed 's|/usr/bin|/usr/bix|' f/evidence > doctored
cmp -s doctored f/evidence && echo 'nothing was doctored' && failed=1
create 3 --from doctored -o gone
create 3 --from f/list -o gone
create 1 --from absent -o gone
create 1 --root absent -o gone
count=$((count + 1))
[ -z "$(ls gone unquoted | grep -v :)" ] || { echo "left behind: $(ls gone unquoted)"; failed=$((failed + 1)); }
create 2 -o gone
create 2 --boot-log f/boot
create 2 --from f/evidence --boot-log f/boot -o gone
create 2 --ima-digest sha256 --boot-log f/boot -o gone
create 2 --ima-log f/list --ima-digest sha7 -o gone

# A machine that runs what no list has.
mkdir -p judged
sed 's/measured.sha256/few.sha256/; s/# what ran here/# a few/' logs/policy.yaml > judged/policy.yaml
head -n 2 logs/measured.sha256 > judged/few.sha256
cp judged/policy.yaml before.yaml
judge 3 judged/policy.yaml --json
cp out verdict.json
entry=$(sed -n 's/^ *"entry": \([0-9]*\).*/\1/p' verdict.json | head -1)
accept 2 verdict.json
accept 2 verdict.json --reason ''
accept 2 verdict.json --reason "$(printf 'a\nb')"
accept 2 --reason why
accept 2 verdict.json --reason why --entry x
accept 1 absent.json --reason why
accept 1 before.yaml --reason why
accept 1 verdict.json --reason why --entry 99999
accept 1 verdict.json --reason why --list 'a b'
accept 1 verdict.json --reason why --policy absent.yaml
count=$((count + 1))
cmp -s judged/policy.yaml before.yaml || { echo "a refused change was made"; failed=$((failed + 1)); }

accept 0 verdict.json --reason 'first of them' --entry "$entry"
holds 'accepted 1,' out
holds '+    - { file: accepted.sha256, match: path }' out
holds 'first of them' judged/accepted.sha256
holds '# a few' judged/policy.yaml
accept 0 verdict.json --reason 'the others'
judge 0 judged/policy.yaml
cp judged/accepted.sha256 accepted.before
accept 0 verdict.json --reason 'again'
holds 'accepted 0,' out
count=$((count + 1))
cmp -s judged/accepted.sha256 accepted.before || { echo "a list grew for nothing"; failed=$((failed + 1)); }

# When the list was extended and the policy was not, the next run does not repeat the rows.
cp before.yaml judged/policy.yaml
accept 0 verdict.json --reason 'the policy was not written'
holds '+    - { file: accepted.sha256, match: path }' out
lacks 'the policy was not written' out
judge 0 judged/policy.yaml
count=$((count + 1))
cmp -s judged/accepted.sha256 accepted.before || { echo "rows were repeated"; failed=$((failed + 1)); }

# Links stay links.
mkdir -p linked elsewhere
cp before.yaml elsewhere/policy.yaml
: > elsewhere/list.sha256
chmod 600 elsewhere/policy.yaml
ln -s ../elsewhere/policy.yaml linked/policy.yaml
ln -s ../elsewhere/list.sha256 linked/accepted.sha256
head -n 2 logs/measured.sha256 > linked/few.sha256
accept 0 verdict.json --reason linked --policy linked/policy.yaml
count=$((count + 1))
[ -L linked/policy.yaml ] && [ -L linked/accepted.sha256 ] &&
    [ "$(stat -c %a elsewhere/policy.yaml)" = 600 ] ||
    { echo "a link was replaced"; failed=$((failed + 1)); }
holds 'accepted.sha256' elsewhere/policy.yaml
holds '# 20' elsewhere/list.sha256
judge 0 linked/policy.yaml

# A denied file is not accepted.
tail -n 1 logs/measured.sha256 > judged/deny.sha256
printf '  deny: [ { file: deny.sha256 } ]\n' >> judged/policy.yaml
judge 3 judged/policy.yaml --json
cp out denied.json
holds 'denied-file' denied.json
accept 3 denied.json --reason why
holds 'not accepted: denied-file' err

echo "$count checks, $failed failed"
[ "$failed" = 0 ]
