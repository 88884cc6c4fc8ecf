#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# exit_status.sh TALLY FORGE_FILES
# The exit status of docs/cli.md over a matrix of good and broken inputs (R78: not 0 on any path that
# is not "trusted" or "done"), and when the alert hook runs.
set -u
tally=$(realpath "$1")
forge=$(realpath "$2")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
"$forge" "$tmp/f" || exit 1
cd "$tmp/f" || exit 1

nonce=$(cat nonce)
challenge=$(cat challenge)
name=$(cat ak.name)
: > empty
head -c 500 /dev/zero | tr '\0' A > garbage
head -c 40 quote > cut.quote
head -c 20 signature > cut.signature
head -c -1 list > cut.list
head -c -1 evidence > cut.evidence
{ cat evidence; printf 'A'; } > long.evidence
printf 'version: 1\n' > incomplete.yaml
printf 'version: 1\nboot: unchecked\nima:\n  allow: [ { file: absent.sha256 } ]\n' > dangling.yaml
printf 'version: 1\nboot: unchecked\nima:\n  allow: [ { file: garbage } ]\n' > badlist.yaml
printf 'version: 1\nboot: absent\nima:\n  allow: [ { file: allow.sha256 } ]\n' > absent.yaml
sed 's/^sha256 4 ../sha256 4 00/' pcrs > wrong.pcrs
sed 's/^sha256 12 ..//; $a sha256 12 1100000000000000000000000000000000000000000000000000000000000000' pcrs > pcr12.pcrs

failed=0
count=0

# expect STATUS ARGUMENT...: run tally; the answer is in ../out, what went wrong in ../err
expect()
{
    want=$1
    shift
    count=$((count + 1))
    "$tally" "$@" > ../out 2> ../err
    got=$?
    if [ "$got" != "$want" ]; then
        echo "tally $*: exit status $got, want $want"
        sed 's/^/    /' ../out ../err | head -20
        failed=$((failed + 1))
    fi
    if [ "$want" = 0 ] && [ -s ../err ]; then
        echo "tally $*: success, but it complains: $(cat ../err)"
        failed=$((failed + 1))
    fi
    if [ "$want" -le 2 ] && [ "$want" -ge 1 ] && [ ! -s ../err ]; then
        echo "tally $*: exit status $got without a word on standard error"
        failed=$((failed + 1))
    fi
}

# judge STATUS ARGUMENT...: the honest case with these options put behind, where the last one counts
judge()
{
    want=$1
    shift
    expect "$want" appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
        --policy policy.yaml --boot-log boot --ima-log list "$@"
    expect "$want" appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
        --policy policy.yaml --boot-log boot --ima-log list "$@" --json
    if [ "$want" -ne 2 ]; then
        printf '%s\n' "$want $*" >> ../asked
        tr -d '\n' < ../out >> ../answered # one object a line
        echo >> ../answered
    fi
}

# evidence STATUS ARGUMENT...
evidence()
{
    want=$1
    shift
    expect "$want" appraise --policy policy.yaml "$@"
}

# --- appraise, files ---
judge 0
judge 0 --pcrs pcrs
judge 0 --pcrs wrong.pcrs
judge 0 --ak ak.pem
judge 0 --ak ak.pem --ak-scheme ecdsa:sha256
judge 0 --quote unsafe.quote --signature unsafe.signature
judge 0 --policy absent.yaml --pcrs pcrs

judge 3 --quote empty
judge 3 --quote garbage
judge 3 --quote cut.quote
judge 3 --quote certify.quote --signature certify.signature
judge 3 --quote bad.quote
judge 3 --signature empty
judge 3 --signature garbage
judge 3 --signature cut.signature
judge 3 --signature certify.signature
judge 3 --nonce 00
judge 3 --nonce "${nonce}00"
judge 3 --ak other.pub
judge 3 --boot-log empty
judge 3 --boot-log garbage
judge 3 --boot-log list
judge 3 --ima-log empty
judge 3 --ima-log garbage
judge 3 --ima-log cut.list
judge 3 --ima-log short.list
judge 3 --ima-log digest.list
judge 3 --ima-log boot
judge 3 --ima-digest sha256
judge 3 --pcrs empty
judge 3 --pcrs garbage
judge 3 --policy absent.yaml
judge 3 --quote bad.quote --signature bad.signature --ima-log bad.list
judge 3 --quote bad.quote --signature bad.signature --ima-log bad.list --pcrs bad.pcrs
expect 3 appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
    --policy policy.yaml --ima-log list
expect 3 appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
    --policy policy.yaml --boot-log boot
expect 3 appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
    --policy policy.yaml

