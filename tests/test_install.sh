#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_install.sh - make install: what goes where, that it runs from there, and that a
# packager's DESTDIR and PREFIX are kept. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
root=$(mktemp -d "${TMPDIR:-/tmp}/ums-install.XXXXXX")
trap 'rm -rf "$root"' EXIT

check() {
	if shift && "$@" >"$root/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $*"
		cat "$root/out"
	fi
}

check make make -s install DESTDIR="$root/stage" PREFIX=/opt/ums
for f in opt/ums/bin/ums-mcp opt/ums/bin/ums-local etc/ums-mcp/ums-mcp.conf \
    etc/ums-mcp/services/ums.json etc/ums-mcp/services/matrix.json \
    etc/ums-mcp/services/ejabberd.json etc/ums-mcp/services/twilio.json \
    etc/ums-mcp/services/slack.json etc/ums-mcp/services/discord.json \
    etc/ums-mcp/services/mattermost.json etc/ums-mcp/services/telegram.json \
    etc/ums-mcp/services/zulip.json \
    etc/ums-mcp/services/msteams.json etc/ums-mcp/services/resend.json \
    etc/ums-mcp/services/whatsapp-cloud.json \
    etc/ums-mcp/services/service.schema.json \
    opt/ums/share/man/man8/ums-mcp.8 opt/ums/share/man/man8/ums-local.8 opt/ums/share/man/man5/ums-mcp.conf.5 \
    opt/ums/share/bash-completion/completions/ums-mcp opt/ums/share/man/man5/ums-mcp-service.5 opt/ums/share/doc/ums-mcp/README.md \
    $(find docs -type f | sed 's|^|opt/ums/share/doc/ums-mcp/|') \
    $(cd etc && find managers prometheus grafana/dashboards otel -type f | sed 's|^|opt/ums/share/doc/ums-mcp/|'); do
	check file test -s "$root/stage/$f"
done
check manager test -x "$root/stage/opt/ums/share/doc/ums-mcp/managers/s6/run"
check outside test "$(find "$root/stage" -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ')" \
    = "$root/stage/etc $root/stage/opt "
check version sh -c "'$root/stage/opt/ums/bin/ums-mcp' -V | grep -q '^ums-mcp [0-9]'"
check help sh -c "'$root/stage/opt/ums/bin/ums-mcp' -h | grep -q -- --listen"

# The installed example is valid once there is a token and a CA to point at.
echo secret >"$root/stage/etc/ums-mcp/services/ums.token"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=t \
    -keyout "$root/key" -out "$root/stage/etc/ums-mcp/services/ca.pem" 2>/dev/null
check undecided sh -c "'$root/stage/opt/ums/bin/ums-mcp' -c '$root/stage/etc/ums-mcp/ums-mcp.conf' -t 2>&1 |
    grep -q 'auth: say who may call'"
sed -i 's/^#auth =$/auth = none/' "$root/stage/etc/ums-mcp/ums-mcp.conf"
check example sh -c "'$root/stage/opt/ums/bin/ums-mcp' -c '$root/stage/etc/ums-mcp/ums-mcp.conf' -t |
    grep -q 'configuration OK'"
# All files that come along can be loaded together, with what they ask an operator for; those that ask a person need a
# store.
for f in matrix.token ejabberd.password twilio.password slack.token discord.token \
    mattermost.token telegram.token zulip.key msteams.token resend.key whatsapp-cloud.token; do
	echo secret >"$root/stage/etc/ums-mcp/services/$f"
done
check together env UMS_MCP_SERVICES="$(printf "$root/stage/etc/ums-mcp/services/%s.json " \
    ums matrix ejabberd twilio slack discord mattermost telegram zulip msteams resend whatsapp-cloud)" \
    UMS_MCP_SERVICE_MSTEAMS_VALUES_USER=me@example.org UMS_MCP_SERVICE_RESEND_VALUES_FROM=me@example.org \
    UMS_MCP_SERVICE_WHATSAPP_CLOUD_VALUES_PHONE_NUMBER_ID=1 UMS_MCP_SERVICE_WHATSAPP_CLOUD_VALUES_WABA_ID=2 \
    UMS_MCP_SERVICE_TWILIO_VALUES_ACCOUNT_SID=AC1 UMS_MCP_SERVICE_TWILIO_VALUES_USERNAME=SK1 \
    UMS_MCP_SERVICE_EJABBERD_VALUES_HOST=xmpp.example.org UMS_MCP_SERVICE_EJABBERD_VALUES_ACCOUNT=bot \
    UMS_MCP_SERVICE_EJABBERD_VALUES_ROOMS=conference.xmpp.example.org \
    UMS_MCP_SERVICE_ZULIP_VALUES_BOT_EMAIL=bot@zulip.example.org \
    UMS_MCP_STORE="$root/store" "$root/stage/opt/ums/bin/ums-mcp" -c "$root/stage/etc/ums-mcp/ums-mcp.conf" -t
check unsaid sh -c "UMS_MCP_SERVICES='$root/stage/etc/ums-mcp/services/resend.json' UMS_MCP_STORE='$root/store' \
    '$root/stage/opt/ums/bin/ums-mcp' -c '$root/stage/etc/ums-mcp/ums-mcp.conf' -t 2>&1 |
    grep -q 'service.resend.values.from'"
# A second install keeps what an operator has changed.
echo '# mine' >>"$root/stage/etc/ums-mcp/ums-mcp.conf"
check again make -s install DESTDIR="$root/stage" PREFIX=/opt/ums
check kept grep -q '^# mine' "$root/stage/etc/ums-mcp/ums-mcp.conf"
check beside test -s "$root/stage/etc/ums-mcp/ums-mcp.conf.new"
check same test ! -e "$root/stage/etc/ums-mcp/services/ums.json.new"

# What is in effect is a configuration file again, and means the same.
check print sh -c "'$root/stage/opt/ums/bin/ums-mcp' -c '$root/stage/etc/ums-mcp/ums-mcp.conf' -T \
    >'$root/one' && '$root/stage/opt/ums/bin/ums-mcp' -c '$root/one' -T >'$root/two' &&
    cmp '$root/one' '$root/two'"
# A wrong file is exit code 100 and says where.
sed 's/^services.*/servises = x/' "$root/stage/etc/ums-mcp/ums-mcp.conf" >"$root/bad"
check bad sh -c "'$root/stage/opt/ums/bin/ums-mcp' -c '$root/bad' -t 2>'$root/said'
    test \$? -eq 100 && grep -q 'bad:[0-9]*: unknown key \"servises\"' '$root/said'"

# What the image is built of, as .dockerignore lets it through, is enough for it.
mkdir "$root/image"
for f in $(sed -n '/ AS build/,/^RUN make/s/^COPY \(.*\) [^ ]*$/\1/p' Dockerfile); do
	check "let through" grep -qxF "!$f" .dockerignore
	cp -a "$f" "$root/image/"
done
ln -s "$PWD/build" "$root/image/build"
check image make -s -C "$root/image" install DESTDIR="$root/image/out" PREFIX=/usr

# What make install put there is taken back, and nothing else.
check uninstall make -s uninstall DESTDIR="$root/stage" PREFIX=/opt/ums
check taken test -z "$(find "$root/stage/opt" ! -type d)"
check 'left' test -s "$root/stage/etc/ums-mcp/ums-mcp.conf"
check 'secrets left' test -s "$root/stage/etc/ums-mcp/services/ums.token"
check 'taken from etc' test ! -e "$root/stage/etc/ums-mcp/services/service.schema.json"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
