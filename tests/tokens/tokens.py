#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a model reads, in tokens of o200k_base.

    tests/tokens/tokens.py [--record]

Answers: lists of 20 as the service gives them, as the bridge does, with `fields` where the tool has
it, and as tables. ums-local is started and filled; of the providers answers.py has the answers, which
a service on loopback gives to the bridge. All calls go through `ums-mcp stdio`. What is counted is what
a model is shown: the service's JSON without white space, as a plain proxy would pass it on, or the text
of our result. structuredContent beside it is the same JSON and is not counted again.

tools/list: the tools of each service file, counted and as the bridge estimates it.

--record writes the tables into RESULTS.md. The last line is "N passed, N failed[, N skipped]".
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "clients"), str(HERE.parent / "import")]
import answers  # noqa: E402
import table  # noqa: E402
from cases import Failure, Stub  # noqa: E402
from rig import Rig  # noqa: E402
from document import below, branches  # noqa: E402

SERVICES = ROOT / "etc" / "services"
PROGRAM = Path(os.environ.get("BUILD_DIR", ROOT / "build" / "release")) / "ums-mcp"
BUILT = ROOT / "build" / "tokens"
FIELDS = ["message_id", "from", "text", "created_at"]
CALL_S = 60
NEAR = 0.10     # an estimate may be off by that
# A result may be larger by that than an answer as terse as it: its names say more (contact_id for id),
# and it says what is untrusted.
MORE = 0.05

# Of a provider: tool, arguments, answer; where the document has such an answer, and its items in it.
CALLS = {
    "slack": [("slack_list_messages", {"channel": "C0123456789", "limit": 20}, answers.slack_messages,
               "/conversations.history", "/messages/0"),
              ("slack_list_people", {"limit": 20}, answers.slack_people, "/users.list", "/members/0")],
    "discord": [("discord_list_messages", {"channel_id": "1309874412345098240", "limit": 20},
                 answers.discord_messages, "/channels/{channel_id}/messages", "/0"),
                ("discord_find_person", {"guild_id": "1309874412345098241", "query": "a", "limit": 20},
                 answers.discord_people, "/guilds/{guild_id}/members/search", "/0")],
    "twilio": [("twilio_list_messages", {"limit": 20}, answers.twilio_messages,
                "/2010-04-01/Accounts/{AccountSid}/Messages.json", "/messages/0")],
    "matrix": [("matrix_list_messages", {"room_id": "!qXbTzGvLmRcKsYpWdN:example.org", "limit": 20},
                answers.matrix_messages, None, None)],
}
DOCUMENTS = {"slack": "slack_web_openapi_v2.json", "discord": "discord.json", "twilio": "twilio_api_v2010.json"}

passed, failed, skipped = 0, 0, 0