judge 1 --quote nowhere
judge 1 --quote .
judge 1 --signature nowhere
judge 1 --ak nowhere
judge 1 --ak empty
judge 1 --ak garbage
judge 1 --ak ak.pub --ak-scheme rsapss
judge 1 --policy nowhere
judge 3 --policy nowhere --quote empty
judge 3 --policy nowhere --signature garbage
judge 3 --policy nowhere --nonce 00
judge 3 --policy nowhere --boot-log garbage
judge 3 --policy nowhere --ima-log garbage
judge 3 --policy dangling.yaml --nonce 00
judge 3 --ak nowhere --quote empty
judge 3 --ak nowhere --signature empty
judge 3 --ak nowhere --boot-log garbage
judge 3 --ak nowhere --ima-log garbage
judge 3 --ak garbage --ima-log cut.list
judge 3 --ak nowhere --pcrs garbage
judge 1 --ak nowhere --ima-log short.list
judge 1 --ak nowhere --policy nowhere
judge 1 --policy garbage
judge 1 --policy empty
judge 1 --policy incomplete.yaml
judge 1 --policy dangling.yaml
judge 1 --policy badlist.yaml
judge 1 --boot-log nowhere
judge 1 --ima-log nowhere
judge 1 --ima-log .
judge 1 --pcrs nowhere
judge 1 --ek nowhere
judge 1 --ek garbage

# Names of lists stand in rules: long ones are cut between characters, odd bytes are escaped.
long=$(printf 'ä%.0s' $(seq 120))
mkdir -p "$long/$long/$(printf 'x\377')"
odd="$long/$long/$(printf 'x\377')"
cp allow.sha256 "$odd"
printf 'version: 1\nboot: unchecked\nima:\n  deny: [ { file: allow.sha256 } ]\n' > "$odd/policy.yaml"
judge 3 --policy "$odd/policy.yaml"

# 3 beats 1
judge 3 --ima-log nowhere --nonce 00
judge 3 --ima-log nowhere --signature certify.signature
judge 3 --ima-log nowhere --quote garbage
judge 3 --ima-log nowhere --boot-log garbage
judge 3 --boot-log nowhere --nonce 00
judge 3 --boot-log nowhere --pcrs garbage
judge 3 --pcrs nowhere --nonce 00

judge 2 --nonce ''
judge 2 --nonce 0
judge 2 --nonce xyz
judge 2 --ak-scheme nonsense
judge 2 --hook ''
judge 2 --ima-digest md5
judge 2 --ima-digest sha1:19
judge 2 --ima-digest sha1:65
judge 2 --challenge "$challenge"
judge 2 --ak-name "$name"
judge 2 --evidence evidence
judge 2 --nonsense
judge 2 surplus
expect 2 appraise
expect 2 appraise --policy policy.yaml
expect 2 appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce"
expect 2 appraise --signature signature --ak ak.pub --nonce "$nonce" --policy policy.yaml
expect 2 appraise --quote quote --ak ak.pub --nonce "$nonce" --policy policy.yaml
expect 2 appraise --quote quote --signature signature --nonce "$nonce" --policy policy.yaml
expect 2 appraise --quote quote --signature signature --ak ak.pub --policy policy.yaml
expect 2 appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
    --policy policy.yaml --ima-digest sha256

# --- appraise, evidence ---
evidence 0 --evidence evidence --challenge "$challenge" --ak ak.pub
evidence 0 --evidence evidence --challenge "$challenge" --ak ak.pem
evidence 0 --evidence evidence --challenge "$challenge" --ak-name "$name"
evidence 3 --evidence evidence --challenge "${challenge}00" --ak ak.pub
evidence 3 --evidence cut.evidence --challenge "$challenge" --ak nowhere
evidence 3 --evidence empty --challenge "$challenge" --ak nowhere
evidence 1 --evidence evidence --challenge "$challenge" --ak nowhere
evidence 3 --evidence evidence --challenge "$challenge" --ak other.pub
evidence 3 --evidence evidence --challenge "$challenge" --ak-name "${name}00"
evidence 3 --evidence empty --challenge "$challenge" --ak ak.pub
evidence 3 --evidence garbage --challenge "$challenge" --ak ak.pub
evidence 3 --evidence cut.evidence --challenge "$challenge" --ak ak.pub
evidence 3 --evidence long.evidence --challenge "$challenge" --ak ak.pub
evidence 1 --evidence nowhere --challenge "$challenge" --ak ak.pub
evidence 1 --evidence . --challenge "$challenge" --ak ak.pub
evidence 1 --evidence evidence --challenge "$challenge" --ak nowhere
evidence 2 --evidence evidence --ak ak.pub
evidence 2 --evidence evidence --challenge 00 --ak ak.pub
evidence 2 --evidence evidence --challenge "$challenge"
evidence 2 --evidence evidence --challenge "$challenge" --ak ak.pub --ak-name "$name"
evidence 2 --evidence evidence --challenge "$challenge$challenge$challenge" --ak ak.pub
evidence 2 --evidence evidence --challenge "$challenge" --ak ak.pub --boot-log boot

