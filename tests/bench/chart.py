#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""chart.py - memory over time as SVG: a line for each system, logarithmic.

usage: chart.py SAMPLES.json OUT.svg

SAMPLES.json is what bench.py leaves: {"load_s": seconds, "lines": [{"name", "group", "samples":
[[seconds since the load began, MB], ...]}]}. Lines of one group share a colour; the second of
a group is dashed, the third dotted.
"""
import json
import math
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 64, 196, 50, 56      # around the plot; right of it are the labels
LABEL_STEP = 17
# In light and in dark mode.
COLOURS = [("#0b6bcb", "#6cb6ff"), ("#b35900", "#f0a050"), ("#2b7a3d", "#6cc780"),
           ("#8a3ab9", "#cf9bf0")]
DASHES = ["none", "7 4", "2 4"]
STYLE = """
text { font-family: sans-serif; font-size: 13px; fill: #1f2328; }
.paper { fill: #ffffff; } .title { font-size: 15px; font-weight: bold; }
.quiet { fill: #59636e; } .load { fill: #eaeef2; }
.grid { stroke: #d1d9e0; stroke-width: 1; } .minor { stroke-opacity: 0.45; }
.axis { stroke: #59636e; stroke-width: 1; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.lead { fill: none; stroke-width: 1; stroke-opacity: 0.4; }
"""
STYLE_DARK = """
text { fill: #e6edf3; } .paper { fill: #0d1117; } .quiet { fill: #9198a1; }
.load { fill: #1c232c; }
.grid { stroke: #343b44; } .axis { stroke: #9198a1; }
"""


def apart(wanted, step, low, high):
    """Heights near those wanted, in order, at least `step` from each other."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    at = low
    for i in order:
        placed[i] = at = max(wanted[i], at)
        at += step
    at = high
    for i in reversed(order):
        placed[i] = at = min(placed[i], at)
        at -= step
    return placed


def time_step(span):
    return next(s for s in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
                if span / s <= 12 or s == 3600)


def draw(data):
    lines = [line for line in data["lines"] if line["samples"]]
    points = [p for line in lines for p in line["samples"]]
    t0, t1 = min(p[0] for p in points), max(p[0] for p in points)
    t0, t1 = math.floor(min(t0, 0)), max(math.ceil(t1), data["load_s"])
    low = math.log10(min(p[1] for p in points))
    high = math.log10(max(p[1] for p in points) * 1.1)
    # From a 1, 2 or 5 below the least to one above the most.
    marks = [math.log10(m * 10 ** e) for e in range(-2, 8) for m in (1, 2, 5)]
    y0 = max(m for m in marks if m <= low)
    y1 = min(m for m in marks if m >= high)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(t):
        return LEFT + (t - t0) / (t1 - t0) * (right - LEFT)

    def y(log):
        return bottom - (log - y0) / (y1 - y0) * (bottom - TOP)

    out = []

    def put(text, *values):
        out.append(text % values)

    put('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
        'role="img" aria-label="Memory over time before, under and after load">',
        WIDTH, HEIGHT, WIDTH, HEIGHT)
    colours = {}
    for line in lines:
        colours.setdefault(line["group"], len(colours) % len(COLOURS))
    light, dark = ("".join(".c%d { stroke: %s; }\n.f%d { fill: %s; }\n" % (i, c[m], i, c[m])
                           for i, c in enumerate(COLOURS)) for m in (0, 1))
    put("<style>%s%s@media (prefers-color-scheme: dark) {%s%s}</style>",
        STYLE, light, STYLE_DARK, dark)
    put('<rect class="paper" width="%d" height="%d"/>', WIDTH, HEIGHT)
    put('<text class="title" x="%d" y="24">%s</text>', LEFT, escape(data["title"]))
    put('<rect class="load" x="%.1f" y="%d" width="%.1f" height="%d"/>',
        x(0), TOP, x(data["load_s"]) - x(0), bottom - TOP)
    put('<text class="quiet" x="%.1f" y="%d" text-anchor="middle">load</text>',
        (x(0) + x(data["load_s"])) / 2, TOP - 6)

    # ---- grid and axes
    for exponent in range(math.floor(y0), math.ceil(y1) + 1):
        for m in range(1, 10):
            log = math.log10(m * 10 ** exponent)
            if not y0 - 1e-9 <= log <= y1 + 1e-9:
                continue
            put('<line class="grid%s" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>',
                "" if m in (1, 2, 5) else " minor", LEFT, right, y(log), y(log))
            if m in (1, 2, 5):
                put('<text class="quiet" x="%d" y="%.1f" text-anchor="end">%g</text>',
                    LEFT - 8, y(log) + 4.5, m * 10 ** exponent)
    step = time_step(t1 - t0)
    t = math.ceil(t0 / step) * step
    while t <= t1:
        put('<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>', x(t), x(t), TOP, bottom)
        put('<text class="quiet" x="%.1f" y="%d" text-anchor="middle">%d</text>',
            x(t), bottom + 18, t)
        t += step
    put('<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>', LEFT, right, bottom, bottom)
    put('<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>', LEFT, LEFT, TOP, bottom)
    put('<text x="%.1f" y="%d" text-anchor="middle">seconds since the load began</text>',
        (LEFT + right) / 2, HEIGHT - 14)
    put('<text x="18" y="%.1f" text-anchor="middle" transform="rotate(-90 18 %.1f)">'
        'memory (PSS), MB, logarithmic</text>', (TOP + bottom) / 2, (TOP + bottom) / 2)

    # ---- lines, and their labels where they end
    ends = [y(math.log10(line["samples"][-1][1])) for line in lines]
    labels = apart(ends, LABEL_STEP, TOP + 6, bottom)
    seen = {}
    for line, end, label in zip(lines, ends, labels):
        nth = seen[line["group"]] = seen.get(line["group"], -1) + 1
        colour, dash = colours[line["group"]], DASHES[nth % len(DASHES)]
        put('<polyline class="line c%d" stroke-dasharray="%s" points="%s"/>', colour, dash,
            " ".join("%.1f,%.1f" % (x(t), y(math.log10(mb))) for t, mb in line["samples"]))
        put('<polyline class="lead c%d" points="%.1f,%.1f %d,%.1f %d,%.1f"/>', colour,
            x(line["samples"][-1][0]), end, right + 14, label, right + 20, label)
        put('<circle class="f%d" cx="%.1f" cy="%.1f" r="3.2"/>', colour,
            x(line["samples"][-1][0]), end)
        put('<text class="f%d" x="%d" y="%.1f">%s</text>', colour, right + 24, label + 4.5,
            escape(line["name"]))
    out.append("</svg>\n")
    return "\n".join(out)


def main():
    with open(sys.argv[1]) as f:
        data = json.load(f)
    with open(sys.argv[2], "w") as f:
        f.write(draw(data))


if __name__ == "__main__":
    main()
