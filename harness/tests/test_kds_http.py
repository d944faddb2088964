"""The key distribution service under psp-run: HTTPS at AMD's name by proxy and by network namespace.

SEVKIT_BIN names the build's bin directory; without it build/bin. The clients run under psp-run
(kds_client.py); other hosts are servers of this file on loopback, never the real network.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("SEVKIT_BIN", str(ROOT / "build" / "bin")))
PSP_RUN = BIN / "psp-run"
CLIENT = Path(__file__).with_name("kds_client.py")
PROFILE = json.loads((ROOT / "emulator/profiles/genoa-1.55.40-v3-vcek.json").read_text())
REPORTED = PROFILE["tcb"]["reported"]
HWID: str = PROFILE["chip"]["chip_id"]
TCB = (
    f"blSPL={REPORTED['boot_loader']:02}&teeSPL={REPORTED['tee']:02}"
    f"&snpSPL={REPORTED['snp']:02}&ucodeSPL={REPORTED['microcode']:02}"
)
CHAIN = "/vcek/v1/Genoa/cert_chain"
VCEK = f"/vcek/v1/Genoa/{HWID}?{TCB}"
OUTSIDE = "127.0.0.2"  # a host of its own to clients, on loopback all the same

pytestmark = pytest.mark.skipif(not PSP_RUN.exists(), reason=f"no psp-run in {BIN}: make all")

PROXY_NAMES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
BUNDLE_NAMES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def netns_works() -> bool:
    command = ["unshare", "--net", "--mount"] + ([] if os.getuid() == 0 else ["--user", "--map-root-user"])
    return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0


needs_netns = pytest.mark.skipif(
    shutil.which("unshare") is None or not netns_works(), reason="no namespaces here"
)
MODES = ["--kds", pytest.param("--kds=netns", marks=needs_netns)]


def run(
    *command: str | Path, options: tuple[str | Path, ...] = ("--kds",), **env: str
) -> subprocess.CompletedProcess[str]:
    """COMMAND under psp-run, with nothing of our own proxies or roots but ENV."""
    clean = {k: v for k, v in os.environ.items() if k not in PROXY_NAMES + BUNDLE_NAMES}
    return subprocess.run(
        [str(PSP_RUN), *map(str, options), "--", *map(str, command)],
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def inside(*command: str | Path, options: tuple[str | Path, ...] = ("--kds",), **env: str) -> Any:
    """What kds_client.py prints for COMMAND under psp-run."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # more than a command line may hold
        json.dump([str(word) for word in command], file)
        file.flush()
        done = run(sys.executable, CLIENT, file.name, options=options, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def scenario(path: Path, **kds: object) -> tuple[str | Path, ...]:
    """psp-run's options for a service that misbehaves."""
    path.write_text(json.dumps({"name": path.stem, "title": "of test_kds_http", "kds": kds}))
    return ("--kds", "--scenario", path)


def read_cert(der: bytes) -> x509.Certificate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a leaf's serial number is 0, as AMD's
        return x509.load_der_x509_certificate(der)


def common_name(cert: x509.Certificate) -> object:
    return cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def check_signature(
    signer: x509.Certificate, signed: x509.Certificate | x509.CertificateRevocationList
) -> None:
    key = signer.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    data = signed.tbs_certificate_bytes if isinstance(signed, x509.Certificate) else signed.tbs_certlist_bytes
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    key.verify(signed.signature, data, pss, hashes.SHA384())


# ---- what is served ----


@pytest.mark.parametrize("mode", MODES)
def test_certificates(mode: str) -> None:
    """@req KDS-001 KDS-002 KDS-004 KDS-006 KDS-014 KDS-018"""
    answers = inside("get", CHAIN, VCEK, "/vcek/v1/Genoa/crl", options=(mode,))
    assert [a["status"] for a in answers] == [200, 200, 200]
    assert not any("access-control-allow-origin" in a["headers"] for a in answers)
    assert all(int(a["headers"]["content-length"]) == len(a["body"]) // 2 for a in answers)
    chain, leaf, crl = (bytes.fromhex(a["body"]) for a in answers)
    assert chain.endswith(b"\n-----END CERTIFICATE-----\n")
    ask, ark = x509.load_pem_x509_certificates(chain)
    assert [common_name(ask), common_name(ark)] == ["SEV-Genoa", "ARK-Genoa"]
    check_signature(ark, ark)
    check_signature(ark, ask)
    check_signature(ask, read_cert(leaf))
    check_signature(ark, x509.load_der_x509_crl(crl))


def test_refusals() -> None:
    """@req KDS-015 KDS-016"""
    unknown = f"/vcek/v1/Genoa/{'0' * 128}?{TCB}"
    answers = inside("get", unknown, "/", "/vcek/v1/Genoa/%63rl?", "/vcek/v1/Genoa/short?x")
    assert answers[0]["status"] == 404
    assert all(a["status"] in (400, 404) for a in answers[1:])


def test_only_get() -> None:
    """@req KDS-001"""
    assert inside("methods", CHAIN, "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW") == [405] * 6


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.parametrize("mode", MODES)
def test_curl(mode: str) -> None:
    """@req KDS-002"""
    done = run("curl", "-sSf", f"https://kdsintf.amd.com{CHAIN}", options=(mode,))
    assert done.returncode == 0, done.stderr
    assert len(x509.load_pem_x509_certificates(done.stdout.encode())) == 2


# ---- scenarios ----


def test_too_often(tmp_path: Path) -> None:
    """@req KDS-017"""
    options = scenario(tmp_path / "s.json", kind="status", value=429, count=1)
    first, second = inside("get", CHAIN, "/vcek/v1/Genoa/crl", options=options)
    assert (first["status"], second["status"]) == (429, 200)
    assert int(first["headers"]["retry-after"]) > 0
    assert "retry-after" not in second["headers"]


def test_truncated(tmp_path: Path) -> None:
    """@req KDS-020"""
    options = scenario(tmp_path / "s.json", kind="truncated", value=100, count=1)
    (cut,) = inside("get", CHAIN, options=options)
    (whole,) = inside("get", CHAIN)
    assert (cut["status"], cut["cut"]) == (200, True)
    assert (whole["status"], whole["cut"]) == (200, False)
    assert cut["body"] == whole["body"][:200]
    assert cut["headers"]["content-length"] == whole["headers"]["content-length"]


def test_slow(tmp_path: Path) -> None:
    """@req KDS-002"""
    (late,) = inside("get", CHAIN, options=scenario(tmp_path / "s.json", kind="slow", value=50))
    assert late["status"] == 200
    assert len(x509.load_pem_x509_certificates(bytes.fromhex(late["body"]))) == 2


def test_slow_for_ever(tmp_path: Path) -> None:
    """More late answers than the service has threads hold up no other, and it stops all the same.

    @req KDS-002
    """
    options = scenario(tmp_path / "s.json", kind="slow", value=24 * 3600 * 1000, count=12)
    assert len(inside("many", CHAIN, "13", options=options)) == 1


# ---- the program's surroundings ----


def test_environment(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("# the caller's roots")
    other = tmp_path / "other.pem"
    other.write_text("# the caller's other roots")
    env = inside(
        "environment",
        SSL_CERT_FILE=str(own),
        CURL_CA_BUNDLE=str(own),
        NODE_EXTRA_CA_CERTS=str(other),
        NO_PROXY="example.com, amd.com,10.0.0.0/8 md.com,*.AMD.com:443,.com",
        TMPDIR=str(tmp_path),
    )
    assert env["HTTPS_PROXY"] == env["https_proxy"]
    assert env["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert env["NO_PROXY"] == env["no_proxy"] == "localhost,127.0.0.1,::1,example.com,10.0.0.0/8,md.com"
    assert len({env[name] for name in BUNDLE_NAMES}) == 1
    assert Path(env["SSL_CERT_FILE"]).parent.parent == tmp_path
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.pem", "own.pem"]


def test_bundle(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("# the caller's roots")
    text = run("sh", "-c", 'cat "$SSL_CERT_FILE"', SSL_CERT_FILE=str(own), CURL_CA_BUNDLE=str(own)).stdout
    assert text.startswith("# the caller's roots\n-----BEGIN CERTIFICATE-----")
    (ca,) = x509.load_pem_x509_certificates(text.encode())
    assert common_name(ca) == "sevkit test web CA"
    assert "PRIVATE" not in text


@pytest.mark.parametrize("mode", MODES)
def test_not_trusted_by_others(mode: str, tmp_path: Path) -> None:
    ca, _ = web_identity(tmp_path)
    message = inside("untrusting", str(ca), options=(mode,))
    assert message.startswith("unable to get local issuer certificate")


@needs_netns
def test_netns() -> None:
    """AMD's name leads to loopback, nothing outside can be reached, and no proxy is named."""
    with echo_server() as port:
        assert inside("reach", OUTSIDE, str(port)) == "connected"
        assert inside("reach", OUTSIDE, str(port), options=("--kds=netns",)) == "ConnectionRefusedError"
    seen = inside("hosts", options=("--kds=netns",))
    assert seen["address"] == "127.0.0.1"
    before = Path("/etc/hosts").read_text().splitlines()
    assert seen["lines"] == ["127.0.0.1 kdsintf.amd.com", *before]
    env = inside("environment", options=("--kds=netns",), HTTPS_PROXY="http://127.0.0.1:1", all_proxy="x")
    assert not {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} & set(env)


@needs_netns
def test_netns_own_hosts(tmp_path: Path) -> None:
    """Another address of AMD's host in the caller's hosts file does not count; like names stay."""
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "10.0.0.1 a KDSINTF.amd.com # x\n10.0.0.2 xkdsintf.amd.com b # kdsintf.amd.com\n10.0.0.3 c"
    )
    out = tmp_path / "out"
    command = f"mount --bind {hosts} /etc/hosts && {PSP_RUN} --kds=netns -- cat /etc/hosts >{out}"
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    subprocess.run(["unshare", "--mount", *user, "sh", "-c", command], check=True, timeout=120)
    lines = ["127.0.0.1 kdsintf.amd.com", "10.0.0.2 xkdsintf.amd.com b # kdsintf.amd.com", "10.0.0.3 c"]
    assert out.read_text() == "\n".join(lines)


@needs_netns
def test_netns_bundle() -> None:
    """A client that takes the system's bundle, whatever the environment says, finds our CA there."""
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.exists():
        pytest.skip(f"no {bundle}")
    before = bundle.read_bytes()
    assert inside("untrusting", str(bundle), options=("--kds=netns",)) == "trusted"
    assert bundle.read_bytes() == before


# ---- other hosts ----


def web_identity(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for OUTSIDE, and the file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address(OUTSIDE))
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = cert.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(pem + secret)
    return folder / "ca.pem", folder / "server.pem"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler], tls: Path | None = None) -> Iterator[int]:
    """A server on OUTSIDE; its port."""
    with Server((OUTSIDE, 0), handler) as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def read_head(sock: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n") and (byte := sock.recv(1)):
        head += byte
    return head.decode()


def copy_back(sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        copy_back(self.request)


class Web(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        read_head(self.request)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\noutside")


def echo_server() -> Any:
    return serving(Echo)


class Upstream:
    """The caller's own proxy: keeps what it is asked; answers STATUS and, if that is 200, sends all back."""

    def __init__(self, status: bytes = b"HTTP/1.1 200 OK") -> None:
        self.heads: list[str] = []
        heads = self.heads

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                heads.append(read_head(self.request))
                self.request.sendall(status + b"\r\nX: y\r\n\r\n")
                if b" 200" in status:
                    copy_back(self.request)

        self.handler = Handler


def test_other_host(tmp_path: Path) -> None:
    """Another host is itself: its own certificate, its own answer."""
    ca, server = web_identity(tmp_path)
    with serving(Web, server) as port:
        answers = inside("get", f"https://{OUTSIDE}:{port}/", CHAIN, SSL_CERT_FILE=str(ca))
    assert bytes.fromhex(answers[0]["body"]) == b"outside"
    assert answers[1]["status"] == 200


def test_bytes_both_ways() -> None:
    """Five megabytes each way at once; the end of what the client says is passed on."""
    with echo_server() as port:
        answer = inside("echo", f"{OUTSIDE}:{port}", "5000000")
    assert answer["status"].startswith("HTTP/1.1 200 ")
    assert answer["same"]


def test_upstream() -> None:
    """Other hosts go through the caller's proxy with its credentials, AMD's host never does."""
    upstream = Upstream()
    with serving(upstream.handler) as port:
        proxy = f"http://us%65r:p%40ss@{OUTSIDE}:{port}/"
        answer = inside("echo", "some.invalid:8443", "100000", HTTPS_PROXY=proxy)
        assert answer["status"].startswith("HTTP/1.1 200 ") and answer["same"]
        assert inside("get", CHAIN, https_proxy=proxy, NO_PROXY="*")[0]["status"] == 200
    (head,) = upstream.heads
    lines = head.split("\r\n")
    assert lines[0] == "CONNECT some.invalid:8443 HTTP/1.1"
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'user:p@ss').decode()}" in lines


def test_upstream_not_for_exceptions() -> None:
    upstream = Upstream()
    with serving(upstream.handler) as port, echo_server() as there:
        proxy = f"{OUTSIDE}:{port}"
        for exceptions in ("*", OUTSIDE, f"x.org,{OUTSIDE}"):
            answer = inside("echo", f"{OUTSIDE}:{there}", "10", HTTPS_PROXY=proxy, no_proxy=exceptions)
            assert answer["same"]
    assert upstream.heads == []


def test_upstream_for_others() -> None:
    """An entry of NO_PROXY holds for whole labels; an IPv6 address keeps its brackets."""
    upstream = Upstream(b"HTTP/1.1 503 No")
    with serving(upstream.handler) as port:
        targets = [f"{OUTSIDE}:1", "[::1]:7"]
        inside("connects", *targets, HTTPS_PROXY=f"http://{OUTSIDE}:{port}", NO_PROXY="27.0.0.2,x")
    assert [head.split("\r\n")[0] for head in upstream.heads] == [f"CONNECT {t} HTTP/1.1" for t in targets]


@pytest.mark.parametrize("status", [b"HTTP/1.1 407 No", b"HTTP/1.1 503 No", b"garbage", b"HTTP/2 200 OK"])
def test_upstream_refuses(status: bytes) -> None:
    upstream = Upstream(status)
    with serving(upstream.handler) as port:
        (line,) = inside("connects", "some.invalid:443", HTTPS_PROXY=f"http://{OUTSIDE}:{port}")
    assert line.startswith("HTTP/1.1 502 ")
    assert line.endswith("for some.invalid:443")


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://127.0.0.2:1",
        "https://127.0.0.2:1",
        "http://",
        "a b",
        "x:0",
        "%",
        "http://u%zz@127.0.0.2:1",
        "u%4@127.0.0.2",
    ],
)
def test_upstream_unknown(proxy: str) -> None:
    """A proxy that we cannot go through is said so; AMD's host is there."""
    (line,) = inside("connects", f"{OUTSIDE}:1", HTTPS_PROXY=proxy)
    assert line.startswith("HTTP/1.1 502 ") and "HTTPS_PROXY names a proxy" in line
    assert inside("get", CHAIN, HTTPS_PROXY=proxy)[0]["status"] == 200


def test_unreachable() -> None:
    with echo_server() as port:
        pass
    lines = inside("connects", f"{OUTSIDE}:{port}", "kdsintf.amd.com:80", "KDSINTF.amd.com.:443")
    assert lines[0].startswith("HTTP/1.1 502 ") and lines[0].endswith("Connection refused")
    assert lines[1].startswith("HTTP/1.1 403 ")
    assert lines[2].startswith("HTTP/1.1 200 ")


# ---- bad input ----

ENDS = b" HTTP/1.1\r\n\r\n"
MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),  # TLS where HTTP is due
    b"\0",
    b"CONNECT" + ENDS,
    b"CONNECT " + ENDS,
    b"CONNECT  a:1" + ENDS,
    b"CONNECT a" + ENDS,
    b"CONNECT a:" + ENDS,
    b"CONNECT :1" + ENDS,
    b"CONNECT a:0" + ENDS,
    b"CONNECT a:65536" + ENDS,
    b"CONNECT a:100000" + ENDS,
    b"CONNECT a:-1" + ENDS,
    b"CONNECT a:1x" + ENDS,
    b"CONNECT a/b:1" + ENDS,
    b"CONNECT u@a:1" + ENDS,
    b"CONNECT [::1:1" + ENDS,
    b"CONNECT [::1]1" + ENDS,
    b"CONNECT [::1x:1" + ENDS,
    b"CONNECT [a b]:1" + ENDS,
    b"CONNECT [::1]" + ENDS,
    b"CONNECT " + b"a" * 256 + b":1" + ENDS,
    b"CONNECT " + b"a" * 5000 + b":1" + ENDS,
    b"CONNECT a:1\r\n\r\n",
    b"CONNECT a:1 HTTP/1.2\r\n\r\n",
    b"CONNECT a:1 HTTP/2\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1 x\r\n\r\n",
    b"CONNECT a:1 HTTP/1.\r\n\r\n",
    b"connect\ta:1" + ENDS,
    b"\r\n\r\n",
    b" CONNECT a:1" + ENDS,
    b" a:1" + ENDS,
    b"C(NNECT a:1" + ENDS,
    b"A" * 8192,
    b"A" * 100_000,
    b"CONNECT a:1 HTTP/1.1\r\nX: " + b"y" * 8192 + b"\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nX: \x01\r\n\r\n",
]


