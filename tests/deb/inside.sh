#!/bin/sh
# SPDX-License-Identifier: MIT
#
# inside.sh - run in a booted, fresh Debian by scripts/test-deb: what a person does with the packages,
# from the installation to the purge. The last line is "N passed, N failed".
#
# usage: inside.sh FOLDER PORT TLSPORT, where FOLDER has the packages in old/ and new/
set -u
folder=$1 port=$2 tls=$3
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
passed=0 failed=0

check() {
	what=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		passed=$((passed + 1))
		echo "ok   $what"
	else
		failed=$((failed + 1))
		echo "FAIL $what: $*"
		tail -n 25 /tmp/said
	fi
}
is() { [ "$1" = "$2" ] || { echo "\"$1\", not \"$2\""; return 1; }; }
has() { grep -q -- "$1" "$2" || { echo "no $1 in:"; tail -n 15 "$2"; return 1; }; }
fails() { ! "$@"; }
install() { apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confold install "$@"; }
# What is on this system, but what apt and dpkg write down of themselves, and caches.
files() {
	find / -xdev \( -path /tmp -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \
	    -o -path /var/log/apt -o -path /var/log/journal -o -path /run -o -path "$folder" \
	    -o -path /etc/.pwd.lock -o -path /var/lib/systemd \) -prune -o -print |
	    grep -v -e '^/etc/\(passwd\|group\|shadow\|gshadow\|subuid\|subgid\)-$' -e '^/var/log/dpkg.log$' \
	    -e '^/var/log/alternatives.log$' -e '^/var/lib/logrotate' -e '^/root/\.rnd$' | sort
}

rpc() {
	curl -sS -m 30 "http://127.0.0.1:$port/mcp" -H "Authorization: Bearer $key" \
	    -H 'Content-Type: application/json' -d "$1"
}
# A message, with a key by which it is sent but once.
send() {
	rpc '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_message","arguments":{
	    "to":["bob"],"text":"Hello","idempotency_key":"'"$1"'"}}}' >/tmp/answer
	has '"message_id"' /tmp/answer && fails has '"isError":true' /tmp/answer
}
# Pings, one after the other, until the file stop is there; what is no answer goes to the file lost.
load() {
	while [ ! -e /tmp/stop ]; do
		case $(rpc '{"jsonrpc":"2.0","id":1,"method":"ping"}' 2>&1) in
		*'"result":{}'*) echo >>/tmp/answered ;;
		*) echo lost >>/tmp/lost ;;
		esac
	done
}

# ---- the tools of the test, and what is there without the packages
systemctl -q mask lighttpd.service 2>/dev/null
check tools install lighttpd lighttpd-mod-openssl curl openssl procps
files >/tmp/before

# ---- install
check installs install "$folder"/old/*.deb
version=$(dpkg-query -W -f '${Version}' ums-mcp)
check version is "$(ums-mcp -V | cut -d' ' -f1,2)" "ums-mcp $version"
check user is "$(getent passwd ums-mcp | cut -d: -f6,7)" "/var/lib/ums-mcp:/usr/sbin/nologin"
check configuration is "$(stat -c '%U:%G %a' /etc/ums-mcp)" "root:ums-mcp 750"
for d in lib log; do
	check "folder-$d" is "$(stat -c '%U:%G %a' /var/$d/ums-mcp)" "ums-mcp:ums-mcp 700"
done
# Nobody has said yet who may call.
for u in socket service; do
	check "disabled-$u" is "$(systemctl is-enabled ums-mcp.$u)" disabled
	check "inactive-$u" is "$(systemctl is-active ums-mcp.$u)" inactive
done
check manuals ls /usr/share/man/man8/ums-mcp.8.gz /usr/share/man/man8/ums-local.8.gz \
    /usr/share/man/man5/ums-mcp.conf.5.gz /usr/share/man/man5/ums-mcp-service.5.gz
check pages ls /usr/share/doc/ums-mcp/docs/runbook.md.gz \
    /usr/share/doc/ums-mcp/examples/prometheus/ums-mcp.rules.yml
for u in socket service; do
	check "verify-$u" systemd-analyze verify --man=no ums-mcp.$u
done
exposure=$(systemd-analyze security ums-mcp.service --no-pager 2>/dev/null |
    sed -n 's/.*exposure level for ums-mcp.service: \([0-9.]*\).*/\1/p')
echo "     systemd-analyze security: $exposure"
check exposure awk -v e="$exposure" 'BEGIN { exit !(e > 0 && e <= 1.5) }'

# ---- configure
mkdir -p /run/web
(
	cd /run/web || exit
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	    -subj "/CN=127.0.0.1" -addext 'subjectAltName=IP:127.0.0.1' -keyout ums-local.key \
	    -out ums-local.crt
	openssl rand -hex 32 >/etc/ums-mcp/ums.token
	cp ums-local.crt /etc/ums-mcp/ca.pem
	chown -R www-data:www-data .
	chown root:ums-mcp /etc/ums-mcp/ums.token
	chmod 0640 /etc/ums-mcp/ums.token
) >/dev/null 2>&1
cat >>/etc/ums-mcp/ums-mcp.conf <<EOF
service.ums.base_url = https://127.0.0.1:$tls/v1
service.ums.ca_file = /etc/ums-mcp/ca.pem
service.ums.token_file = /etc/ums-mcp/ums.token
EOF
ums-mcp -t >/tmp/answer 2>&1
check undecided has 'auth: say who may call' /tmp/answer
cat >>/etc/ums-mcp/ums-mcp.conf <<EOF
auth = api_key
api_keys_file = /var/lib/ums-mcp/keys
state_key = /var/lib/ums-mcp/state.key
store = /var/lib/ums-mcp/store
audit = /var/log/ums-mcp/audit
EOF
key=$(runuser -u ums-mcp -- ums-mcp key new tester 2>/tmp/said)
check key test -n "$key"
check checked runuser -u ums-mcp -- ums-mcp -t

