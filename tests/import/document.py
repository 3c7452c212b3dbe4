# SPDX-License-Identifier: MIT
"""What an OpenAPI or Swagger document has: operations, schemas, what is at a pointer."""
import re
from urllib.parse import urlsplit


def operation_of(document, base, request):
    """The document's operation for a request of the file, whose variables may have other names."""
    path = re.sub(r"\\{\w+\\}", r"\\{\\w+\\}", re.escape(base + urlsplit(request["url"]).path))
    found = [item for name, item in document["paths"].items() if re.fullmatch(path, name)]
    assert len(found) == 1, (path, len(found))
    own = found[0][request["method"].lower()]
    return dict(own, parameters=found[0].get("parameters", []) + own.get("parameters", []))


def branches(document, schema):
    """A schema and all that it may be instead, Slack's way of saying so among them."""
    if "$ref" in schema:
        target = document
        for name in schema["$ref"][2:].split("/"):
            target = target[name]
        schema = target
    other = schema["items"] if isinstance(schema.get("items"), list) else []
    below = [b for key in ("allOf", "oneOf", "anyOf") for b in schema.get(key, [])] + other
    return [schema] + [found for b in below for found in branches(document, b)]


def below(document, schemas, pointer):
    """The schemas of what is at a pointer."""
    for name in pointer.split("/")[1:]:
        schemas = [s for schema in schemas for s in branches(document, schema)]
        schemas = [s["properties"][name] for s in schemas if name in s.get("properties", {})] + [
            s["items"] for s in schemas if name.isdigit() and isinstance(s.get("items"), dict)]
    return schemas


def pointers(document, schemas, pick, at=""):
    """Of a pick each pointer, and whether the document has it there."""
    if isinstance(pick, str):
        yield at + pick, bool(below(document, schemas, pick))
    elif "pointer" in pick:
        yield at + pick["pointer"], bool(below(document, schemas, pick["pointer"]))
    elif "each" in pick:
        lists = below(document, schemas, pick["each"])
        items = [s[has] for schema in lists for s in branches(document, schema)
                 for has in ("items", "additionalProperties") if isinstance(s.get(has), dict)]
        yield at + pick["each"], bool(items)
        yield from pointers(document, items, pick["item"], at + pick["each"] + "/*")
    elif "last" not in pick and "argument" not in pick and "value" not in pick:
        for one in pick.values():
            yield from pointers(document, schemas, one, at)


def listed(document, base, request, wait):
    """The examples of errors that a document of ours has for a request of the file: (status, headers, body,
    the seconds to wait, which `wait` takes from headers and body of a 429)."""
    for status, answer in operation_of(document, base, request)["responses"].items():
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        headers = {name: str(header["example"]) for name, header in answer.get("headers", {}).items()}
        for kind in answer["content"].values():
            for example in kind.get("examples", {}).values():
                body = example["value"]
                yield int(status), headers, body, wait(headers, body) if status == "429" else None