def test_proxy_malformed() -> None:
    lines = inside("to_proxy", *[data.hex() for data in MALFORMED])
    assert lines.pop() == "200"
    assert lines == ["HTTP/1.1 400 Bad Request"] * len(MALFORMED)


def test_proxy_other_methods() -> None:
    requests = [b"GET http://a/" + ENDS, b"POST /" + ENDS + b"x" * 1000, b"connect a:1" + ENDS]
    lines = inside("to_proxy", *[data.hex() for data in requests])
    assert lines == ["HTTP/1.1 405 Method Not Allowed"] * len(requests) + ["200"]


def test_proxy_crowd() -> None:
    """There is a limit; who comes later is told so, and there is room again when they go."""
    answer = inside("crowd", "129")
    assert answer["full"].startswith("HTTP/1.1 503 ")
    assert answer["after"] == 200


def noise(seed: int, size: int) -> bytes:
    state, out = seed, bytearray()
    for _ in range(size):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(state >> 56)
    return bytes(out)


HELLO = b"\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03"
GARBAGE = [
    b"",
    b"\0",
    b"GET / HTTP/1.1\r\n\r\n",
    HELLO,
    HELLO + noise(1, 251),
    b"\x15\x03\x03\x00\x02\x02\x00",
    b"\x16\x03\x01\xff\xff" + noise(2, 70000),
    *[noise(seed, 1 << seed % 17) for seed in range(3, 43)],
]