systemd-run -q --unit=test-service -p User=www-data -p StateDirectory=test-service \
    -p RuntimeDirectory=test-service -p LoadCredential=token:/etc/ums-mcp/ums.token \
    sh -c 'exec ums-local --db /var/lib/test-service/db --socket /run/test-service/sock \
	--token-file "$CREDENTIALS_DIRECTORY/token"'
sed -e "s|/run/ums-mcp/ums-local.sock|/run/test-service/sock|" \
    -e "s|/run/ums-mcp/ums-local|/run/web/ums-local|" -e 's|"/run/ums-mcp"|"/run/web"|' \
    -e 's|"/dev/stderr"|"/run/web/log"|' \
    -e "s|127.0.0.1:8080|127.0.0.1:$port|; s|127.0.0.1:8443|127.0.0.1:$tls|" \
    -e "s|server.port = 8080|server.port = $port|" \
    /usr/share/doc/ums-mcp/examples/lighttpd.conf >/run/web/conf
systemd-run -q --unit=test-web -p User=www-data -p LimitNOFILE=20000 lighttpd -D -f /run/web/conf

# ---- start
check enable systemctl enable --now ums-mcp.socket ums-mcp.service
check active is "$(systemctl is-active ums-mcp.socket ums-mcp.service | tr '\n' ' ')" "active active "
check socket is "$(stat -c '%U:%G %a' /run/ums-mcp/ums-mcp.sock)" "ums-mcp:www-data 660"
check 'runs as' is "$(ps -o user= -p "$(systemctl show -P MainPID ums-mcp.service)" | tr -d ' ')" ums-mcp
for _ in 1 2 3 4 5 6 7 8 9 10; do
	curl -fsS -k "https://127.0.0.1:$tls/healthz" >/dev/null 2>&1 && break
	sleep 1
done
check stranger is "$(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
    -d '{"jsonrpc":"2.0","id":1,"method":"ping"}' "http://127.0.0.1:$port/mcp")" 401
check sends send one
check audited has '"tool":"send_message"' /var/log/ums-mcp/audit

[ $failed -eq 0 ] || journalctl -q --no-pager -n 40 -u ums-mcp.service -u test-web -u test-service

# ---- run
check rotates logrotate -f /etc/logrotate.d/ums-mcp
check rotated has send_message /var/log/ums-mcp/audit.1
check 'sends after rotation' send two
# The reload goes on behind: until it is done the file that was moved away gets the lines.
for n in 1 2 3 4 5 6 7 8 9 10; do
	grep -q send_message /var/log/ums-mcp/audit && break
	sleep 1
	send "two-$n" >/dev/null 2>&1
done
check 'audited anew' has send_message /var/log/ums-mcp/audit
systemctl stop ums-mcp.service 2>/dev/null
check stopped is "$(systemctl is-active ums-mcp.service)" inactive
check 'the socket starts it' send three
check 'active again' is "$(systemctl is-active ums-mcp.service)" active

# ---- upgrade, while requests come
before=$(systemctl show -P MainPID ums-mcp.service)
rm -f /tmp/stop /tmp/lost /tmp/answered
load &
check upgrades install "$folder"/new/*.deb
sleep 1
touch /tmp/stop
wait $!
check 'another version' fails is "$(dpkg-query -W -f '${Version}' ums-mcp)" "$version"
check 'another process' fails is "$(systemctl show -P MainPID ums-mcp.service)" "$before"
echo "     answered during the upgrade: $(wc -l </tmp/answered)"
check 'no request is lost' test ! -e /tmp/lost
check 'some were made' test -s /tmp/answered
check 'still enabled' is "$(systemctl is-enabled ums-mcp.socket ums-mcp.service | tr '\n' ' ')" "enabled enabled "
check 'configuration kept' has '^auth = api_key' /etc/ums-mcp/ums-mcp.conf
check 'the new one beside' has '^# new in this version' /etc/ums-mcp/ums-mcp.conf.dpkg-dist
check 'known from before' send one
check 'not sent again' has '"idempotent_replay":true' /tmp/answer
check 'sends after the upgrade' send four

# ---- remove, purge
check removes apt-get -q -y remove ums-mcp
check ended is "$(systemctl is-active ums-mcp.socket ums-mcp.service | tr '\n' ' ')" "inactive inactive "
check 'nobody is left' fails pgrep -x ums-mcp
check 'configuration stays' test -s /etc/ums-mcp/ums-mcp.conf -a -s /etc/ums-mcp/ums.token
check 'state stays' test -s /var/lib/ums-mcp/state.key
systemctl stop test-service test-web
rm -rf /var/lib/test-service /run/web
check purges apt-get -q -y --purge autoremove ums-mcp ums-local
files >/tmp/after
check 'no file is left' diff /tmp/before /tmp/after
check 'nothing in /run' test ! -e /run/ums-mcp
check 'no user, no group' fails getent passwd ums-mcp
check 'no group' fails getent group ums-mcp
check 'no unit' fails systemctl cat ums-mcp.socket ums-mcp.service
check 'nothing of nobody' is "$(find / -xdev \( -path /proc -o -path "$folder" -o -path /tmp \) -prune -o \
    \( -nouser -o -nogroup \) -print)" ''

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
