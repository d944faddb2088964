"""What runs under psp-run in test_kds_http: small clients of the key distribution service and of the proxy.

usage: python kds_client.py FILE      FILE holds ["COMMAND", "ARGUMENT", ...]; prints one JSON value
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import selectors
import socket
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

KDS = "kdsintf.amd.com"
SECONDS = 30  # only so that a test ends when something hangs


def _proxy() -> tuple[str, int]:
    url = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    assert url.hostname is not None and url.port is not None
    return url.hostname, url.port


def _read_all(sock: socket.socket) -> bytes:
    data = b""
    with suppress(ConnectionResetError):
        while piece := sock.recv(65536):
            data += piece
    return data


def _to_proxy(data: bytes) -> bytes:
    """The proxy's answer to DATA on a connection of its own."""
    with socket.create_connection(_proxy(), SECONDS) as sock:
        sock.sendall(data)
        return _read_all(sock)


def _tunnel(target: str) -> tuple[socket.socket, str]:
    """A connection on which CONNECT TARGET was answered, and the status line."""
    sock = socket.create_connection(_proxy(), SECONDS)
    sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            break
        head += byte
    return sock, head.split(b"\r\n")[0].decode()


def _plain() -> socket.socket:
    """A TCP connection to the service, before TLS."""
    if "HTTPS_PROXY" not in os.environ:
        return socket.create_connection((KDS, 443), SECONDS)
    sock, status = _tunnel(f"{KDS}:443")
    assert " 200 " in status, status
    return sock


def _tls() -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(_plain(), server_hostname=KDS)