# --- inspect ---
expect 0 inspect --evidence evidence
expect 0 inspect --evidence evidence --challenge "$challenge"
expect 0 inspect --evidence evidence --json
expect 3 inspect --evidence evidence --challenge "${challenge}00"
expect 3 inspect --evidence empty
expect 3 inspect --evidence garbage
expect 3 inspect --evidence cut.evidence
expect 1 inspect --evidence nowhere
expect 2 inspect
expect 2 inspect --evidence evidence --challenge 00
expect 2 inspect --evidence evidence surplus

# --- replay ---
expect 0 replay --boot-log boot
expect 0 replay --ima-log list
expect 0 replay --boot-log boot --ima-log list --pcrs pcrs
expect 0 replay --boot-log boot --ima-log list --pcrs pcrs --strict
expect 0 replay --boot-log boot --pcrs pcrs.boot
expect 0 replay --ima-log list --pcrs pcrs.list
expect 0 replay --ima-log bad.list --pcrs pcrs.list
expect 0 replay --ima-log empty
expect 3 replay --boot-log boot --pcrs wrong.pcrs
expect 3 replay --boot-log boot --ima-log list --pcrs wrong.pcrs
expect 3 replay --ima-log short.list --pcrs pcrs.list
expect 3 replay --ima-log empty --pcrs pcrs.list
expect 3 replay --ima-log digest.list
expect 3 replay --boot-log boot --pcrs wrong.pcrs --ima-log nowhere
expect 3 replay --boot-log boot --pcrs wrong.pcrs --ima-log garbage
expect 3 replay --ima-log digest.list --boot-log nowhere
expect 1 replay --boot-log nowhere
expect 1 replay --boot-log empty
expect 1 replay --boot-log garbage
expect 1 replay --cc-log boot --pcrs garbage
expect 1 replay --ima-log nowhere
expect 1 replay --ima-log garbage
expect 1 replay --ima-log cut.list
expect 1 replay --ima-log list --pcrs nowhere
expect 1 replay --ima-log list --pcrs garbage
expect 1 replay --ima-log list --pcrs empty
expect 1 replay --ima-log list --pcrs pcrs.boot
expect 1 replay --boot-log boot --pcrs pcrs.list
expect 1 replay --boot-log boot --ima-log list --pcrs pcrs.list
expect 1 replay --boot-log boot --ima-log list --pcrs pcrs.boot
expect 1 replay --boot-log boot --ima-log list --pcrs pcrs.16
expect 2 replay
expect 2 replay --pcrs pcrs
expect 2 replay --boot-log boot --cc-log boot
expect 2 replay --boot-log boot --banks md5
expect 2 replay --boot-log boot --banks ''
expect 2 replay --ima-log list --ima-digest md5
expect 2 replay --boot-log boot --ima-digest sha256
expect 2 replay --boot-log boot surplus
expect 2 replay --boot-log boot --nonsense

# --- show ---
expect 0 show boot-log boot
expect 0 show ima-log list
expect 0 show ima-log list --json
expect 0 show quote quote
expect 0 show evidence evidence
expect 1 show boot-log garbage
expect 1 show boot-log empty
expect 1 show boot-log nowhere
expect 1 show ima-log cut.list
expect 1 show quote cut.quote
expect 1 show quote empty
expect 1 show evidence garbage
expect 1 show evidence cut.evidence
expect 2 show
expect 2 show boot-log
expect 2 show nonsense boot

expect 0 --help
expect 0 --version
expect 2
expect 2 nonsense

# --- an answer that cannot be written was not given ---
full()
{
    want=$1
    shift
    count=$((count + 1))
    "$tally" "$@" > /dev/full 2> ../err
    got=$?
    if [ "$got" != "$want" ]; then
        echo "tally $* > /dev/full: exit status $got, want $want"
        failed=$((failed + 1))
    fi
}
for json in '' --json; do
    full 1 appraise --quote quote --signature signature --ak ak.pub --nonce "$nonce" \
        --policy policy.yaml --boot-log boot --ima-log list $json
    full 3 appraise --quote quote --signature signature --ak ak.pub --nonce 00 \
        --policy policy.yaml --boot-log boot --ima-log list $json
    full 1 replay --boot-log boot --ima-log list --pcrs pcrs $json
    full 3 replay --boot-log boot --ima-log list --pcrs wrong.pcrs $json
    full 1 inspect --evidence evidence $json
    full 1 show ima-log list $json
