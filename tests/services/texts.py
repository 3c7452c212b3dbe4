# SPDX-License-Identifier: MIT
"""texts.py - what is hard to carry: emoji of many characters, right-to-left, what nobody sees."""

FAMILY, SCOTLAND, WAVE = "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👋🏽"
RTL = "שלום עולם, مرحبا بالعالم, می‌خواهم"
HIDDEN = "\u2067\u202e\u200b\u2069\u202c"     # sent as it is, and taken out of what comes back
LENGTH = 4000


def long_text():
    """LENGTH characters of all of them, and of what JSON and XML would escape."""
    piece = "%s %s %s %s <b>&amp;\\\"'%s\n\t" % (FAMILY, SCOTLAND, WAVE, RTL, HIDDEN)
    end = " das Ende."
    return (piece * LENGTH)[:LENGTH - len(end)] + end


def cleaned(text):
    return "".join(c for c in text if c not in HIDDEN)
