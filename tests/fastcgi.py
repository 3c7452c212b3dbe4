# SPDX-License-Identifier: MIT
"""A small FastCGI client: what a web server would send, and, for attacks, what it would not.

    client = FastCGIClient("/run/x.sock")            # or ("127.0.0.1", 9000)
    status, headers, body = client.request(params("GET", "/healthz"))

Header names in the answer are in lower case; a header that comes twice is a list.
"""
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP_CONN = 1


class FastCGIError(Exception):
    """The peer broke off or broke the protocol; `stdout` holds what came until then."""

    def __init__(self, why, stdout=b""):
        super().__init__(why)
        self.stdout = stdout


def record(kind, content=b"", request_id=1, padding=0, version=1, length=None):
    """One record. `length` overrides the true content length."""
    n = len(content) if length is None else length
    return struct.pack("!BBHHBx", version, kind, request_id, n, padding) + content + b"\0" * padding


def stream(kind, data, request_id=1, chunk=65535):
    """A whole stream of records with its empty end."""
    out = [record(kind, data[i:i + chunk], request_id) for i in range(0, len(data), chunk)]
    return b"".join(out) + record(kind, b"", request_id)


def pairs(params):
    """Name-value pairs as PARAMS carries them."""
    out = []
    for name, value in params.items():
        name = name if isinstance(name, bytes) else name.encode()
        value = value if isinstance(value, bytes) else str(value).encode()
        for part in (name, value):
            n = len(part)
            out.append(struct.pack("!B", n) if n < 128 else struct.pack("!I", n | 0x80000000))
        out.append(name + value)
    return b"".join(out)


def begin(request_id=1, role=RESPONDER, flags=0):
    return record(BEGIN, struct.pack("!HB5x", role, flags), request_id)


def params(method, target, headers=None, body=b"", **more):
    """The CGI parameters that a web server makes of a request."""
    path, _, query = target.partition("?")
    out = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "test", "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": method, "REQUEST_URI": target, "SCRIPT_NAME": path,
        "QUERY_STRING": query,
    }
    if body:
        out["CONTENT_LENGTH"] = str(len(body))
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        out[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key] = value
    out.update(more)
    return out


def parse(stdout):
    """A CGI answer: (status, headers, body)."""
    head, sep, body = stdout.partition(b"\r\n\r\n")
    if not sep:
        raise FastCGIError("the answer has no end of headers", stdout)
    headers, status = {}, 200
    for line in head.split(b"\r\n"):
        name, sep, value = line.partition(b":")
        if not sep:
            raise FastCGIError("not a header line: %r" % line, stdout)
        name, value = name.decode("latin-1").lower(), value.strip().decode("latin-1")
        if name == "status":
            code, _, phrase = value.partition(" ")
            if not phrase:
                raise FastCGIError("a status without a reason phrase", stdout)
            status = int(code)
        if name in headers:
            old = headers[name]
            headers[name] = (old if isinstance(old, list) else [old]) + [value]
        else:
            headers[name] = value
    return status, headers, body


class FastCGIClient:
    """Requests to one address, each on a connection of its own unless a socket is given."""

    def __init__(self, address, timeout=30):
        self.address = address
        self.timeout = timeout

    def connect(self):
        """A connected socket, for raw records. The caller closes it."""
        unix = isinstance(self.address, (str, bytes))
        sock = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(self.timeout)
        sock.connect(self.address if unix else tuple(self.address))
        return sock

    def request(self, cgi_params, body=b"", flags=0):
        """One request; (status, headers, body). FastCGIError if it breaks off."""
        sock = self.connect()
        try:
            sock.sendall(begin(flags=flags) + stream(PARAMS, pairs(cgi_params)))
            try:
                sock.sendall(stream(STDIN, body))
            except (BrokenPipeError, ConnectionResetError):
                pass                    # it may answer without reading all
            return parse(self.read_answer(sock))
        finally:
            sock.close()

    @staticmethod
    def read_exactly(sock, n, sofar=b""):
        data = bytearray()
        while len(data) < n:
            try:
                piece = sock.recv(min(n - len(data), 1 << 20))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise FastCGIError("the connection ended in the middle of an answer", sofar)
            data += piece
        return bytes(data)

    @classmethod
    def read_record(cls, sock, sofar=b""):
        """(kind, request id, content) of the next record."""
        head = cls.read_exactly(sock, 8, sofar)
        version, kind, request_id, length, padding = struct.unpack("!BBHHBx", head)
        if version != 1:
            raise FastCGIError("a record of version %d" % version, sofar)
        content = cls.read_exactly(sock, length + padding, sofar)
        return kind, request_id, content[:length]

    @classmethod
    def read_answer(cls, sock, request_id=1):
        """STDOUT up to END_REQUEST."""
        out = bytearray()
        while True:
            kind, rid, content = cls.read_record(sock, bytes(out))
            if rid != request_id:
                raise FastCGIError("a record of request %d" % rid, bytes(out))
            if kind == STDOUT:
                out += content
            elif kind == END:
                if len(content) != 8 or content[4] != 0:
                    raise FastCGIError("END_REQUEST says %r" % content, bytes(out))
                return bytes(out)
            elif kind != STDERR:
                raise FastCGIError("a record of type %d" % kind, bytes(out))
