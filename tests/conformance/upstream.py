# SPDX-License-Identifier: MIT
"""upstream.py - the service behind fixtures.json, with what the conformance suite looks for.

usage: python upstream.py [--port N]

Listens on 127.0.0.1, prints its port as its one line, and serves until it is ended. It keeps
nothing between two requests but jobs and the version of the watched resource: what a later round
of questions needs is in request_state.

    GET or POST /tools/NAME, POST /prompts/NAME    an MCP result; what a POST may have is
        {"arguments": {...}, "input_responses": {...}, "request_state": "..."}
    POST /jobs                                     {"id"} of a job of {"kind", "seconds", ...}
    POST /jobs/ID                                  how it is, as an MCP result; it may ask back,
        and is told {"input_responses": {...}}
    DELETE /jobs/ID                                {"state"}: it is called off
    GET /resources/text, /resources/image          the bytes of a text and of an image
    GET /resources/watched                         {"contents": [...]}
    GET /resources/watched/change, .../count       {"version", "reads"}, after a change or not
    GET /resources/pushed                          as watched, told by the stream
    GET /resources/pushed/change, .../count, .../cut, .../noise    as above; the streams end, or say
        what nobody understands
    GET /events                                    a stream of {"name"}, event "changed"
    GET /resources/template/ID                     {"id", "is_template", "data"}
    GET /words?prefix=                             {"data": [{"name"}, ...]}
    GET /contacts?query=&limit=                    {"data": [{"id", "name"}, ...]}

An error is {"code", "message"}. A tool that streams answers who accepts text/event-stream with
its notifications and {"result": ...}, an event each; who does not, with the result alone.
"""
import argparse
import base64
import inspect
import io
import json
import queue
import struct
import threading
import time
import urllib.parse
import wave
import zlib
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAUSE_S = 0.05      # between two events of a stream
BODY_MAX = 1 << 20
CONTACTS = ["Alice", "Bob", "Carol"]
WORDS = ["paper", "paris", "park", "party", "pencil", "test", "testimony", "text"]


class Refused(Exception):
    """An error answer: its status, code and message."""


# ---- Content

def png():
    """An image of one red pixel."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


def wav():
    """A hundredth of a second of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(8000)
        f.writeframes(bytes(160))
    return out.getvalue()


def text(words):
    return {"type": "text", "text": words}


def media(kind, mime_type, data):
    return {"type": kind, "data": base64.b64encode(data).decode(), "mimeType": mime_type}


def resource(uri, mime_type, words):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": words}}


def content(*blocks):
    """The result of a tool."""
    return {"content": list(blocks)}


# ---- What a client is asked

# The member, and its type, without which a client's response answers nothing.
ANSWERS = {"elicitation/create": ("action", str), "roots/list": ("roots", list),
           "sampling/createMessage": ("content", (dict, list))}
ROOTS = {"method": "roots/list", "params": {}}


def form(message, required=(), **properties):
    """To be filled in by the user."""
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return {"method": "elicitation/create",
            "params": {"message": message, "requestedSchema": schema}}


def sample(prompt, max_tokens=100):
    """To be answered by the client's model."""
    return {"method": "sampling/createMessage", "params": {
        "messages": [{"role": "user", "content": text(prompt)}], "maxTokens": max_tokens}}


def input_required(requests, state=None):
    result = {"resultType": "input_required", "inputRequests": requests}
    return result if state is None else dict(result, requestState=state)


def answered(requests, responses):
    """Whether each request has a response of the right kind; others are passed over."""
    def fits(key, request):
        member, kind = ANSWERS[request["method"]]
        response = responses.get(key)
        return isinstance(response, dict) and isinstance(response.get(member), kind)
    return all(fits(key, request) for key, request in requests.items())


def filled(response):
    """What the user did with a form, in words."""
    return "action=%s, content=%s" % (response["action"], json.dumps(response.get("content", {})))


