# SPDX-License-Identifier: MIT
"""table.py - reads the text of a result that is a table (src/mcp/table.h), and holds it to the JSON beside it."""
import json
import re

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def plain(text):
    return re.sub(r"\\(.)", lambda found: ESCAPES[found.group(1)], text)


def read(text):
    """Of a table: members and their texts, columns, items as texts by column."""
    head, _, rest = text.partition("\n\n") if not text.startswith("\n") else ("", "", text[1:])
    members = dict(line.split(": ", 1) for line in head.splitlines())
    lines = rest.split("\n")
    if lines.pop() != "":
        raise ValueError("the last line has no end")
    columns, *rows = [[plain(cell) for cell in line.split("\t")] for line in lines]
    if any(len(row) != len(columns) for row in rows):
        raise ValueError("a line has another number of cells than its header")
    return ({plain(k): plain(v) for k, v in members.items()}, columns,
            [dict(zip(columns, row)) for row in rows])


def is_nested(value):
    return isinstance(value, (dict, list))


def spread(item):
    """An item's values by column."""
    out = {}
    for name, value in item.items():
        if isinstance(value, dict) and value and not any(map(is_nested, value.values())):
            out.update(("%s.%s" % (name, inner), v) for inner, v in value.items())
        else:
            out[name] = value
    return out


def says(text, value, parse):
    return text == value if type(value) is str else parse(text) == value


def differs(text, result, parse=json.loads):
    """How a table says something else than the result, whose JSON `parse` reads; None: nothing."""
    members, columns, rows = read(text)
    lists = [k for k in result if k not in members]
    if len(lists) != 1:
        return "members %s of %s" % (list(members), list(result))
    for name, said in members.items():
        if not says(said, result[name], parse):
            return "%s: %r for %r" % (name, said, result[name])
    items = [spread(item) for item in result[lists[0]]]
    if len(items) != len(rows):
        return "%d lines for %d items" % (len(rows), len(items))
    if columns != list(dict.fromkeys(name for item in items for name in item)):
        return "the columns are %s" % columns
    for row, item in zip(rows, items):
        for name, said in row.items():
            if name not in item and said != "" or name in item and not says(said, item[name], parse):
                return "%s: %r for %r" % (name, said, item.get(name))
    return None
