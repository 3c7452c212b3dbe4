# SPDX-License-Identifier: MIT
"""What shipped.py has to know of a provider besides its service file; each has a module in providers/."""
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class About:
    # The document's file, in documents/ if we wrote it, else in the folder OPENAPI.
    document: str
    # The file of the credential's secret.
    secret: str
    # A request that the mock must refuse: method, path, body.
    wrong: tuple
    # A code in the provider's shape: (status, headers, body).
    shape: Callable
    # The path of the service's base_url, and what the document has in its place before a request's url.
    path: str = ""
    base: str = ""
    # The constants that the operator must give.
    values: dict = field(default_factory=dict)
    # The Authorization of that request to the mock; None if the credential is no header.
    authorization: str | None = "Bearer x"
    # The document as the mock has it.
    said: Callable = field(default=lambda document: document)
    # What the document lists for a request of the file: [(status, headers, body, the seconds to wait or None)].
    errors: Callable = field(default=lambda document, request: [])
    # Codes of the provider's that are no more to the model than the status is.
    generic: tuple = ()
    # Arguments that the schema alone does not give, None for one that is left out: of all calls, and of those with
    # names.
    all: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    # A pattern of "TOOL POINTER": what the file reads of answers although the document does not show it.
    not_shown: str = "(?!)"
    # What a scripted service answers to the requests before a tool's own, by the end of their path.
    before: dict = field(default_factory=dict)
    # What those of them that are no GET send, by path.
    opens: dict = field(default_factory=dict)
    # Lists that go on: tool, arguments, the first page, where its cursor stands in the second request's query and
    # what it is there, the second page, and the member with the ids of both.
    pages: list = field(default_factory=list)
    # What a send sends: tool, arguments, the last request's path, its body (of a form its pairs), the answer to it,
    # and what comes of that.
    sends: list = field(default_factory=list)
    # Tools that write nothing that is to be looked at.
    not_looked_at: tuple = ()
    # What else the file promises: called with the Provider of shipped.py.
    others: Callable = field(default=lambda provider: None)