def get(*paths: str) -> list[dict[str, Any]]:
    """Each path by urllib, which takes the proxy and the roots from the environment."""
    answers = []
    for path in paths:
        url = path if path.startswith("https:") else f"https://{KDS}{path}"
        body, cut = b"", False
        try:
            response = urllib.request.urlopen(url, timeout=SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        try:
            body = response.read()
        except http.client.IncompleteRead as error:
            body, cut = error.partial, True
        headers = {name.lower(): value for name, value in response.headers.items()}
        answers.append({"status": response.status, "headers": headers, "body": body.hex(), "cut": cut})
    return answers


def methods(path: str, *names: str) -> list[int]:
    """The statuses of requests with other methods; all but HEAD with a body."""
    statuses = []
    for name in names:
        connection = http.client.HTTPSConnection(*_proxy(), timeout=SECONDS)
        connection.set_tunnel(KDS, 443)
        connection.request(name, path, body=None if name == "HEAD" else b"x" * 100_000)
        statuses.append(connection.getresponse().status)
        connection.close()
    return statuses


def environment() -> dict[str, str]:
    return dict(os.environ)


def untrusting(bundle: str) -> str:
    """What OpenSSL says of the server when only BUNDLE's roots are trusted."""
    try:
        ssl.create_default_context(cafile=bundle).wrap_socket(_plain(), server_hostname=KDS)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return "trusted"


def many(path: str, count: str) -> list[int]:
    """COUNT requests at once; the statuses of those that are answered while the others wait for ever."""
    request = f"GET {path} HTTP/1.1\r\nHost: {KDS}\r\nConnection: close\r\n\r\n".encode()
    chosen = selectors.DefaultSelector()
    for _ in range(int(count)):
        sock = _tls()
        sock.sendall(request)
        chosen.register(sock, selectors.EVENT_READ)
    statuses: list[int] = []
    while not statuses:
        ready = chosen.select(SECONDS)
        assert ready, "no answer at all"
        for key, _ in ready:
            assert isinstance(key.fileobj, ssl.SSLSocket)
            key.fileobj.setblocking(False)
            try:
                data = key.fileobj.recv(64)
            except ssl.SSLWantReadError:  # a TLS message of another kind
                continue
            statuses.append(int(data.split(b" ")[1]))
    return statuses


def to_proxy(*requests_hex: str) -> list[str]:
    """The status lines that the proxy gives to these bytes, and whether the service still answers."""
    lines = [_to_proxy(bytes.fromhex(data)).split(b"\r\n")[0].decode() for data in requests_hex]
    return [*lines, str(get("/vcek/v1/Genoa/cert_chain")[0]["status"])]


def to_port(*requests_hex: str) -> int:
    """Sends garbage to the TLS port, to its end and cut in the middle; the status of a request after it."""
    for data in map(bytes.fromhex, requests_hex):
        with _plain() as sock, suppress(OSError):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            _read_all(sock)
        with _plain() as sock, suppress(OSError):
            sock.sendall(data[: len(data) // 2])
    return int(get("/vcek/v1/Genoa/cert_chain")[0]["status"])


def in_tls(*requests_hex: str) -> list[str]:
    """The status lines of these bytes inside TLS ("" for a closed connection), and of a request after it."""
    lines = []
    for data in map(bytes.fromhex, requests_hex):
        with _tls() as sock:
            answer = b""
            with suppress(OSError):
                sock.sendall(data)
                sock.settimeout(SECONDS)
                answer = sock.recv(65536)
            lines.append(answer.split(b"\r\n")[0].decode("latin-1"))
    return [*lines, str(get("/vcek/v1/Genoa/cert_chain")[0]["status"])]


def crowd(count: str) -> dict[str, Any]:
    """COUNT connections that say nothing; then they go, and a request."""
    held = [socket.create_connection(_proxy(), SECONDS) for _ in range(int(count))]
    full = held[-1].recv(4096)
    for sock in held:
        sock.close()
    while True:  # places become free one after the other
        with suppress(OSError):
            return {"full": full.decode(), "after": get("/vcek/v1/Genoa/cert_chain")[0]["status"]}


def echo(target: str, size: str) -> dict[str, Any]:
    """Sends SIZE bytes through the proxy, says that this is all, and reads to the end."""
    data = bytes(i * 7 % 251 for i in range(int(size)))
    sock, status = _tunnel(target)
    received = b""
    with sock:
        chosen = selectors.DefaultSelector()
        chosen.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        left = memoryview(data)
        sock.setblocking(False)
        while True:
            events = chosen.select(SECONDS)
            assert events, "nothing moves"
            mask = events[0][1]
            if mask & selectors.EVENT_WRITE:
                left = left[sock.send(left[:65536]) :]
                if not left:
                    sock.shutdown(socket.SHUT_WR)
                    chosen.modify(sock, selectors.EVENT_READ)
            if mask & selectors.EVENT_READ:
                piece = sock.recv(65536)
                if not piece:
                    break
                received += piece
    return {"status": status, "same": received == data, "digest": hashlib.sha256(received).hexdigest()}


def connects(*targets: str) -> list[str]:
    """The answer to CONNECT of each target, in full, its last line: the reason."""
    lines = []
    for target in targets:
        sock, status = _tunnel(target)
        with sock:
            text = "" if " 200 " in status else _read_all(sock).decode().strip()
            lines.append(f"{status}: {text}" if text else status)
    return lines


def hosts() -> dict[str, Any]:
    """Where AMD's name leads, and the hosts file."""
    return {"address": socket.gethostbyname(KDS), "lines": Path("/etc/hosts").read_text().splitlines()}


def reach(host: str, port: str) -> str:
    try:
        with socket.create_connection((host, int(port)), SECONDS):
            return "connected"
    except OSError as error:
        return type(error).__name__


COMMANDS: tuple[Callable[..., object], ...] = (
    get,
    methods,
    environment,
    untrusting,
    many,
    to_proxy,
    to_port,
    in_tls,
    crowd,
    echo,
    connects,
    hosts,
    reach,
)

if __name__ == "__main__":
    command, *arguments = json.loads(Path(sys.argv[1]).read_text())
    (function,) = [f for f in COMMANDS if f.__name__ == command]
    print(json.dumps(function(*arguments)))
