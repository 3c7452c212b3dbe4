#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ums-mcp import: small documents and the service files that they become, and all that it refuses.

    tests/import/test_import.py [--build DIR] [--write]

Each NAME.json or NAME.yaml of this folder is a document; NAME.expect is the exact service file, and
NAME.said what is told on standard error. --write makes these anew, to be looked at before they are
kept. Ends with "N passed, N failed".
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

passed = failed = 0


def check(what, good, more=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("FAIL %s\n%s" % (what, more))


class Import:
    """The program, and a folder to work in."""

    def __init__(self, build, tmp):
        self.program = str(build / "ums-mcp")
        self.tmp = tmp
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("UMS_MCP")}

    def run(self, *arguments):
        return subprocess.run([self.program, "import", *map(str, arguments)], cwd=self.tmp,
                              env=self.environment, capture_output=True, text=True, timeout=60)

    def write(self, document, name="api.json"):
        path = self.tmp / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    def load(self, text):
        """What `ums-mcp -t` says of a service file, its secret beside it: "" or the fault."""
        service = self.tmp / "service.json"
        service.write_text(text)
        secret = self.tmp / (json.loads(text)["name"] + ".token")
        secret.write_text("secret\n")
        done = subprocess.run([self.program, "-t"], cwd=self.tmp, capture_output=True, text=True,
                              timeout=60, env=dict(self.environment, UMS_MCP_AUTH="none",
                              UMS_MCP_STORE=str(self.tmp / "store"), UMS_MCP_SERVICES=str(service)))
        secret.unlink()
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def service(self, document, *arguments):
        """The service file of a document as a tree; it must load."""
        done = self.run(self.write(document), *arguments)
        check("a service file is written", done.returncode == 0, done.stderr)
        if done.returncode != 0:
            return {"tools": [{}]}
        fault = self.load(done.stdout)
        check("it loads", fault == "", fault + done.stdout)
        return json.loads(done.stdout)


# ---- whole documents

def documents(imp, write):
    for path in sorted(p for p in HERE.iterdir() if p.suffix in (".json", ".yaml") and
                       not p.name.startswith("package")):
        done = imp.run(path)
        said = done.stderr.replace(str(path), path.name)
        expect, told = path.with_suffix(".expect"), path.with_suffix(".said")
        if write:
            expect.write_text(done.stdout)
            told.write_text(said)
        check("%s: exit" % path.name, done.returncode == 0, done.stderr)
        check("%s: the service file" % path.name, done.stdout == expect.read_text(), done.stdout)
        check("%s: what is said" % path.name, said == told.read_text(), said)
        fault = imp.load(done.stdout)
        check("%s: loads" % path.name, fault == "", fault)


def own_document(imp):
    """The document of the reference service: all of it can be done but the bytes of a file."""
    done = imp.run(ROOT / "etc" / "services" / "ums.openapi.json")
    check("ums.openapi.json", done.returncode == 0 and " 1 left out;" in done.stderr and
          "GET /v1/attachments/{id}: responses: the answer is no JSON" in done.stderr, done.stderr)
    fault = imp.load(done.stdout) if done.returncode == 0 else "nothing was written"
    check("ums.openapi.json: loads", fault == "", fault)


def same_as_yaml(imp):
    """JSON is YAML: read as either it becomes the same."""
    text = (HERE / "shop.json").read_text()
    one, two = imp.run(imp.write(text)), imp.run(imp.write(text, "api.yml"))
    check("JSON as YAML", one.stdout == two.stdout and one.stdout != "", two.stderr)


# ---- documents of one operation, for what is to be looked at closely

def document(operation=None, path="/x", method="get", **more):
    operation = dict({"operationId": "x", "description": "X.", "responses": {}}, **(operation or {}))
    return dict({"openapi": "3.0.0", "info": {"title": "x", "version": "1"},
                 "servers": [{"url": "https://x.example"}], "paths": {path: {method: operation}}},
                **more)


def parameter(name, where="query", schema=None, **more):
    return dict({"name": name, "in": where, "schema": schema or {"type": "string"}}, **more)