done

# --- the alert hook ---
cat > hook.sh <<'HOOK'
#!/bin/sh
printf '%s|' "$@" > "$1"
cat > "$1.json"
exit "${2:-0}"
HOOK
chmod +x hook.sh
hook="$PWD/hook.sh"

# alerts STATUS KINDS ARGUMENT...: the hook got a verdict of these kinds
alerts()
{
    want=$1
    kinds=$2
    shift 2
    rm -f ran ran.json
    judge "$want" "$@" --hook "$hook $PWD/ran"
    if [ ! -e ran.json ] || ! python3 -c 'import json,sys
v = json.load(open("ran.json"))
assert v["alert"]["kinds"] == sys.argv[1].split(), v["alert"]
assert v["verdict"] == {"1": "UNKNOWN", "3": "REFUSED"}[sys.argv[2]]
assert len(v["alert"]["id"]) == 32 and v["alert"]["time"] == v["time"]' "$kinds" "$want"; then
        echo "the hook for $*: want kinds $kinds"
        failed=$((failed + 1))
    fi
}
alerts 3 quote --nonce 00
alerts 3 malformed --quote cut.quote
alerts 3 malformed --ima-log cut.list
alerts 3 'ima-replay' --ima-log short.list --pcrs pcrs
alerts 3 'unknown-file violation' --quote bad.quote --signature bad.signature --ima-log bad.list
alerts 1 internal --ima-log nowhere
alerts 1 internal --policy nowhere
alerts 1 internal --ak garbage

rm -f ran.json
judge 0 --hook "$hook $PWD/ran"
if [ -e ran.json ]; then
    echo "the hook ran though the verdict is TRUSTED"
    failed=$((failed + 1))
fi
judge 2 --nonce '' --hook "$hook $PWD/ran"
if [ -e ran.json ]; then
    echo "the hook ran for a wrong command line"
    failed=$((failed + 1))
fi

# What the hook does changes no verdict.
judge 3 --nonce 00 --hook "$hook $PWD/ran 7"
grep -q 'exit status 7' ../err || { echo "the hook's exit status is not logged"; failed=$((failed + 1)); }
judge 3 --nonce 00 --hook /nowhere/hook
grep -q 'could not be started' ../err || { echo "a missing hook is not logged"; failed=$((failed + 1)); }
judge 3 --nonce 00 --hook true
judge 3 --nonce 00 --hook "'an open quote"

# Standard input closed: the hook still gets its own.
rm -f ran.json
"$tally" appraise --quote quote --signature signature --ak ak.pub --nonce 00 --policy policy.yaml \
    --boot-log boot --ima-log list --hook "$hook $PWD/ran" <&- > ../out 2> ../err
if [ ! -s ran.json ]; then
    echo "with standard input closed the hook got nothing"
    failed=$((failed + 1))
fi

# Text from outside reaches terminals and logs escaped only (R31).
judge 3 --quote bad.quote --signature bad.signature --ima-log bad.list
"$tally" appraise --quote bad.quote --signature bad.signature --ak ak.pub --nonce "$nonce" \
    --policy policy.yaml --boot-log boot --ima-log bad.list > ../out 2>&1
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" ../out || ! iconv -f UTF-8 -t UTF-8 < ../out > /dev/null; then
    echo "control characters, or bytes that are no UTF-8, in the answer"
    failed=$((failed + 1))
fi
grep -qF '/tmp/\x1b[2J\x0a\xff\x5cx41_"quoted"_ä' ../out ||
    grep -qF '/tmp/\x1b[2J\x0a\xff\x5cx41 "quoted" ä' ../out || {
    echo "the path is not shown as it should be"
    failed=$((failed + 1))
}

# Every object says what the exit status says.
python3 - ../asked ../answered << 'PYTHON' || failed=$((failed + 1))
import json, sys
verdicts = {"0": "TRUSTED", "1": "UNKNOWN", "3": "REFUSED"}
wrong = 0
for asked, answered in zip(open(sys.argv[1], errors="replace"), open(sys.argv[2]), strict=True):
    status = asked.split()[0]
    answer = json.loads(answered)
    if answer["verdict"] != verdicts[status] or ("error" in answer) != (status == "1"):
        print("the object does not fit the exit status:", asked.strip(), answer["verdict"])
        wrong += 1
sys.exit(wrong != 0)
PYTHON

echo "$count runs, $failed failures"
[ "$failed" = 0 ]
