"""pspd's frames: HELLO, guests that are joined and guests that are not, what each frame does."""

from __future__ import annotations

import errno
import socket
import struct

import pytest
from pspd_client import (
    ARG,
    COUNTERS,
    GUEST_REQUEST,
    HELLO,
    HOST_COMMAND,
    IOCTL,
    KDS,
    PAGE,
    PSPD,
    READ_ONLY,
    REQ,
    RESP,
    RETURNED,
    SENT,
    SEQNO0,
    SNP_GET_DERIVED_KEY,
    SNP_GET_EXT_REPORT,
    SNP_GET_REPORT,
    VMPCK0,
    Client,
    Daemon,
    Dropped,
    Refused,
    Region,
    is_dropped,
    seal,
    unseal,
)

pytestmark = pytest.mark.skipif(not PSPD.exists(), reason=f"no pspd in {PSPD.parent}: make all")

REPORT_REQ, KEY_REQ = 5, 3
AEAD_OFLOW = 0x1D
INVALID_COMMAND = 0x11


# ---- HELLO ----
@pytest.mark.parametrize("versions", [(0, 0), (2, 2), (2, 65535), (1, 0)])
def test_no_common_version_is_told_and_ends(daemon: Daemon, versions: tuple[int, int]) -> None:
    """@req SOCK-004"""
    with Client(daemon.path) as client:
        with pytest.raises(Refused) as refused:
            client.hello(versions=versions)
        assert refused.value.code == 1
        assert is_dropped(client)


@pytest.mark.parametrize("versions", [(1, 1), (0, 1), (1, 65535), (0, 65535)])
def test_a_common_version_is_taken(daemon: Daemon, versions: tuple[int, int]) -> None:
    """@req SOCK-004"""
    with Client(daemon.path) as client:
        client.hello(versions=versions)
        assert client.hello_flags == 3
        assert client.counters()[:4] == (0, 0, 0, 0)


@pytest.mark.parametrize("frame", [GUEST_REQUEST, IOCTL, HOST_COMMAND, KDS, 6, COUNTERS])
def test_nothing_comes_before_hello(daemon: Daemon, frame: int) -> None:
    """@req SOCK-003"""
    with Client(daemon.path) as client:
        client.send(frame)
        assert is_dropped(client)


def test_a_second_hello_ends_the_connection(daemon: Daemon) -> None:
    """@req SOCK-003"""
    with daemon.client() as client:
        client.send(HELLO, struct.pack("<HHIBBH", 1, 1, 0, 0, 0, 0))
        assert is_dropped(client)


@pytest.mark.parametrize("name", ["a/b", ".a", "..", "a b", "a\n", "x" * 65])
def test_names_that_cannot_be_are_dropped(daemon: Daemon, name: str) -> None:
    """@req SOCK-006"""
    with Client(daemon.path) as client, pytest.raises(Dropped):
        client.hello(name, "g")
    with Client(daemon.path) as client:
        client.hello("x" * 64, "a.b_c-D9")
        assert client.hello_flags == 3


def test_a_guest_needs_its_machine(daemon: Daemon) -> None:
    """@req SOCK-006"""
    with Client(daemon.path) as client:
        with pytest.raises(Refused) as refused:
            client.hello("", "g")
        assert refused.value.code == 2
        assert is_dropped(client)


# ---- joined, and apart ----
def test_without_names_everybody_is_alone(daemon: Daemon) -> None:
    """@req SOCK-005"""
    with daemon.client() as one, daemon.client() as two:
        assert one.secrets() != two.secrets()
        assert one.report()[0x140:0x160] != two.report()[0x140:0x160]
        one.report()
        assert (one.counters()[0], two.counters()[0]) == (4, 2)
        control = daemon.control()
        assert control.do(op="statistics")["machines"] == 2
    with daemon.client():
        assert control.do(op="statistics")["machines"] == 1


