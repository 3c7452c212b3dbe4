# SPDX-License-Identifier: MIT
"""Values that a JSON Schema of a tool takes, made from the schema alone.

    arguments(schema, full=False)     what is required
    arguments(schema, full=True)      all arguments, and all members in them down to DEPTH

Strings follow patterns and formats. What a schema cannot have (two branches of allOf that exclude
each other, a pattern with a look-around) is a ValueError.
"""
import re
from re import _constants as sre, _parser as parser

DEPTH = 4       # levels at which what is optional is still given

FORMATS = {
    "date-time": "2026-11-28T12:00:00Z", "date": "2026-11-28", "time": "12:00:00Z", "duration": "PT1M",
    "uri": "https://example.org/x", "uri-reference": "/x", "email": "anna@example.org",
    "uuid": "123e4567-e89b-42d3-a456-426614174000", "hostname": "example.org", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
CATEGORIES = {sre.CATEGORY_DIGIT: "7", sre.CATEGORY_WORD: "w", sre.CATEGORY_SPACE: " ",
              sre.CATEGORY_NOT_SPACE: "x", sre.CATEGORY_NOT_DIGIT: "x", sre.CATEGORY_NOT_WORD: "-"}


def text_of(parsed, more, turn):
    """A text for a parsed pattern; `more` repetitions where it leaves the number open, the branch and
    the character that is the turn's where it leaves a choice."""
    out = []
    for op, value in parsed:
        if op is sre.LITERAL:
            out.append(chr(value))
        elif op is sre.NOT_LITERAL:
            out.append("x" if value != ord("x") else "y")
        elif op is sre.ANY:
            out.append("a")
        elif op is sre.IN:
            out.append(member_of(value, turn))
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, inner = value
            out += [text_of(inner, more, turn)] * min(max(low, more), high)
        elif op is sre.SUBPATTERN:
            out.append(text_of(value[3], more, turn))
        elif op is sre.BRANCH:
            out.append(text_of(value[1][turn % len(value[1])], more, turn))
        elif op is not sre.AT:
            raise ValueError("no text for %s of a pattern" % op)
    return "".join(out)


def member_of(items, turn):
    """A character of a class."""
    if items[0][0] is sre.NEGATE:
        for c in "ab0-_ ":
            if not any(op is sre.LITERAL and value == ord(c) or
                       op is sre.RANGE and value[0] <= ord(c) <= value[1] or
                       op is sre.CATEGORY and re.match(r"\s", c) and value is sre.CATEGORY_SPACE
                       for op, value in items[1:]):
                return c
        raise ValueError("no character for a class")
    op, value = items[0]
    if op is sre.RANGE:
        return chr(value[0] + turn % (value[1] - value[0] + 1))
    return chr(value) if op is sre.LITERAL else CATEGORIES[value]


def string(schema, turn):
    low, high = schema.get("minLength", 0), schema.get("maxLength", 1 << 30)
    if "pattern" in schema:
        parsed = parser.parse(schema["pattern"])
        for more in list(range(1, 70)) + [0]:
            text = text_of(parsed, more, turn)
            if low <= len(text) <= high and re.search(schema["pattern"], text):
                return text
        raise ValueError("no text for the pattern %s of %d to %d characters" % (schema["pattern"], low, high))
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    text = "text%s" % (turn or "")
    return text[-high:] if low <= len(text) else text + "t" * (low - len(text))


def number(schema, turn):
    """The turn's number from 0 on, or from the least that there may be."""
    step = schema.get("multipleOf", 1)
    value = max(0, schema.get("minimum", 0), schema.get("exclusiveMinimum", -step) + step)
    most = min(schema.get("maximum", value), schema.get("exclusiveMaximum", value + step) - step)
    value = min(value, most)
    return value + turn * step


def merged(root, schema, depth):
    """A schema with its $ref and allOf put in, and the first branch of anyOf that can be."""
    schema = dict(schema)
    if depth > 40:
        raise ValueError("a schema without an end")
    if "$ref" in schema:
        target = root
        for part in schema.pop("$ref")[2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        schema = dict(merged(root, target, depth + 1), **schema)
    for branch in schema.pop("allOf", []):
        other = merged(root, branch, depth + 1)
        members = dict(other.get("properties", {}), **schema.get("properties", {}))
        required = other.get("required", []) + schema.get("required", [])
        schema = dict(other, **schema)
        schema.update({"properties": members} if members else {}, **({"required": required} if required else {}))
    branches = schema.pop("anyOf", [])
    for branch in sorted(branches, key=lambda b: b.get("type") == "null"):
        other = merged(root, branch, depth + 1)
        if "enum" in schema and "const" in other and other["const"] not in schema["enum"]:
            continue
        return dict(schema, **other)
    return schema


def value(root, schema, full, depth=0, turn=0):
    schema = merged(root, schema, 0)
    if depth > 12:
        raise ValueError("a value without an end")
    if "enum" in schema:
        return next(v for v in schema["enum"] if v is not None)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next(k for k in kind if k != "null")
    if kind == "object":
        required = schema.get("required", [])
        out = {name: value(root, below, full, depth + 1) for name, below in schema.get("properties", {}).items()
               if name in required or (full and depth < DEPTH)}
        for i in range(len(out), schema.get("minProperties", 0)):
            out["key%d" % i] = value(root, schema.get("additionalProperties", {}), full, depth + 1)
        return out
    if kind == "array":
        low, high = schema.get("minItems", 0), schema.get("maxItems", 1 << 30)
        item = merged(root, schema.get("items", {}), 0)
        most = [v for v in item["enum"] if v is not None] if "enum" in item else None
        # Two, for one in a form is no list to the mock.
        count = max(low, min(2, high) if full and depth < DEPTH else 0)
        made = [most[i % len(most)] if most else value(root, item, full, depth + 1, i) for i in range(count)]
        different = [v for i, v in enumerate(made) if v not in made[:i]]
        if schema.get("uniqueItems") and len(different) < low:
            raise ValueError("no %d different items" % low)
        return different if schema.get("uniqueItems") else made
    return {"string": string, "integer": number, "number": number, "boolean": lambda *_: True,
            "null": lambda *_: None}[kind](schema, turn)


def arguments(schema, full):
    """The arguments of a tool, without those that are the bridge's own; the first of oneOf is what is required."""
    required = schema.get("required", []) + schema.get("oneOf", [{}])[0].get("required", [])
    return {name: value(schema, below, full, 1) for name, below in schema.get("properties", {}).items()
            if name in required or (full and name not in ("idempotency_key", "confirm_token"))}