def field(response, name):
    """What the user put into a field of a form; else that there is nothing."""
    values = response.get("content") if response["action"] == "accept" else None
    return values.get(name) if isinstance(values, dict) and name in values else "nothing"


def sampled(response):
    """The text of what the client's model wrote."""
    blocks = response["content"]
    return "".join(block.get("text", "") for block in
                   (blocks if isinstance(blocks, list) else [blocks]))


def listed(response):
    return ", ".join(root["uri"] for root in response["roots"])


# ---- Tools and prompts: functions of a call that return a result, or yield a stream's messages

class Call:
    """What the bridge sent of one call."""

    def __init__(self, body):
        self.arguments = body.get("arguments", {})
        self.responses = body.get("input_responses", {})
        self.state = body.get("request_state")
        if not isinstance(self.arguments, dict) or not isinstance(self.responses, dict) or \
                not isinstance(self.state, (str, type(None))):
            raise Refused(400, "bad_request", "a member of the body has the wrong type")


def always(result):
    """A tool with one result."""
    return lambda call: result


def asking(requests, finish, state=None):
    """A tool that asks for `requests` (a dictionary, or a function of the arguments that returns
    one) until all are answered; finish(responses) is its result then."""
    def tool(call):
        asked = requests(call.arguments) if callable(requests) else requests
        if not answered(asked, call.responses):
            return input_required(asked, state)
        if call.state != state:
            raise Refused(400, "bad_state", "the responses came without the request_state")
        return finish(call.responses)
    return tool


def multi_round(call):
    """Asks twice; what the first round brought is in the state of the second."""
    state = json.loads(call.state or '{"step": 1}')
    if state["step"] == 1:
        asked = {"step1": form("Step 1: what is your name?", ["name"], name={"type": "string"})}
        if call.state is None or not answered(asked, call.responses):
            return input_required(asked, json.dumps(state))
        state = {"step": 2, "name": field(call.responses["step1"], "name")}
    asked = {"step2": form("Step 2: what is your favourite colour?", ["color"],
                           color={"type": "string"})}
    if not answered(asked, call.responses):
        return input_required(asked, json.dumps(state))
    return content(text("%s likes %s." % (state["name"], field(call.responses["step2"], "color"))))


def notification(method, **params):
    return {"jsonrpc": "2.0", "method": "notifications/" + method, "params": params}


def with_progress(call):
    for done in 0, 50, 100:
        yield notification("progress", progress=done, total=100, message="%d of 100" % done)
    yield {"result": content(text("Progress was made."))}


def with_logging(call):
    for what in "Tool execution started", "Tool processing data", "Tool execution completed":
        yield notification("message", level="info", logger="fixtures", data=what)
    yield {"result": content(text("The log was written."))}


def streaming_elicitation(call):
    yield notification("progress", progress=1, message="asking")
    yield {"result": ask_answer(call)}


def greet(call):
    return content(text("Hello, %s!" % call.arguments.get("name", "")))


def with_job(call):
    """Asks first, and then starts a job."""
    result = ask_name(call)
    if "content" in result:
        result["structuredContent"] = Job.start({"kind": "greeting", "name": field(
            call.responses["user_name"], "name"), "seconds": 1})
    return result


ask_name = asking({"user_name": form("What is your name?", ["name"], name={"type": "string"})},
                  lambda got: content(text("Hello, %s!" % field(got["user_name"], "name"))))
ask_model = asking({"capital_question": sample("What is the capital of France?")},
                   lambda got: content(text(sampled(got["capital_question"]))))
ask_answer = asking({"answer": form("Go on?", ["ok"], ok={"type": "boolean"})},
                    lambda got: content(text(filled(got["answer"]))))
ask_confirm = asking({"confirm": form("Please confirm.", ["ok"], ok={"type": "boolean"})},
                     lambda got: content(text("state-ok: " + filled(got["confirm"]))),
                     "to be confirmed")