def body(schema, kind="application/json", **more):
    return {"requestBody": dict({"content": {kind: {"schema": schema}}}, **more)}


LIST = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


def urls(imp):
    """Where parameters stand in the URL (RFC 6570)."""
    rows = [
        # path, parameters, url
        ("/a/{id}", [parameter("id", "path", required=True)], "/a/{id}"),
        ("/a/{user-id}/b", [parameter("user-id", "path", required=True)], "/a/{user_id}/b"),
        ("/a/{id}.json", [parameter("id", "path", required=True)], "/a/{id}.json"),
        ("/a/{id}", [parameter("id", "path", LIST, required=True)], "/a/{id}"),
        ("/a/{id}", [parameter("id", "path", LIST, required=True, style="label", explode=True)], "/a/{.id*}"),
        ("/a/{id}", [parameter("id", "path", required=True, style="matrix")], "/a/{;id}"),
        ("/a b/{id}?x=1", [parameter("id", "path", required=True), parameter("q")], "/a%20b/{id}?x=1{&q}"),
        ("/a", [parameter("q"), parameter("r", schema={"type": "integer"})], "/a{?q,r}"),
        ("/a", [parameter("q", schema=LIST)], "/a{?q*}"),
        ("/a", [parameter("q", schema=LIST, explode=False)], "/a{?q}"),
        ("/a", [parameter("q", schema=OBJECT)], "/a{?q*}"),
        ("/a", [parameter("q", schema=LIST, style="spaceDelimited", explode=True)], "/a{?q*}"),
        ("/a", [parameter("q", schema=LIST, style="spaceDelimited")], "/a"),
        ("/a/{id}", [parameter("id", "path", required=True), parameter("id")], "/a/{id_2}{?id}"),
        ("/a/{id}/{id}", [parameter("id", "path", required=True)], "/a/{id}/{id}"),
        ("/a/{what}", [], "/a/{what}"),
    ]
    for path, parameters, url in rows:
        tool = imp.service(document({"parameters": parameters}, path))["tools"][0]
        check("%s %s" % (path, parameters), tool.get("request", {}).get("url") == url, json.dumps(tool))


def queries(imp):
    """Parameters that no template can write under their names."""
    deep = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": LIST, "c": OBJECT}}
    many = [parameter("p%d" % i) for i in range(34)]
    rows = [
        # parameters, url, query, required
        ([parameter("page-size"), parameter("q")], "/x{?q}", {"page-size": "{page_size}"}, None),
        ([parameter("q[]", schema=LIST, required=True)], "/x", {"q[]": "{q}"}, ["q"]),
        ([parameter("a>"), parameter("a<"), parameter("a")], "/x{?a}", {"a>": "{a_gt}", "a<": "{a_lt}"}, None),
        ([parameter("a.b"), parameter("$c"), parameter("<>"), parameter("!")], "/x", {"a.b": "{a_b}", "$c": "{c}", "<>": "{lt_gt}", "!": "{argument}"}, None),
        ([parameter("confirm_token")], "/x", {"confirm_token": "{confirm_token_2}"}, None),
        ([parameter("f", schema=deep, style="deepObject")], "/x", {"f[a]": "{f_a}", "f[b]": "{f_b}"}, None),
        ([parameter("f", schema=deep, style="deepObject", required=True)], "/x", {"f[a]": "{f_a}", "f[b]": "{f_b}"}, ["f_a"]),
        ([parameter("a-b", schema=LIST, explode=False)], "/x", None, None),
        ([parameter("a-b", schema=OBJECT)], "/x", None, None),
        ([parameter("n" * 64), parameter("n" * 65)], "/x{?%s}" % ("n" * 64), {"n" * 65: "{%s}" % ("n" * 62)}, None),
        (many, "/x{?%s}" % ",".join("p%d" % i for i in range(32)), {"p32": "{p32}", "p33": "{p33}"}, None),
    ]
    for parameters, url, query, required in rows:
        tool = imp.service(document({"parameters": parameters}))["tools"][0]
        got = tool.get("request", {})
        check("query %s" % parameters, got.get("url") == url and got.get("query") == query and
              tool["inputSchema"].get("required") == required, json.dumps(tool))