@pytest.mark.parametrize("mode", MODES)
def test_port_garbage(mode: str) -> None:
    """@req KDS-002"""
    assert inside("to_port", *[data.hex() for data in GARBAGE], options=(mode,)) == 200


def test_tls_garbage() -> None:
    """Garbage inside TLS is refused or the connection ends.

    @req KDS-015
    """
    requests = [
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 100_000 + ENDS,
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET /%00%zz?%0d%0a HTTP/1.1\r\nHost: a\r\n\r\n",
        *[noise(seed, 4096) + b"\r\n\r\n" for seed in range(4)],
    ]
    lines = inside("in_tls", *[data.hex() for data in requests])
    assert lines.pop() == "200"
    assert not [
        line
        for line in lines
        if line and not line.startswith("HTTP/1.1 4") and not line.startswith("HTTP/1.1 5")
    ]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
@pytest.mark.parametrize("version", ["-tls1_1", "-tls1_2", "-tls1_3"])
def test_s_client(version: str) -> None:
    """TLS 1.2 and 1.3; 1.1 is refused, also to a client that would take its weak signatures."""
    command = (
        'openssl s_client -proxy "${HTTPS_PROXY#http://}" -connect kdsintf.amd.com:443 -verify_return_error '
        f'-verify_hostname kdsintf.amd.com -CAfile "$SSL_CERT_FILE" {version} '
        "-cipher DEFAULT:@SECLEVEL=0 </dev/null"
    )
    done = run("sh", "-c", command)
    if version == "-tls1_1":
        assert done.returncode != 0 and "Cipher is (NONE)" in done.stdout
        return
    assert done.returncode == 0, done.stderr
    assert "Verify return code: 0 (ok)" in done.stdout