def test_a_pair_of_names_is_joined(daemon: Daemon) -> None:
    """One guest, two clients: one page, one counter, one key; it outlives both.

    @req SOCK-005
    """
    with daemon.client("m", "g") as one, daemon.client("m", "g") as two:
        assert (one.hello_flags, two.hello_flags) == (3, 0)
        assert one.key() == two.key()
        assert one.counters()[0] == two.counters()[0] == 4
        assert one.secrets() == two.secrets()
        page = one.secrets()
    with daemon.client("m", "g") as again:
        assert again.hello_flags == 0
        assert again.secrets() == page
        assert again.counters()[0] == 4


def test_guests_of_one_machine_are_apart(daemon: Daemon) -> None:
    """@req SOCK-005"""
    with daemon.client("m", "a") as a, daemon.client("m", "b") as b, daemon.client("n", "a") as other:
        assert (a.hello_flags, b.hello_flags, other.hello_flags) == (3, 2, 3)
        pages = {client.secrets()[VMPCK0 : VMPCK0 + 128] for client in (a, b, other)}
        assert len(pages) == 3
        chips = [client.report()[0x1A0:0x1E0] for client in (a, b)]
        assert chips[0] == chips[1]
        a.key()
        assert (a.counters()[0], b.counters()[0]) == (4, 2)


def test_a_nameless_guest_goes_with_its_connection(daemon: Daemon) -> None:
    """The machine stays, and has room for any number of them one after the other.

    @req SOCK-005
    """
    control = daemon.control()

    def size() -> int:
        return len(control.do(op="save", machine="m")["state"])

    with daemon.client("m", "g") as client:
        sizes = []
        for _ in range(3):
            with daemon.client("m") as nameless:
                assert nameless.hello_flags == 2
                during = size()
                nameless.socket.shutdown(socket.SHUT_WR)
                assert is_dropped(nameless)
            sizes.append(size())
            assert sizes[-1] < during
        assert len(set(sizes)) == 1
        assert client.counters()[0] == 0


def test_the_vmpl_chooses_the_kernel(daemon: Daemon) -> None:
    """Each VMPL's kernel has its own key and counter in one secrets page.

    @req SOCK-005
    """
    with daemon.client("m", "g", 0) as low, daemon.client("m", "g", 2) as high:
        low.key()
        request = bytes(16) + struct.pack("<I12x", 2)
        got = high.simple_ioctl(SNP_GET_DERIVED_KEY, request, 64)
        assert (got.result, got.exitinfo2) == (0, 0)
        assert low.counters()[:4] == (2, 0, 2, 0)
        words = struct.unpack_from("<4I", low.secrets(), SEQNO0)
        assert words == (2, 0, 2, 0)


# ---- what the frames do ----
def test_an_ioctl_is_linuxs(daemon: Daemon) -> None:
    """Report, key, and what a program with a bad pointer or command gets.

    @req SOCK-008
    """
    nonce = bytes(range(64))
    arg = struct.pack("<B7xQQQ", 1, REQ, RESP, 0)
    good = [
        Region(ARG, 32, SENT | RETURNED, arg),
        Region(REQ, 96, SENT, nonce + bytes(32)),
        Region(RESP, 4000, RETURNED),
    ]
    with daemon.client() as client:
        assert client.report(nonce)[0x50:0x90] == nonce
        assert client.ioctl(0xC0205303, ARG, good)[0] == -errno.ENOTTY
        assert client.ioctl(SNP_GET_REPORT, ARG + 1, good)[0] == -errno.EFAULT
        assert client.ioctl(SNP_GET_REPORT, 0, [])[0] == -errno.EFAULT
        assert client.counters()[0] == 2, "none of these has reached the firmware"
        short = [good[0], good[1], Region(RESP, 3999, RETURNED)]
        assert client.ioctl(SNP_GET_REPORT, ARG, short)[0] == -errno.EFAULT
        sealed = [good[0], good[1], Region(RESP, 4000, RETURNED | READ_ONLY)]
        assert client.ioctl(SNP_GET_REPORT, ARG, sealed) == (-errno.EFAULT, [arg, bytes(4000)])
        assert client.counters()[0] == 6, "these have, and the driver's counter went along"
        assert client.report(nonce)[0x50:0x90] == nonce


