# SPDX-License-Identifier: MIT
"""late.py - how late the events of a stream are at the client, through a web server.

usage: python late.py [--server lighttpd|nginx] [NAME...]

The service says what time it is, as in bulk.py; half of what is heard may be LATE_MS late.
"""
import json
import os
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "clients"))
sys.path.insert(0, HERE)
from bulk import LATE_MS, SERVICE, Streams  # noqa: E402
from streams import expect, run  # noqa: E402

STREAMS, SECONDS = 20, 6
streams = Streams(STREAMS, SECONDS)
folder = tempfile.TemporaryDirectory(prefix="ums-late.")
service = os.path.join(folder.name, "clock.json")
with open(service, "w") as f:
    json.dump(dict(SERVICE, base_url="http://127.0.0.1:%d" % streams.service_port), f)


def late_events(rig):
    """Each event is passed on as it comes."""
    streams.port = rig.port
    streams.start()
    streams.join()
    late = sorted(1000 * s for s in streams.late)
    expect(streams.ended == STREAMS and len(late) > STREAMS * SECONDS,
           "%d streams ended, %d events" % (streams.ended, len(late)))
    print("%s: %d events of %d streams, sent to received: median %.1f ms, p99 %.1f ms" % (
        rig.server, len(late), STREAMS, statistics.median(late), late[len(late) * 99 // 100]))
    expect(statistics.median(late) <= LATE_MS, "the median is %.1f ms" % statistics.median(late))


if __name__ == "__main__":
    sys.exit(run(__doc__, globals(), "late_", workers=2,
                 environment={"UMS_MCP_SERVICES": "%s %s" % (
                     os.path.join(HERE, "../../etc/services/ums.json"), service)}))
