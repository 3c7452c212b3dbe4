# SPDX-License-Identifier: MIT
"""observe.py - what Prometheus makes of a running bridge: its own Prometheus scrapes it, loads
the alert rules, and runs each query of Grafana's dashboard. And what the OpenTelemetry Collector makes of its log."""
import glob
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tests", "clients")]
from rig import Rig, free_ports, stop  # noqa: E402
from trial import Failed, Skipped, Trial, expect, run, until  # noqa: E402

RULES = os.path.join(TOP, "etc/prometheus/ums-mcp.rules.yml")
DASHBOARD = os.path.join(TOP, "etc/grafana/dashboards/ums-mcp.json")
UP_S, DATA_S = 60, 60


class Prometheus:
    """Debian's Prometheus with our rules; it reads the bridge's counters each second."""

    def __init__(self, targets):
        self.folder = tempfile.mkdtemp(prefix="observe.")
        self.port = free_ports(3)[2]
        with open(os.path.join(self.folder, "prometheus.yml"), "w") as f:
            json.dump({
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [RULES],
                "scrape_configs": [{"job_name": "ums-mcp",
                                    "static_configs": [{"targets": targets}]}],
            }, f)
        self.process = None

    def __enter__(self):
        with open(os.path.join(self.folder, "log"), "w") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file", self.folder + "/prometheus.yml",
                 "--storage.tsdb.path", self.folder + "/data", "--web.listen-address",
                 "127.0.0.1:%d" % self.port], stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path, **words):
        url = "http://127.0.0.1:%d/api/v1/%s?%s" % (self.port, path, urllib.parse.urlencode(words))
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]

    def query(self, text):
        """The samples of a query, each its labels and its value."""
        try:
            return [(s["metric"], float(s["value"][1])) for s in
                    self.get("query", query=text)["result"]]
        except urllib.error.HTTPError as e:
            raise Failed("%s: %s" % (text, e.read().decode()[:500])) from e


def call(rig, tool, **arguments):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
                       {"name": tool, "arguments": arguments}}).encode()
    request = urllib.request.Request(rig.url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["result"]


def use(rig):
    """Something of everything that is counted."""
    call(rig, "list_messages", limit=1)
    call(rig, "send_message", to=["bob"], text="Hello", idempotency_key="observe")
    call(rig, "get_message", message_id="no-such-message")
    call(rig, "list_messages", limit="many")
    try:
        urllib.request.urlopen(urllib.request.Request(rig.url, b"{", {
            "Content-Type": "application/json"}), timeout=30)
    except urllib.error.HTTPError:
        pass


# ====== rules

def rules_are_right(_rig, _prometheus):
    run("promtool", "check", "rules", RULES)


def compose_files_are_right(_rig, _prometheus):
    """What Prometheus reads in docker-compose.yml, behind nginx and behind lighttpd."""
    files = glob.glob(os.path.join(TOP, "etc/compose/prometheus*.yml"))
    expect(len(files) == 2, files)
    for path in files:
        run("promtool", "check", "config", path)


def rules_go_off(_rig, _prometheus):
    run("promtool", "test", "rules", os.path.join(TOP, "tests/observe/rules.test.yml"))


def rules_load(_rig, prometheus):
    """As Prometheus evaluates them on what the bridge says, and all is well."""
    groups = until(UP_S, lambda: prometheus.get("rules")["groups"], "no rules")
    rules = [r for g in groups for r in g["rules"]]

    def evaluated():
        now = [r for g in prometheus.get("rules")["groups"] for r in g["rules"]]
        return all(r["health"] != "unknown" for r in now) and now

    rules = until(UP_S, evaluated, "a rule is not evaluated")
    wrong = ["%s: %s" % (r["name"], r.get("lastError")) for r in rules if r["health"] != "ok"]
    expect(not wrong, wrong)
    firing = [r["name"] for r in rules if r.get("alerts") and
              any(a["state"] == "firing" for a in r["alerts"])]
    expect(not firing, firing)
    actions = [r["name"] for r in rules if r["type"] == "alerting" and
               not (r["annotations"].get("summary") and r["annotations"].get("action"))]
    expect(not actions, "without a summary and an action: %s" % actions)


# ====== what is scraped

def metrics_are_clean(rig, _prometheus):
    """promtool's own judgement of the page: names, types, help."""
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % rig.port, timeout=30) as answer:
        run("promtool", "check", "metrics", input=answer.read().decode())


def metrics_are_scraped(_rig, prometheus):
    until(UP_S, lambda: prometheus.query('up{job="ums-mcp"} == 1'), "it is not scraped")
    expect(prometheus.query("ums_mcp_workers{state=\"open\"}")[0][1] == 2, "not two workers")


# ====== the dashboard

def expressions():
    with open(DASHBOARD) as f:
        dashboard = json.load(f)
    return [(p["title"], t["expr"].replace("$instance", ".*"))
            for p in dashboard["panels"] for t in p["targets"]]


