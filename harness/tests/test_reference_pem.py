"""PEM as the reference reads it: one block of base64 lines, spaces, tabs, CR and LF alone around it."""

from __future__ import annotations

import pytest
from reference.cert import pem
from reference.der_read import DerError

BLOCK = b"-----BEGIN X-----\nAQID\nBAUG\n-----END X-----\n"


@pytest.mark.parametrize(
    "text", [BLOCK, BLOCK.rstrip(), b"\r\n \t" + BLOCK + b"\t \r\n", BLOCK.replace(b"\n", b"\r\n")]
)
def test_one_block(text: bytes) -> None:
    assert pem(text, b"X") == bytes((1, 2, 3, 4, 5, 6))


@pytest.mark.parametrize(
    "text",
    [
        BLOCK + b"\v",
        BLOCK.replace(b"X-----\nA", b"X----- \nA"),
        BLOCK.replace(b"AQID\n", b"AQID\t\n"),
        BLOCK.replace(b"AQID\n", b"AQID\n\n"),
        BLOCK + BLOCK,
    ],
)
def test_more_than_a_block(text: bytes) -> None:
    with pytest.raises(DerError):
        pem(text, b"X")


def test_no_block() -> None:
    """Not PEM at all: the bytes are looked at as DER."""
    assert pem(b"\v" + BLOCK, b"X") == b"\v" + BLOCK