def schemas(imp):
    """A body's property becomes this argument; up to 3.0 and from 3.1 on."""
    rows = [
        ("3.0.0", {"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
        ("3.0.0", {"type": "integer", "maximum": 1, "exclusiveMaximum": False}, {"type": "integer", "maximum": 1}),
        ("3.1.0", {"type": "number", "exclusiveMaximum": 1.50}, {"type": "number", "exclusiveMaximum": 1.5}),
        ("3.0.0", {"type": "string", "nullable": True}, {"type": "string"}),
        ("3.0.0", {"type": "array", "items": {"type": "string", "nullable": True}}, {"type": "array", "items": {"type": ["string", "null"]}}),
        ("3.0.0", {"type": "array", "items": {"type": "string", "nullable": True, "enum": ["a"]}},
         {"type": "array", "items": {"type": ["string", "null"], "enum": ["a", None]}}),
        ("3.0.0", {"type": "array", "items": {"nullable": True, "allOf": [{"type": "string"}]}},
         {"type": "array", "items": {"anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}]}}),
        ("3.1.0", {"type": ["string", "null"]}, {"type": "string"}),
        ("3.1.0", {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 2}]}, {"type": "integer", "minimum": 2}),
        ("3.1.0", {"const": 5}, {"const": 5}),
        ("3.0.0", {"const": 5}, {}),
        ("3.0.0", {"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {"propertyName": "x"}},
         {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ("3.0.0", {"type": "string", "format": "int64", "example": 1, "xml": {}, "externalDocs": {}, "x-y": 1, "title": "T"}, {"type": "string"}),
        ("3.0.0", {"type": "string", "format": "email"}, {"type": "string", "format": "email"}),
        ("3.0.0", {"type": "string", "pattern": "^(?<n>a)$"}, {"type": "string", "pattern": "^(?<n>a)$"}),
        ("3.0.0", {"type": "string", "pattern": "["}, {"type": "string"}),
        ("3.0.0", {"type": "any"}, {}),
        ("3.0.0", {"type": "string", "minLength": -1, "maxLength": 2.5, "enum": "a"}, {"type": "string"}),
        ("3.0.0", {"type": "object", "required": ["a", "b", "b"], "properties": {"a": {"readOnly": True}, "b": {"writeOnly": True}}},
         {"type": "object", "properties": {"b": {}}, "required": ["b"]}),
        ("3.0.0", {"type": "object", "additionalProperties": {"type": "integer"}}, {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("3.0.0", {"type": "object", "additionalProperties": False}, {"type": "object", "additionalProperties": False}),
        ("3.0.0", {"not": {"type": "string"}}, {}),
        ("3.0.0", {"description": "One. *Two* <b>bold</b> [three](http://x)! Four."},
         {"description": "One. Two bold three!"}),
    ]
    for version, schema, wanted in rows:
        tool = imp.service(document(body({"type": "object", "properties": {"p": schema}}), method="post",
                                    openapi=version))["tools"][0]
        got = tool.get("inputSchema", {}).get("properties", {}).get("p")
        check("%s %s" % (version, schema), got == wanted, json.dumps(got))


def answers(imp):
    """An answer's schema becomes these picks."""
    rows = [
        (OBJECT, {"a": "/a"}),
        ({"type": "object", "properties": {"a/b~": {}}}, {"a/b~": "/a~1b~0"}),
        ({"type": "array", "items": {}}, {"result": {"each": "", "item": ""}}),
        ({"type": "string"}, {"result": ""}),
        ({"type": "object", "additionalProperties": True}, {"result": ""}),
        ({"type": "object", "properties": {"value": {}}}, {"result": ""}),
        ({"type": "object", "properties": {"a": LIST, "b": LIST}}, {"a": {"each": "/a", "item": ""}, "b": "/b"}),
        ({"oneOf": [OBJECT, OBJECT]}, {"result": ""}),
        ({"type": "object", "properties": {"next_cursor": {}, "untrusted": {}}},
         {"service_next_cursor": "/next_cursor", "service_untrusted": "/untrusted"}),
        ({}, {"result": ""}),
    ]
    for schema, wanted in rows:
        tool = imp.service(document({"responses": {"200": {"description": "", "content": {
            "application/json": {"schema": schema}}}}}))["tools"][0]
        check("answer %s" % schema, tool.get("response") == wanted, json.dumps(tool))


def servers(imp):
    rows = [
        ({"servers": [{"url": "https://{a}.example/{b}", "variables": {"a": {"default": "q"}, "b": {"default": "v1"}}}]},
         "https://q.example/v1", None),
        ({"servers": [{"url": "/v1"}]}, "https://choose-a-host.invalid/v1", "names no host"),
        ({"servers": []}, "https://choose-a-host.invalid", "names no host"),
        ({"servers": [{"url": "https://{a}.example"}]}, "https://choose-a-host.invalid", "names no host"),
        ({"servers": [{"url": "https://a.example"}, {"url": "https://b.example"}]}, "https://a.example",
         "also has https://b.example"),
    ]
    for more, url, comment in rows:
        s = imp.service(document(**more))
        check("servers %s" % more, s.get("base_url") == url and (comment or "") in s.get("$comment", ""), json.dumps(s))


def auths(imp):
    file = {"file": "x.token"}
    rows = [
        ({"type": "http", "scheme": "Bearer"}, {"type": "bearer", "token": file}),
        ({"type": "http", "scheme": "basic"}, {"type": "basic", "username": "choose-a-user", "password": file}),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"type": "header", "header": "X-Key", "value": file}),
        ({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://i.example/t", "scopes": {}}}},
         {"type": "oauth2", "grant": "client_credentials", "token_url": "https://i.example/t",
          "client_id": "choose-a-client", "client_secret": file}),
        ({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "http://i.example/t", "scopes": {}}}},
         {"type": "bearer", "token": file}),
        ({"type": "openIdConnect", "openIdConnectUrl": "https://i.example"}, {"type": "bearer", "token": file}),
        ({"type": "http", "scheme": "digest"}, None),
        ({"type": "apiKey", "in": "query", "name": "k"}, None),
        ({"type": "mutualTLS"}, None),
    ]
    for scheme, wanted in rows:
        s = imp.service(document(components={"securitySchemes": {"s": scheme}}, security=[{"s": []}]))
        check("auth %s" % scheme, s.get("auth") == wanted, json.dumps(s))
        check("auth %s: said" % scheme, wanted is not None or "which the bridge cannot do" in s.get("$comment", ""))
    s = imp.service(document(components={"securitySchemes": {"a": {"type": "apiKey", "in": "query", "name": "k"},
                                                             "b": {"type": "http", "scheme": "bearer"}}},
                             security=[{"a": []}, {"b": []}]))
    check("the first that can be done", s.get("auth", {}).get("type") == "bearer" and '"a"' in s["$comment"])


def yaml(imp):
    """Scalars of YAML's core schema, as the default of an argument."""
    text = """\
openapi: 3.0.0
info: {title: x}
servers: [{url: 'https://x.example'}]
paths:
  /x:
    get:
      description: X.
      parameters:
      - name: p
        in: query
        schema:
          default: %s
      responses: {}
"""
    rows = [
        ("true", True), ("True", True), ("FALSE", False), ("yes", "yes"), ("on", "on"), ("~", None), ("NULL", None),
        ("12", 12), ("+12", 12), ("-012", -12), ("0o17", 15), ("0x1F", 31), ("017", 17), ("1.50", 1.5), (".5", .5), ("5.", 5),
        ("1e3", 1000), ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("!!int 12", 12), ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"), ("0b1", "0b1"), ("12:30", "12:30"), (">-\n            a\n            b", "a b"),
    ]
    for written, value in rows:
        done = imp.run(imp.write(text % written, "api.yaml"))
        tool = json.loads(done.stdout)["tools"][0] if done.returncode == 0 else {}
        got = tool.get("inputSchema", {}).get("properties", {}).get("p", {}).get("default", "none")
        check("YAML %r" % written, got == value and isinstance(got, bool) == isinstance(value, bool), "%r\n%s" % (got, done.stderr))
    head = "openapi: 3.0.0\ninfo: {title: x}\n"
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        "%s: &%s [%s]\n" % (b, b, ",".join(["*" + a] * 10)) for a, b in zip("abcdefgh", "bcdefghi"))
    deep = "a0: &a0 [1]\n" + "".join("a%d: &a%d [*a%d]\n" % (i, i, i - 1) for i in range(1, 80))
    refused = [
        (head + "paths: {}\npaths: {}\n", r"api.yaml:\d+:\d+: this mapping has the key \"paths\" twice"),
        (head + bomb, r"too many values, with what aliases repeat"),
        (head + deep, r"nested too deeply, with what aliases repeat"),
        (head + "x: &a [*a]\n", r"an alias of what it stands in"),
        (head + "x: *b\n", r"alias"),
        (head + "x: !!binary aGk=\n", r"a tag or a number that JSON has nothing for"),
        (head + "x: !thing {}\n", r"a tag that JSON has no type for"),
        (head + "x: !!int a\n", r"a tag or a number"),
        (head + "x: .inf\n", r"a tag or a number"),
        (head + "? [a]\n: b\n", r"a key must be a scalar"),
        (head + "<<: {a: b}\n", r"\"<<\" is of YAML 1.1"),
        (head + "x: \"a\\0b\"\n", r"U\+0000"),
        (head + "x: [\n", r"api.yaml:\d+:\d+: "),
        (head + "---\na: b\n", r"a second document"),
        (head + "x: " + "[" * 70 + "]" * 70 + "\n", r"nested too deeply"),
        ("", r"no document"),
        ("a: \xe9\n".encode("latin-1").decode("latin-1"), r"is none of OpenAPI"),
    ]
    for document_text, why in refused:
        done = imp.run(imp.write(document_text, "api.yaml"))
        check("YAML refused: %r" % document_text[:60], done.returncode == 100 and re.search(why, done.stderr),
              done.stderr)


# ---- what is refused

def refused(imp):
    """In a bulk import it is left out and named; by name it is an error."""
    post = {"method": "post"}
    rows = [
        # what of document(), in the message
        (dict(operation=body(OBJECT, "multipart/form-data"), **post), "requestBody: neither JSON nor a form, but multipart/form-data"),
        (dict(operation=body(OBJECT, "application/octet-stream"), **post), "but application/octet-stream"),
        (dict(operation=body(OBJECT, "application/xml"), **post), "but application/xml"),
        (dict(operation={"requestBody": {}}, **post), "requestBody: has no content"),
        (dict(operation={"requestBody": {"content": [{}]}}, **post), "requestBody: has no content"),
        (dict(operation={"requestBody": {"content": {"application/json": {}}}}, **post), "requestBody: has no schema"),
        (dict(operation=body(LIST, "application/x-www-form-urlencoded"), **post), "a form whose members are not listed"),
        (dict(operation=body({"type": "object", "required": ["a"], "properties": {"a": OBJECT}}, "application/x-www-form-urlencoded"), **post),
         "body: \"a\" is required, and a form has no objects"),
        (dict(operation=body(OBJECT)), "requestBody: the bridge sends none with a GET"),
        (dict(operation={"parameters": [parameter("c", "cookie", required=True)]}), "cookie: \"c\" is required, and the bridge sends no cookies"),
        (dict(operation={"parameters": [parameter("q", schema=LIST, required=True, style="pipeDelimited", explode=False)]}),
         "query: \"q\" is required, and its style is neither"),
        (dict(operation={"parameters": [parameter("q", schema={"type": "object"}, required=True, style="deepObject")]}), "its members are not listed"),
        (dict(operation={"parameters": [parameter("q-r", schema=LIST, required=True, explode=False)]}), "no template can have this name"),
        (dict(operation={"parameters": [{"name": "q", "in": "query", "required": True, "content": {}}]}), "it has \"content\""),
        (dict(operation={"parameters": [parameter("q", schema={"type": "array", "items": OBJECT}, required=True)]}), "a list of lists or objects"),
        (dict(operation={"parameters": [parameter("a_b", "header", required=True)]}), "header: \"a_b\" is required"),
        (dict(operation={"parameters": [parameter("H", "header", LIST, required=True)]}), "it is a list or an object"),
        (dict(operation={"parameters": [{"name": "q"}]}), "parameters: one has no \"name\" or no \"in\""),
        (dict(operation={"parameters": [{"$ref": "other.json#/a"}]}), "\"$ref\": \"other.json#/a\" leads out of the document"),
        (dict(operation={"parameters": [{"$ref": "#/nowhere"}]}), "\"#/nowhere\" leads nowhere"),
        (dict(operation={"parameters": [{"$ref": "#/paths/~1x/get/parameters/0"}]}), "a chain of more than 16"),
        (dict(operation=body({"$ref": "https://x.example/s.json"}), **post), "leads out of the document"),
        (dict(operation=body({"type": "object", "properties": {"a": {"$ref": "s.yaml"}}}), **post), "\"s.yaml\" leads out"),
        (dict(operation=body({"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "s.yaml"}}}}), **post), "\"s.yaml\" leads out"),
        (dict(operation=body({"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}), components={
            "schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}}, **post), "leads back to itself"),
        (dict(operation={"responses": {"200": {"description": "", "content": {"text/csv": {}}}}}), "responses: the answer is no JSON, but text/csv"),
        (dict(operation={"responses": {"307": {"description": ""}, "404": {"description": ""}}}), "responses: a redirect"),
        (dict(operation={"callbacks": {"done": {}}}, **post), "callbacks: the service would call back"),
        (dict(operation={"servers": [{"url": "https://other.example"}]}), "servers: \"https://other.example\" is another"),
        (dict(method="trace"), "the bridge makes no TRACE requests"),
        (dict(method="options"), "the bridge makes no OPTIONS requests"),
        (dict(path="x"), "path: must begin with '/'"),
        (dict(path="/x#y"), "path: must begin with '/' and have no '#'"),
        (dict(path="/x{y"), "path: a brace that is not part of {name}"),
        (dict(path="/" + "y" * 9000), "path: longer than 8192 bytes"),
    ]
    for make, why in rows:
        doc = document(**make)
        named = "%s %s" % (make.get("method", "get").upper(), make.get("path", "/x"))
        done = imp.run(imp.write(doc), "--operation", "x")
        short = named[:100]
        check("by name: %s" % why, done.returncode == 100 and done.stdout == "" and short in done.stderr and why in done.stderr,
              done.stderr[:2000])
        doc["paths"]["/good"] = {"get": {"operationId": "good", "responses": {}}}
        done = imp.run(imp.write(doc))
        check("in bulk: %s" % why, done.returncode == 0 and "left out: " + short in done.stderr and why in done.stderr and
              "1 tools written, 1 left out" in done.stderr, done.stderr[:2000])


def whole(imp):
    """What ends an import."""
    many = document()
    many["paths"] = {"/x%d" % i: {"get": {"responses": {}, "tags": ["t"] if i < 3 else []}} for i in range(1025)}
    large = document()
    large["paths"] = {"/x%d" % i: {"post": dict(body({"type": "object", "properties": {
        "p%d" % k: {"enum": ["x" * 50] * 50} for k in range(10)}}), responses={})} for i in range(200)}
    rows = [
        ("{", (), r"api.json:1:2: not JSON"),
        ('{"a": 1, "a": 2}', (), r"not JSON"),
        ("[]", (), r"none of OpenAPI 3.0"),
        ({"openapi": "3.2.0", "paths": {}}, (), r"none of OpenAPI 3.0"),
        ({"swagger": "1.2"}, (), r"none of OpenAPI 3.0"),
        ({"openapi": "3.0.0"}, (), r"/paths: must be an object"),
        ({"openapi": "3.0.0", "paths": {}}, (), r"/paths: has no operation"),
        ({"openapi": "3.0.0", "paths": {"/x": {"$ref": "x.json"}}}, (), r"/paths: \"/x\": .*leads out of the document"),
        (document({"description": "a\0b"}), (), r"has U\+0000"),
        (document(method="trace"), (), r"none of its operations can be done"),
        (document(), ("--tag", "t"), r"no operation has the tag \"t\""),
        (document(), ("--operation", "y"), r"no operation is \"y\": give an operationId"),
        (document(), ("--operation", "get /x"), r"no operation is \"get /x\""),
        (many, (), r"more than 1024 operations, .* choose with --tag or --operation"),
        (large, (), r"would be longer than 4 MB; choose fewer operations with --tag or --operation"),
    ]
    for doc, arguments, why in rows:
        done = imp.run(imp.write(doc), *arguments)
        check("refused: %s" % why, done.returncode == 100 and done.stdout == "" and re.search(why, done.stderr), done.stderr)
    check("of many some", len(imp.service(many, "--tag", "t")["tools"]) == 3)
    done = imp.run(imp.tmp / "none.json")
    check("no file", done.returncode == 100 and "none.json: cannot be read" in done.stderr, done.stderr)
    for arguments in ((), ("a", "b"), ("--nothing", "a")):
        done = imp.run(*arguments)
        check("usage %s" % (arguments,), done.returncode == 100 and "usage: ums-mcp import" in done.stderr, done.stderr)
    for arguments in (("-h",), ("--help", "a")):
        done = imp.run(*arguments)
        check("help %s" % (arguments,), done.returncode == 0 and done.stderr == "" and
              done.stdout.startswith("usage: ums-mcp import"), done.stderr)


def choices(imp):
    """--tag and --operation, together what either asks for; names; the token count; -o."""
    doc = document()
    doc["paths"] = {
        "/a": {"get": {"tags": ["one"], "responses": {}}, "post": {"operationId": "listAPIKeys.all", "responses": {}}},
        "/b/{id}": {"put": {"tags": ["one", "two"], "operationId": "b" * 90, "responses": {}},
                    "get": {"operationId": "list_api_keys_all", "responses": {}}},
        "/c": {"get": {"operationId": "\u00e9\u00e9", "responses": {}}},
    }
    names = ["get_a", "list_api_keys_all", "b" * 64, "list_api_keys_all_2", "get_c"]
    got = [t["name"] for t in imp.service(doc)["tools"]]
    check("names", got == names, got)
    rows = [(("--tag", "one"), [0, 2]), (("--tag", "two"), [2]), (("--tag", "two", "--operation", "GET /a"), [0, 2]),
            (("--operation", "GET /b/{id}"), [3]), (("--operation", "listAPIKeys.all", "--operation", "GET /c"), [1, 4])]
    for arguments, which in rows:
        got = [t["request"]["url"] + t["request"]["method"] for t in imp.service(doc, *arguments)["tools"]]
        every = [t["request"]["url"] + t["request"]["method"] for t in imp.service(doc)["tools"]]
        check("%s" % (arguments,), got == [every[i] for i in which], got)
    out = imp.tmp / "out.json"
    done = imp.run(imp.write(doc), "-o", out)
    check("-o", done.returncode == 0 and done.stdout == "" and len(json.loads(out.read_text())["tools"]) == 5, done.stderr)
    check("-o: others may read it", out.stat().st_mode & 0o777 == 0o666 & ~umask(), oct(out.stat().st_mode))
    check("few tokens are not spoken of", "tokens" not in done.stderr, done.stderr)
    done = imp.run(imp.write(doc), "-o", imp.tmp / "none" / "x.json")
    check("-o where nothing can be", done.returncode == 100 and "cannot be written" in done.stderr, done.stderr)
    for i in range(120):
        doc["paths"]["/d%d" % i] = {"get": {"description": "Some words of it. " * 9, "responses": {}}}
    done = imp.run(imp.write(doc))
    said = re.search(r"tools/list has about (\d+) tokens", done.stderr)
    check("many tokens are", said is not None and 4000 < int(said.group(1)) < 20000, done.stderr)


def umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.environ.get("BUILD_DIR", ROOT / "build" / "release"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ums-import.") as tmp:
        imp = Import(Path(options.build).resolve(), Path(tmp))
        documents(imp, options.write)
        for part in (own_document, same_as_yaml, urls, queries, schemas, answers, servers, auths, yaml, refused, whole, choices):
            part(imp)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