def dashboard_is_whole(_rig, _prometheus):
    """Ids differ, panels lie side by side, each says its unit and has a query."""
    with open(DASHBOARD) as f:
        panels = json.load(f)["panels"]
    expect(len({p["id"] for p in panels}) == len(panels), "two panels have one id")
    cells = set()
    for p in panels:
        at = p["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"])
               for y in range(at["y"], at["y"] + at["h"])}
        expect(not own & cells and at["x"] + at["w"] <= 24, p["title"] + ": lies on another")
        cells |= own
        expect(p["fieldConfig"]["defaults"]["unit"] and p["targets"], p["title"])


def dashboard_queries_run(rig, prometheus):
    """Each query gives samples, if the bridge counts what it asks for."""
    def counted():
        use(rig)
        return prometheus.query("sum(rate(ums_mcp_requests_total[1m])) > 0")

    until(DATA_S, counted, "nothing is counted")
    known = set(prometheus.get("label/__name__/values"))
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % rig.port, timeout=30) as answer:
        said = set(re.findall(r"^# TYPE (\S+)", answer.read().decode(), re.M))
    filled = 0
    for title, expr in expressions():
        names = set(re.findall(r"\bums_mcp_\w+", expr))
        for name in names:
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            expect(name in said or family in said, "%s: the bridge has no %s" % (title, name))
        samples = prometheus.query(expr)
        if names <= known and "503" not in expr:
            expect(samples, "%s: no samples of %s" % (title, expr))
        filled += bool(samples)
    print("     %d of %d queries have samples" % (filled, len(expressions())))
    expect(filled > len(expressions()) * 2 / 3, "most are empty")


# ====== the log, by way of the OpenTelemetry Collector

class Sink(http.server.BaseHTTPRequestHandler):
    """Takes what the collector sends by OTLP/HTTP."""

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.server.got.append((self.path, json.loads(self.rfile.read(size))))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def attributes(of):
    return {a["key"]: next(iter(a["value"].values())) for a in of["attributes"]}


def collector_sends_the_log(rig, _prometheus):
    """A request's line arrives as a record of the caller's trace; no line is lost."""
    code = subprocess.run([os.path.join(TOP, "scripts/collector")], stdout=subprocess.PIPE, text=True)
    if code.returncode == 3:
        raise Skipped(code.stdout.strip())
    expect(code.returncode == 0, code.stdout)
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    request = urllib.request.Request(rig.url, json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
         {"name": "get_message", "arguments": {"message_id": "no-such-message"}}}).encode(),
        {"Content-Type": "application/json", "traceparent": "00-%s-%s-01" % (trace, parent)})
    urllib.request.urlopen(request, timeout=30).read()
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    sink.got = []
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    more = os.path.join(rig.folder, "collector.json")
    with open(more, "w") as f:
        json.dump({"exporters": {"otlphttp": {"encoding": "json", "compression": "none"}},
                   "service": {"telemetry": {"metrics": {"level": "none"}}}}, f)
    with open(os.path.join(rig.folder, "collector.log"), "w") as log:
        collector = subprocess.Popen(
            [os.path.join(TOP, "build/otel/otelcol"), "--config",
             os.path.join(TOP, "etc/otel/collector.yml"), "--config", more], stdout=log, stderr=log,
            env=dict(os.environ, UMS_MCP_LOG=os.path.join(rig.state, "ums-mcp.log"),
                     OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:%d" % sink.server_port))
    try:
        def records():
            return [(attributes(r["resource"]), record) for path, body in list(sink.got)
                    if path == "/v1/logs" for r in body["resourceLogs"]
                    for s in r["scopeLogs"] for record in s["logRecords"]]

        resource, record = until(DATA_S, lambda: [
            r for r in records() if r[1].get("traceId") == trace], "no record of the trace")[0]
        with open(os.path.join(rig.state, "ums-mcp.log")) as f:
            lines = f.read().splitlines()
        until(DATA_S, lambda: len(records()) >= len(lines), "lines are lost")
    finally:
        stop(collector)
        sink.shutdown()
        sink.server_close()
    line = json.loads(next(text for text in lines if trace in text))
    said = attributes(record)
    expect(resource["service.name"] == "ums-mcp", resource)
    expect(record["spanId"] == line["id"] != parent, record)
    expect(record["severityNumber"] == 9 and record["body"] == {"stringValue": "request"}, record)
    expect(int(record["timeUnixNano"]) % 1000000000 // 1000000 == int(line["time"][-4:-1]), record)
    expect(said["mcp.method.name"] == "tools/call" and said["gen_ai.tool.name"] == "get_message" and
           said["error.type"] == "not_found" and float(said["http.response.status_code"]) == 200, said)
    expect(not {"trace", "id", "time", "level", "msg"} & set(said), said)


TESTS = [rules_are_right, compose_files_are_right, rules_go_off, rules_load, metrics_are_clean,
         metrics_are_scraped, dashboard_is_whole, dashboard_queries_run, collector_sends_the_log]


def main():
    wanted = sys.argv[1:]
    trial = Trial()
    rig = Rig("nginx", workers=2)
    with rig:
        with Prometheus(["127.0.0.1:%d" % rig.port]) as prometheus:
            for test in TESTS:
                if not wanted or test.__name__ in wanted:
                    trial.of(test, rig, prometheus)
    for problem in rig.problems():
        trial.fail(problem)
    if not trial.failed:
        rig.clean()
    return trial.end()


if __name__ == "__main__":
    sys.exit(main())