def check(holds, what, *more):
    global passed, failed
    passed += bool(holds)
    failed += not holds
    if not holds:
        print("FAIL " + what % more)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def count(texts):
    """How many tokens each text is."""
    done = subprocess.run(
        [str(BUILT / "venv/bin/node"), str(HERE / "count.mjs"), str(BUILT / "npm") + "/"], timeout=CALL_S,
        input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def talk(conf, messages, more=None):
    """The results of messages to one `ums-mcp stdio`, in their order."""
    lines = "".join(json.dumps(dict(m, jsonrpc="2.0", id=i)) + "\n" for i, m in enumerate(messages))
    done = subprocess.run([str(PROGRAM), "stdio", "-c", str(conf)], input=lines.encode(), timeout=CALL_S,
                          capture_output=True, env=dict(os.environ, **more or {}))
    found = {m["id"]: m for m in map(json.loads, done.stdout.splitlines())}
    if len(found) != len(messages) or any("result" not in m for m in found.values()):
        raise Failure("ums-mcp stdio: %s %s" % (done.stdout.decode(), done.stderr.decode()))
    return [found[i]["result"] for i in range(len(messages))]


def call(conf, calls, more=None):
    """The results of tools, [(name, arguments)]."""
    results = talk(conf, [{"method": "tools/call", "params": {"name": name, "arguments": arguments}}
                          for name, arguments in calls], more)
    for (name, _), result in zip(calls, results):
        if result.get("isError"):
            raise Failure("%s: %s" % (name, result["content"][0]["text"]))
    return results


class Answer:
    """One list in all its forms."""

    def __init__(self, name, own, plain, tabled):
        self.name = name
        self.texts = [compact(own)] + [r["content"][0]["text"] if r else None for r in (*plain, *tabled)]
        for as_json, as_table in zip(plain, tabled):
            if as_json is None:
                continue
            result, text, other = (as_json["structuredContent"], as_json["content"][0]["text"],
                                   as_table["content"][0]["text"])
            items = max((v for v in result.values() if isinstance(v, list)), key=len)
            check(len(items) == 20, "%s: %d items", name, len(items))
            check(text == compact(result), "%s: the text is the JSON", name)
            check(len(other.encode()) <= len(text.encode()), "%s: a table larger than JSON", name)
            # Cursors are sealed anew by each process.
            structured = as_table["structuredContent"]
            check(dict(structured, next_cursor="") == dict(result, next_cursor=""), "%s: another result", name)
            wrong = table.differs(other, structured) if not other.startswith("{") else "there is no table"
            check(wrong is None, "%s: %s", name, wrong)

    def row(self, tokens):
        """Of as many tokens as the texts are."""
        own, result, fields, tabled, both = tokens
        check(result <= own * (1 + MORE), "%s: the result is %d tokens, the service's answer %d", self.name, result, own)
        check(tabled <= result, "%s: the table is %d tokens, its JSON %d", self.name, tabled, result)
        if fields is not None:
            check(fields <= result, "%s: with fields it is %d tokens, else %d", self.name, fields, result)
            check(both <= fields, "%s: with fields a table is %d tokens, its JSON %d", self.name, both, fields)
        return [self.name, "{:,}".format(own)] + [
            "–" if n is None else "{:,} ({:.0f} %)".format(n, 100 * n / own) for n in (result, tabled, fields, both)]


def overlay(folder, service, names):
    """An overlay that has these tools give tables, as environment."""
    path = Path(folder) / (service + ".overlay.json")
    path.write_text(json.dumps({"tools": {name: {"text": "table"} for name in names}}))
    return {"UMS_MCP_SERVICE_%s_OVERLAY" % service.upper(): str(path)}


def fill(rig):
    """Twenty people, of whom one has a conversation with us; each of the rest has written once."""
    people = [rig.api("/contacts", {"name": name, "email": answers.handle(name) + "@example.com"})["id"]
              for name in answers.PEOPLE]
    thread = None
    for i, text in enumerate(answers.TEXTS):
        body = {"text": text} if thread is None else {"text": text, "thread_id": thread}
        sent = rig.api("/contacts/%s/messages" % people[0], body) if i % 3 == 0 else rig.api(
            "/messages", dict(body, to=[people[0]]))
        thread = sent["thread_id"]
    for who, text in zip(people[1:], answers.TEXTS[1:]):
        rig.api("/contacts/%s/messages" % who, {"text": text})
    return thread


def of_ums_local(folder):
    with Rig() as rig:
        thread = fill(rig)
        calls = [("list_messages", {"limit": 20}, "/messages?limit=20"),
                 ("get_thread", {"thread_id": thread, "limit": 20}, "/threads/%s/messages?limit=20" % thread),
                 ("search_messages", {"query": "the", "limit": 20}, "/messages/search?query=the&limit=20"),
                 ("list_threads", {"limit": 20}, "/threads?limit=20"),
                 ("find_contact", {"query": "example.com", "limit": 20}, "/contacts?query=example.com&limit=20")]
        conf = Path(rig.state) / "ums-mcp.conf"
        listed = talk(conf, [{"method": "tools/list"}])[0]["tools"]
        kinds = {t["name"]: t["inputSchema"].get("properties", {}) for t in listed}
        plain = [(name, arguments) for name, arguments, _ in calls]
        fewer = [(name, dict(arguments, fields=FIELDS)) for name, arguments in plain if "fields" in kinds[name]]
        tables = overlay(folder, "ums", [name for name, _ in plain])
        results = call(conf, plain + fewer)
        tabled = call(conf, plain + fewer, tables)
        own = [rig.api(path) for _, _, path in calls]
    for problem in rig.problems():
        check(False, "%s", problem)
    rig.clean()
    with_fields = [name for name, _ in fewer]
    for i, (name, _) in enumerate(plain):
        at = len(plain) + with_fields.index(name) if name in with_fields else None
        yield Answer("ums-local " + name, own[i], [results[i], results[at] if at else None],
                     [tabled[i], tabled[at] if at else None])


def write_conf(folder, service, url):
    """A configuration with one service file, beside which its secrets are; nobody speaks TLS here."""
    folder = Path(folder)
    spec = json.loads((SERVICES / (service + ".json")).read_text())
    spec.pop("tls", None)
    (folder / (service + ".json")).write_text(json.dumps(spec))
    for secret in spec["auth"].values():
        if isinstance(secret, dict):
            path = folder / secret["file"]
            path.write_text("Bearer-of-this-test\n")
            path.chmod(0o600)
    conf = folder / (service + ".conf")
    values = ["service.%s.values.%s = x\n" % (service, key) for key, v in spec.get("values", {}).items() if v is None]
    conf.write_text("auth = none\nservices = %s.json\nservice.%s.base_url = %s\nstore = %s.store\n%s" % (
        service, service, url, service, "".join(values)))
    return conf


def of_provider(folder, service):
    stub = Stub("")
    conf = write_conf(folder, service, "http://127.0.0.1:%d/api" % stub.port)
    for name, arguments, make, _, _ in CALLS[service]:
        own = make()
        stub.handler = lambda request, body=json.dumps(own): {"body": body}
        plain = call(conf, [(name, arguments)])
        tabled = call(conf, [(name, arguments)], overlay(folder, service, [name]))
        yield Answer("%s %s" % (service.capitalize(), name.split("_", 1)[1]), own, plain + [None], tabled + [None])
    stub.sock.close()


def has(document, schemas, value):
    """The names in a value that the document does not have there, as far as it says what is there."""
    if isinstance(value, list):
        return [n for v in value for n in has(document, below(document, schemas, "/0"), v)]
    told = any("properties" in s for schema in schemas for s in branches(document, schema))
    wrong = []
    for name, v in value.items() if told and isinstance(value, dict) else ():
        inner = below(document, schemas, "/" + name)
        wrong += has(document, inner, v) if inner else [name]
    return wrong


def hold_to_documents():
    """The providers' items are made of what their documents list."""
    global skipped
    for service, name in DOCUMENTS.items():
        path = Path(os.environ.get("OPENAPI", "")) / name
        if not os.environ.get("OPENAPI") or not path.exists():
            print("SKIP %s: OPENAPI does not name the folder of its document" % service)
            skipped += 1
            continue
        document = json.loads(path.read_text())
        for tool, _, make, at, items in CALLS[service]:
            answer = document["paths"][at]["get"]["responses"]["200"]
            schema = answer["schema"] if "schema" in answer else answer["content"]["application/json"]["schema"]
            own = make()
            for one in items.split("/")[1:]:
                own = own[int(one)] if one.isdigit() else own[one]
            # Of blocks Slack's document says that they have a type, and no more.
            own = {k: v for k, v in own.items() if k != "blocks"}
            wrong = has(document, below(document, [schema], items), own)
            check(not wrong, "%s: not in the document: %s", tool, wrong)


def of_lists(folder):
    """Rows on tools/list: a file's tools, counted and estimated."""
    rows, files = [], sorted(p for p in SERVICES.glob("*.json") if "tools" in json.loads(p.read_text()))
    for path in files:
        service = path.stem
        conf = write_conf(folder, service, "http://127.0.0.1:9/")
        tools = talk(conf, [{"method": "tools/list"}])[0]["tools"]
        text = compact(tools)
        said = subprocess.run([str(PROGRAM), "tools", "-c", str(conf)], capture_output=True, text=True, timeout=CALL_S)
        found = re.search(r"about (\d+) tokens \((\d+) bytes\)", said.stdout)
        check(found is not None, "%s: ums-mcp tools says %s %s", service, said.stdout, said.stderr)
        rows.append((path.name, len(tools), len(text.encode()), text, int(found.group(1))))
    counts = count([row[3] for row in rows])
    for (name, tools, size, _, guess), tokens in zip(rows, counts):
        check(abs(guess - tokens) <= NEAR * tokens, "%s: %d tokens, estimated as %d", name, tokens, guess)
        yield [name, "%d" % tools, "{:,}".format(size), "{:,}".format(tokens),
               "{:,} ({:+.1f} %)".format(guess, 100 * (guess - tokens) / tokens)]


def table_of(heads, rows):
    widths = [max(len(row[i]) for row in [heads] + rows) for i in range(len(heads))]
    lines = ["| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |"
             for row in [heads] + rows]
    rule = ["-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)]
    lines.insert(1, "|" + "|".join(rule) + "|")
    return "\n".join(lines)


def measure(folder):
    """Both tables."""
    found = list(of_ums_local(folder)) + [a for service in CALLS for a in of_provider(folder, service)]
    texts = [text for a in found for text in a.texts]
    counts = iter(count([text for text in texts if text is not None]))
    rows = [a.row([None if text is None else next(counts) for text in a.texts]) for a in found]
    return "%s\n\n%s" % (
        table_of(["20 of", "service's answer", "our result", "as a table", "with fields", "both"], rows),
        table_of(["tools/list of", "tools", "bytes", "tokens", "estimate"], list(of_lists(folder))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true")
    record = parser.parse_args().record
    with tempfile.TemporaryDirectory(prefix="ums-tokens.") as folder:
        hold_to_documents()
        try:
            said = measure(folder)
            print(said)
        except Failure as e:
            check(False, "%s", e)
    if record and failed == 0:
        package = json.loads((HERE / "package.json").read_text())["dependencies"]["gpt-tokenizer"]
        (HERE / "RESULTS.md").write_text(RESULTS % (date.today(), package, said))
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return failed > 0


RESULTS = """\
# Tokens

Written by `make tokens` (`scripts/tokens --record`) on %s; tokens of o200k_base (gpt-tokenizer %s).

%s

- `service's answer` is its JSON without white space, as a plain proxy would pass it on. Percentages are of it.
- `our result` is the text of the bridge's result: JSON by default, `as a table` with `"text": "table"`. Its names
  say more than those of a terse service (`contact_id` for `id`), and it says what is `untrusted`: so it may be a little
  larger than an answer from which nothing is left out.
- `with fields`: `message_id`, `from`, `text` and `created_at` of each message.
- ums-local was started and filled; the providers' answers are made of what their documents list (`answers.py`),
  Matrix's of what the specification has. All have the same 20 texts. Ids are new in each run of ums-local, which
  moves its figures by up to 4 %%.
- `tools` counts `server_info`, too. `estimate` is what `ums-mcp tools` says: four bytes are a token.
"""

if __name__ == "__main__":
    sys.exit(main())