def test_an_extended_report_brings_the_certificates(daemon: Daemon) -> None:
    """Length probing, then the table, through the ioctl and through the hypercall.

    @req SOCK-008
    """
    certs = 0x40000
    with daemon.client() as client:

        def ask(length: int) -> tuple[int, list[bytes]]:
            request = bytes(96) + struct.pack("<QI4x", certs if length else 0, length)
            return client.ioctl(
                SNP_GET_EXT_REPORT,
                ARG,
                [
                    Region(ARG, 32, SENT | RETURNED, struct.pack("<B7xQQQ", 1, REQ, RESP, 0)),
                    Region(REQ, 112, SENT | RETURNED, request),
                    Region(RESP, 4000, RETURNED),
                    Region(certs, length, RETURNED),
                ],
            )

        result, back = ask(0)
        assert result == -errno.EIO
        assert struct.unpack_from("<Q", back[0], 24) == (1 << 32,)
        (needed,) = struct.unpack_from("<I", back[1], 104)
        assert needed % PAGE == 0
        result, back = ask(needed)
        assert result == 0
        assert b"SEV-VCEK" in back[3]
        key = client.secrets()[VMPCK0 : VMPCK0 + 32]
        count = client.counters()[0]
        page = seal(key, count + 1, REPORT_REQ, bytes(96))
        exit_, _, table = client.guest_request(page, 0)
        assert exit_ == (0, 1, 0, needed // PAGE)
        assert table == b""
        exit_, response, table = client.guest_request(page, needed // PAGE)
        assert exit_ == (0, 0, 0, needed // PAGE)
        assert table == back[3]
        assert unseal(key, response)[0] == count + 2


def test_a_guest_request_is_the_firmwares(daemon: Daemon) -> None:
    """@req SOCK-008"""
    with daemon.client() as client:
        key = client.secrets()[VMPCK0 : VMPCK0 + 32]
        page = seal(key, 1, KEY_REQ, bytes(32))
        exit_, response, _ = client.guest_request(page)
        assert exit_ == (0, 0, 0, 0)
        seqno, kind, payload = unseal(key, response)
        assert (seqno, kind, len(payload)) == (2, KEY_REQ + 1, 64)
        exit_, response, _ = client.guest_request(page)
        assert exit_ == (AEAD_OFLOW, 0, 0, 0)
        assert response == bytes(PAGE)
        assert client.counters() == (2, 0, 0, 0, 2, 2)
        assert client.secrets()[SEQNO0 : SEQNO0 + 4] == bytes(4), "the driver had no part in it"


def test_a_host_command_is_the_mailboxs(daemon: Daemon) -> None:
    """@req SOCK-008"""
    with daemon.client() as client:
        answer = client.call(HOST_COMMAND, struct.pack("<I", 0x7F) + bytes(24))
        assert struct.unpack("<I", answer) == (INVALID_COMMAND,)
        client.send(HOST_COMMAND, struct.pack("<I", 0x94) + bytes(4097))
        assert is_dropped(client)


def test_the_kds_knows_the_machine(daemon: Daemon) -> None:
    """@req SOCK-008"""
    with daemon.client() as client:
        chip = client.report()[0x1A0:0x1E0].hex()
        status, _, body = client.kds("/vcek/v1/Genoa/cert_chain")
        assert status == 200
        assert body.count(b"BEGIN CERTIFICATE") == 2
        assert client.kds(f"/vcek/v1/Genoa/{chip}?blSPL=00&teeSPL=00&snpSPL=00&ucodeSPL=00")[0] == 200
        assert client.kds("/vcek/v1/Genoa/nothing")[0] in (400, 404)
        assert client.kds("/vcek/v1/Genoa/cert_chain", "POST")[0] == 405
