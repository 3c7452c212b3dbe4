#!/bin/sh
# SPDX-License-Identifier: MIT
#
# spawn-fcgi.sh - two ums-mcp without a master, on one socket, under spawn-fcgi and multiwatch.
#
# usage: spawn-fcgi.sh          in the foreground, for an init script or a terminal
# spawn-fcgi makes the socket and becomes multiwatch, which starts a process that has ended
# again. Exit: 100 if the configuration is wrong.
#
# Reload: HUP to the processes, not to multiwatch, which would end:
#         pkill -HUP -P "$(cat /run/ums-mcp/multiwatch.pid)"
#         Each checks the configuration and, if it is good, drains and is started anew.
# Stop:   TERM to multiwatch.
#
# A process that is replaced reads the file again, so check with "ums-mcp -t" what you save.
set -u

program=/usr/local/bin/ums-mcp
config=/etc/ums-mcp/ums-mcp.conf
run=/run/ums-mcp
lib=/var/lib/ums-mcp
# Who runs it, and the group of the web server. Empty: as whoever calls this.
user=ums-mcp
group=www-data

# These stand above the configuration. The socket is descriptor 0; counters and the key of the
# cursors are kept for all processes alike.
export UMS_MCP_LISTEN= UMS_MCP_BOARD=$run/board UMS_MCP_STATE_KEY=$lib/state.key

if [ "${1-}" = process ]; then
	# multiwatch starts again at once: what cannot work waits here, until it is mended.
	"$program" -c "$config" -t >/dev/null || exec sleep 5
	exec "$program" -c "$config" --workers 0
fi

"$program" -c "$config" -t >/dev/null || exit 100
if [ -n "$user" ]; then
	install -d -o "$user" -g "$group" -m 0750 "$run" "$lib" || exit 111
	user="-u $user -g $user -U $user -G $group"
fi
# The process goes on as spawn-fcgi and then as multiwatch; its number stays.
echo $$ >"$run/multiwatch.pid" || exit 111
# -t 0: an end is an end, however soon; it is never counted as a failed start. The processes are
# told USR1, with which ums-mcp drains: multiwatch 1.0.0 mistakes the names of its option -s.
# shellcheck disable=SC2086
exec spawn-fcgi $user -s "$run/ums-mcp.sock" -M 0660 -b 4096 -n -- \
    /usr/bin/multiwatch -f 2 -t 0 -- /bin/sh "$0" process
