# SPDX-License-Identifier: MIT
"""sdk.py - the Python SDK 2.x, in each of its ways to choose the protocol."""
import os

from mcp import Client, StdioServerParameters

from rig import command_of

# A mode of its client, and the version that it ends in.
VERSIONS = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}
TIMEOUT_S = 60      # of a request, whose answer may never come when questions are lost


def connect(address, mode, **callbacks):
    """A client, which is to be entered; its address is one of a Rig."""
    command = command_of(address)
    if command is not None:
        address = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    return Client(address, mode=mode, read_timeout_seconds=TIMEOUT_S, **callbacks)
