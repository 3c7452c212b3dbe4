#!/bin/sh
# SPDX-License-Identifier: MIT
# test_key.sh - ums-mcp key: new, list and revoke, and that a start reads what they write. Ends
# with "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
build=${BUILD_DIR:-build/release}
bridge=$PWD/$build/ums-mcp
case $build in /*) bridge=$build/ums-mcp ;; esac
passed=0 failed=0
t=$(mktemp -d "${TMPDIR:-/tmp}/ums-key.XXXXXX") || exit 1
trap 'rm -rf "$t"' EXIT
unset UMS_MCP_CONFIG
keys=$t/keys

ok() {
	passed=$((passed + 1))
}

bad() {
	failed=$((failed + 1))
	echo "FAIL $1"
	cat "$t/out" "$t/err" 2>/dev/null
}

# check WHAT COMMAND...: it is true.
check() {
	what=$1
	shift
	if "$@"; then ok; else bad "$what"; fi
}

# key CODE ARGUMENT...: the command ends with that code; what it says is in out and err.
key() {
	code=$1
	shift
	"$bridge" key "$@" >"$t/out" 2>"$t/err"
	got=$?
	if [ $got -eq "$code" ]; then ok; else bad "key $*: exit $got"; fi
}

said() {
	grep -q -- "$1" "$t/err"
}

only_a_key() {
	[ "$(wc -l <"$t/out")" -eq 1 ] && grep -Eqx 'ums_[A-Za-z0-9_-]{43}' "$t/out"
}

digest() {
	printf %s "$(cat "$1")" | sha256sum | cut -d ' ' -f 1
}

# ---- new
key 0 new anna --file "$keys"
check "one key is shown, nothing else" only_a_key
check "it is told what was done" said "anna was added"
check "and how it becomes valid" said HUP
cp "$t/out" "$t/first"
check "mode 0600" [ "$(stat -c %a "$keys")" = 600 ]
check "the line is name and digest" grep -qx "anna sha256:$(digest "$t/first")" "$keys"
check "the key is not in the file" sh -c "! grep -qF '$(cat "$t/first")' '$keys' '$t/err'"
printf '# a comment, and no newline at the end' >>"$keys"
key 0 new --scopes send,read --expires 2099-12-31 anna --file "$keys"
check "it is told that there are two" said "its second"
check "a date and scopes" grep -qx "anna sha256:$(digest "$t/out") expires=2099-12-31T00:00:00Z scopes=send,read" "$keys"
cp "$keys" "$t/before"
key 100 new anna --file "$keys"
check "a third is refused" said "has two keys already"
check "and not shown" [ ! -s "$t/out" ]
for wrong in '' 'a b' 'a:b' anonymous operator '#a' "$(cat "$t/first")"; do
	key 100 new "$wrong" --file "$keys"
	check "and no key is said again" sh -c "! grep -qF '$(cat "$t/first")' '$t/err' '$t/out'"
done
for wrong in 2020-01-01 2099-02-30 soon 0d -1d 99999d 30 '' 2099-01-01T00:00:00; do
	key 100 new bert --expires "$wrong" --file "$keys"
done
for wrong in '' , a,,b ,a; do
	key 100 new bert --scopes "$wrong" --file "$keys"
done
key 100 new bert --file "$t/no/such/folder"
key 100 new bert --older --file "$keys"
key 100 new --file "$keys"
key 100 new bert carl --file "$keys"
key 100 newer bert
key 100
key 0 --help
check "help is no error" sh -c "grep -q '^usage: ums-mcp key new' '$t/out' && [ ! -s '$t/err' ]"
key 0 -h
check "nothing of this changed the file" cmp "$keys" "$t/before"
key 0 new bert --expires 1d --file "$keys"
key 0 new bert --expires 2099-01-01T12:30:00Z --file "$keys"

# A key that nobody could read is not in the file.
cp "$keys" "$t/before"
if "$bridge" key new carl --file "$keys" >/dev/full 2>"$t/err"; then bad "no room for the key"; else ok; fi
check "the key was not shown and is not valid" cmp "$keys" "$t/before"

# ---- list
key 0 list --file "$keys"
check "four keys" [ "$(wc -l <"$t/out")" -eq 4 ]
tab=$(printf '\t')
check "name, expiry, scopes" grep -qx "anna${tab}never${tab}all" "$t/out"
check "as they were given" grep -qx "anna${tab}2099-12-31T00:00:00Z${tab}send read" "$t/out"
check "no digest" sh -c "! grep -q '[0-9a-f]\{16\}' '$t/out'"
echo "dora sha256:$(printf %064d 7) expires=2020-01-01T00:00:00Z" >>"$keys"
key 0 list --file "$keys"
check "what is over is told" grep -q "^dora${tab}2020-01-01T00:00:00Z expired" "$t/out"
key 100 list --file "$t/none"
key 100 list bert --file "$keys"

# ---- revoke
key 100 revoke nobody --file "$keys"
key 0 revoke anna --older --file "$keys"
check "the older is gone" sh -c "! grep -q '$(digest "$t/first")' '$keys'"
check "the other is not" [ "$(grep -c '^anna ' "$keys")" -eq 1 ]
key 100 revoke anna --older --file "$keys"
key 0 revoke bert --file "$keys"
check "both are gone" [ "$(grep -c '^bert ' "$keys")" -eq 0 ]
check "comments and others stay" [ "$(grep -c '^# a comment\|^anna \|^dora ' "$keys")" -eq 3 ]
key 100 revoke bert --file "$keys"
check "mode 0600 still" [ "$(stat -c %a "$keys")" = 600 ]

# ---- several at once lose nothing
for i in 1 2 3 4 5 6 7 8; do
	"$bridge" key new "many$i" --file "$keys" >/dev/null 2>&1 &
done
wait
check "eight at once" [ "$(grep -c '^many' "$keys")" -eq 8 ]
check "nothing is left beside the file" [ "$(find "$t" -name 'keys*' | wc -l)" -eq 1 ]

# ---- the configuration names the file
printf 'auth = api_key\nservices = %s\nstate_key = %s\n' "$PWD/tests/cases/service.json" "$t/state" >"$t/conf"
echo "service.cases.token_file = $t/token" >>"$t/conf"
echo token >"$t/token"
cp "$keys" "$t/before"
key 0 new carl --config "$t/conf"
check "without a file the line is shown" said "^carl sha256:$(digest "$t/out")$"
check "and the key alone" only_a_key
key 100 list -c "$t/conf"
echo 'api_keys_file = keys' >>"$t/conf"
key 0 new carl --config "$t/conf"
check "seen from its folder" grep -q "^carl sha256:$(digest "$t/out")$" "$keys"
UMS_MCP_CONFIG=$t/conf "$bridge" key list >"$t/out" 2>"$t/err"
check "and by the environment" grep -q '^carl' "$t/out"
key 100 list -c "$t/none"
check "-t reads it" sh -c "'$bridge' -c '$t/conf' -t >'$t/out' 2>'$t/err'"
chmod 640 "$keys"
"$bridge" -c "$t/conf" -t >"$t/out" 2>"$t/err"
check "a start wants it private" [ $? -eq 100 ]
check "and says so" said "keys: others may read it (mode 640)"
key 100 new emil -c "$t/conf"
chmod 600 "$keys"
echo "emil sha256:12" >>"$keys"
"$bridge" -c "$t/conf" -t >"$t/out" 2>"$t/err"
check "a wrong line ends the start" [ $? -eq 100 ]
check "and is named" said "keys:$(wc -l <"$keys"): a name is followed by sha256:"
rm "$keys"
mkfifo -m 600 "$keys"
timeout 10 "$bridge" -c "$t/conf" -t >"$t/out" 2>"$t/err"
check "a pipe is not waited for" [ $? -eq 100 ]
check "and named" said "keys: not a regular file"
rm "$keys"
"$bridge" -c "$t/conf" -t >"$t/out" 2>"$t/err"
check "so does a file that is not there" [ $? -eq 100 ]

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