def titled(*titles):
    return [{"const": "value%d" % (i + 1), "title": title} for i, title in enumerate(titles)]


DEFAULTS = form(
    "Check these values.",
    name={"type": "string", "default": "John Doe"},
    age={"type": "integer", "default": 30},
    score={"type": "number", "default": 95.5},
    status={"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    verified={"type": "boolean", "default": True})
ENUMS = form(
    "Choose.",
    untitledSingle={"type": "string", "enum": ["option1", "option2", "option3"]},
    titledSingle={"type": "string", "oneOf": titled("First", "Second", "Third")},
    legacyEnum={"type": "string", "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["One", "Two", "Three"]},
    untitledMulti={"type": "array",
                   "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
    titledMulti={"type": "array", "items": {"anyOf": titled("First", "Second", "Third")}})


# ---- Jobs: what takes longer than a call

def ask_yes(message):
    return form(message, ["confirm"], confirm={"type": "boolean"})


class Job:
    """Something that goes on until its time is over, and its questions are answered."""
    jobs, lock = {}, threading.Lock()
    QUESTIONS = {"deletion": {"confirm": ask_yes("Delete it?")},
                 "two_questions": {"first": ask_yes("The one?"), "second": ask_yes("The other?")}}

    def __init__(self, wanted):
        self.kind, self.name = wanted.get("kind"), wanted.get("name", "")
        self.due = time.monotonic() + wanted.get("seconds", 0)
        self.open = dict(self.QUESTIONS.get(self.kind, {}))
        self.called_off = False

    @classmethod
    def start(cls, wanted):
        with cls.lock:
            name = "job-%d" % (len(cls.jobs) + 1)
            cls.jobs[name] = cls(wanted)
        return {"job_id": name}

    def call_off(self):
        self.called_off = self.called_off or not self.is_over()
        return {"state": self.state()}

    def is_over(self):
        return not self.open and time.monotonic() >= self.due

    def state(self):
        return "called_off" if self.called_off else "done" if self.is_over() else "running"

    def show(self, call):
        for key in list(self.open):
            if answered({key: self.open[key]}, call.responses):
                self.open.pop(key, None)
        state = self.state()
        if state == "running" and self.open:
            return input_required(self.open)
        if state == "done" and self.kind == "failing":
            return dict(content(text("The job failed.")), isError=True)
        if state == "done" and self.kind == "vanishing":
            raise Refused(410, "gone", "nobody knows what became of the job")
        return dict(content(text("The job is %s. %s" % (state, self.name))),
                    structuredContent={"state": state})


TOOLS = {
    "greet": greet,
    "test_tool_with_task": with_job,
    "test_simple_text": always(content(text("This is a simple text response for testing."))),
    "test_image_content": always(content(media("image", "image/png", png()))),
    "test_audio_content": always(content(media("audio", "audio/wav", wav()))),
    "test_embedded_resource": always(content(resource(
        "test://embedded-resource", "text/plain", "This is an embedded resource content."))),
    "test_multiple_content_types": always(content(
        text("Multiple content types test:"), media("image", "image/png", png()),
        resource("test://mixed-content-resource", "application/json",
                 json.dumps({"test": "data", "value": 123})))),
    "test_error_handling": always(dict(content(text(
        "This tool intentionally returns an error for testing")), isError=True)),
    "test_tool_with_progress": with_progress,
    "test_tool_with_logging": with_logging,
    "test_logging_tool": with_logging,
    "test_streaming_elicitation": streaming_elicitation,
    "test_sampling": asking(
        lambda arguments: {"answer": sample(arguments.get("prompt", ""))},
        lambda got: content(text("LLM response: " + sampled(got["answer"])))),
    "test_missing_capability": ask_model,
    "test_elicitation": asking(
        lambda arguments: {"user": form(arguments.get("message", ""), ["username", "email"],
                                        username={"type": "string"}, email={"type": "string"})},
        lambda got: content(text("User response: " + filled(got["user"])))),
    "test_elicitation_sep1034_defaults": asking(
        {"values": DEFAULTS},
        lambda got: content(text("Elicitation completed: " + filled(got["values"])))),
    "test_elicitation_sep1330_enums": asking(
        {"choices": ENUMS},
        lambda got: content(text("Elicitation completed: " + filled(got["choices"])))),
    "test_input_required_result_elicitation": ask_name,
    "test_input_required_result_sampling": ask_model,
    "test_input_required_result_capabilities": ask_model,
    "test_input_required_result_list_roots": asking(
        {"client_roots": ROOTS},
        lambda got: content(text("Roots: " + listed(got["client_roots"])))),
    "test_input_required_result_request_state": ask_confirm,
    "test_input_required_result_tampered_state": ask_confirm,
    "test_input_required_result_multiple_inputs": asking(
        {"user_name": form("What is your name?", ["name"], name={"type": "string"}),
         "greeting": sample("Write a greeting.", 50), "client_roots": ROOTS},
        lambda got: content(text("%s %s (%s)" % (
            sampled(got["greeting"]), field(got["user_name"], "name"),
            listed(got["client_roots"])))),
        "three questions"),
    "test_input_required_result_multi_round": multi_round,
}
PROMPTS = {
    "test_input_required_result_prompt": asking(
        {"user_context": form("What is the prompt about?", ["context"],
                              context={"type": "string"})},
        lambda got: {"description": "A prompt with a context that was asked for.",
                     "messages": [{"role": "user", "content": text(
                         "The context: %s." % field(got["user_context"], "context"))}]}),
}


# ---- What is looked up

def words(query):
    return {"data": [{"name": word} for word in WORDS if word.startswith(query.get("prefix", ""))]}


def contacts(query):
    found = [{"id": name.lower(), "name": name} for name in CONTACTS
             if query.get("query", "").lower() in name.lower()]
    return {"data": found[:int(query.get("limit", len(found)))]}


class Watched:
    """A resource that changes when it is told to, and knows how often it was read."""

    def __init__(self, name, uri):
        self.name, self.uri = name, uri
        self.version = self.reads = 0
        self.lock = threading.RLock()

    def read(self, query):
        with self.lock:
            self.reads += 1
        return {"contents": [{
            "uri": self.uri, "mimeType": "text/plain",
            "text": "This is the content of the %s resource, version %d." % (
                self.name, self.version)}]}

    def count(self, query):
        return {"reads": self.reads, "version": self.version}

    def change(self, query):
        with self.lock:
            self.version += 1
        return self.count(query)

    def lookups(self):
        """What can be asked for, by path."""
        path = "/resources/" + self.name
        return {path: self.read, path + "/count": self.count, path + "/change": self.change}


class Pushed(Watched):
    """Another, whose changes streams tell at once."""

    def __init__(self, name, uri):
        super().__init__(name, uri)
        self.opened, self.seen, self.streams = 0, [], []

    def join(self, seen):
        """A new stream, which has seen the event of this id; its pieces come in a queue."""
        stream = queue.SimpleQueue()
        with self.lock:
            self.streams.append(stream)
            self.opened += 1
            self.seen.append(seen)
        return stream

    def leave(self, stream):
        with self.lock:
            self.streams.remove(stream)

    def say(self, piece):
        with self.lock:
            for stream in self.streams:
                stream.put(piece)

    def count(self, query):
        return dict(super().count(query), streams=len(self.streams), opened=self.opened,
                    seen=self.seen)

    def change(self, query):
        with self.lock:
            super().change(query)
            self.say(b'id: %d\nevent: changed\ndata: {"name": "%s"}\n\n' % (
                self.version, query.get("name", "one").encode()))
        return self.count(query)

    def noise(self, query):
        self.say(b"event: changed\ndata: no JSON\n\n: nothing\n\nevent: other\ndata: {}\n\n")
        return self.count(query)

    def cut(self, query):
        self.say(None)
        return self.count(query)

    def lookups(self):
        path = "/resources/" + self.name
        return dict(super().lookups(), **{path + "/noise": self.noise, path + "/cut": self.cut})


WATCHED = Watched("watched", "test://watched-resource")
PUSHED = Pushed("pushed", "test://pushed-resource/one")
LOOKUPS = {"/words": words, "/contacts": contacts, **WATCHED.lookups(), **PUSHED.lookups()}
FILES = {
    "/resources/text": ("text/plain; charset=utf-8",
                        b"This is the content of the static text resource."),
    "/resources/image": ("image/png", png()),
}


# ---- HTTP

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.serve(b"")

    def do_DELETE(self):
        self.serve(b"")

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_MAX:
            self.close_connection = True
            self.send(400, "application/json", b'{"code": "bad_request", "message": "no length"}')
            return
        self.serve(self.rfile.read(int(length)))

    def serve(self, body):
        try:
            self.answer(body)
        except Refused as e:
            status, code, message = e.args
            self.send_json({"code": code, "message": message}, status)

    def answer(self, body):
        path, _, query = self.path.partition("?")
        kind, name = (path.split("/", 2) + ["", ""])[1:3]
        callables = {"tools": TOOLS, "prompts": PROMPTS}.get(kind, {})
        if name in callables:
            self.run(callables[name], Call(parse(body)))
        elif path == "/jobs":
            self.send_json(Job.start(parse(body)))
        elif kind == "jobs" and name in Job.jobs:
            job = Job.jobs[name]
            self.send_json(job.call_off() if self.command == "DELETE" else
                           job.show(Call(parse(body))))
        elif path in FILES:
            self.send(200, *FILES[path])
        elif path in LOOKUPS:
            self.send_json(LOOKUPS[path](dict(urllib.parse.parse_qsl(query))))
        elif path == "/events":
            self.send_changes()
        elif path.startswith("/resources/template/"):
            which = urllib.parse.unquote(path.rpartition("/")[2])
            self.send_json({"id": which, "is_template": True, "data": "Data for ID: " + which})
        else:
            raise Refused(404, "not_found", "nothing is at " + path)

    def run(self, tool, call):
        result = tool(call)
        if not inspect.isgenerator(result):
            self.send_json(result)
        elif "text/event-stream" in self.headers.get("Accept", ""):
            self.send_events(result)
        else:
            *_, last = result
            self.send_json(last["result"])

    def send(self, status, mime_type, data):
        self.send_response(status, HTTPStatus(status).phrase)
        self.send_header("Content-Type", mime_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_json(self, value, status=200):
        self.send(status, "application/json", json.dumps(value).encode())

    def send_events(self, messages):
        """A stream: each message is a chunk that is on its way before the next is made."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for message in messages:
                event = b"data: %s\n\n" % json.dumps(message).encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                if "result" not in message:
                    time.sleep(PAUSE_S)
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionError:
            self.close_connection = True    # the call was given up

    def send_changes(self):
        """The stream of changes, until it is cut."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"retry: 200\n\n")
        said = PUSHED.join(self.headers.get("Last-Event-ID"))
        piece = b""
        try:
            while piece is not None:
                self.wfile.write(piece)
                try:
                    piece = said.get(timeout=1)
                except queue.Empty:
                    piece = b":\n\n"
        except ConnectionError:
            pass
        PUSHED.leave(said)

    def log_message(self, *_):
        pass


def parse(body):
    """The object that a request's body is; without a body an empty one."""
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise Refused(400, "bad_request", "the body is no JSON") from None
    if not isinstance(value, dict):
        raise Refused(400, "bad_request", "the body is no object")
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    options = parser.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", options.port), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


main()
