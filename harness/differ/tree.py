"""DER as a tree, one place of which is changed and all lengths around it made right again.

A node has children if it is constructed, or an OCTET STRING that holds DER itself, as an extension's does.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from reference import der
from reference.der_read import DerError, Reader, Value

from differ import mutate

CONSTRUCTED = 0x20
DEPTH_MAX = 12  # nothing is looked for further down
TAGS = (*range(7), 0x0C, 0x13, 0x16, 0x17, 0x18, 0x1E, 0x30, 0x31, 0x81, 0xA0, 0xA3)
PADS = (b"\0", b"\xff", b"\x80", b"\0\0")
TIMES = (  # good and bad ones
    b"491231235959Z", b"500101000000Z", b"000101000000Z", b"240229000000Z", b"250229000000Z",
    b"260431000000Z", b"261301000000Z", b"260100000000Z", b"260101240000Z", b"260101006000Z",
    b"260101000060Z", b"2601010000Z", b"260101000000+0000", b"260101000000", b"2601010000 0Z",
    b"+60101000000Z", b"20260101000000Z", b"20500101000000Z", b"00010101000000Z", b"00000101000000Z",
    b"99991231235959Z", b"21000229000000Z", b"20000229000000Z", b"20260101000000.0Z", b"19491231235959Z",
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    tag: int
    content: bytes
    children: tuple[Node, ...]
    whole: bytes


def _children(content: bytes, depth: int = 0) -> tuple[Node, ...]:
    reader = Reader(content)
    found = []
    while (tag := reader.peek()) is not None:
        value = reader.take(tag)
        found.append(_node(value, depth))
    return tuple(found)


def _node(value: Value, depth: int) -> Node:
    children: tuple[Node, ...] = ()
    if depth < DEPTH_MAX and (value.tag & CONSTRUCTED or value.tag == der.OCTET_STRING):
        try:
            children = _children(value.content, depth + 1)
        except DerError:
            children = ()
    return Node(value.tag, value.content, children, value.whole)


def parse(data: bytes) -> Node | None:
    """DATA as one value; None where it is not."""
    try:
        found = _children(data)
    except DerError:
        return None
    return found[0] if len(found) == 1 else None


def _change(rng: Random, node: Node, others: tuple[Node, ...]) -> tuple[str, bytes]:
    """Bytes in place of NODE, one of the children OTHERS."""
    how = rng.randrange(12)
    if how == 0:
        tag = rng.choice((node.tag ^ CONSTRUCTED, node.tag ^ 1 << rng.randrange(8), rng.choice(TAGS)))
        return "tag", der.tlv(tag, node.content)
    if how == 1:
        fewest = (len(node.content).bit_length() + 7) // 8 or 1
        return "long-length", der.tlv(node.tag, node.content, octets=rng.randrange(fewest, 6))
    if how == 2:
        size = max(0, len(node.content) + rng.choice((-1, 1, 1, -2, 128)))
        return "wrong-length", bytes([node.tag]) + der.length(size) + node.content
    if how == 3:
        return "indefinite", bytes([node.tag, 0x80]) + node.content + bytes(2)
    if how == 4:
        return "missing", b""
    if how == 5:
        return "twice", node.whole * 2
    if how == 6:
        return "exchanged", rng.choice(others).whole
    if how == 7:
        return "padded", der.tlv(node.tag, rng.choice(PADS) + node.content)
    if how == 8:
        return "empty", der.tlv(node.tag, b"")
    if how == 9 and node.tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        return "time", der.tlv(rng.choice((node.tag, der.GENERALIZED_TIME)), rng.choice(TIMES))
    if how == 10:
        return "inserted", der.tlv(rng.choice(TAGS), rng.randbytes(rng.randrange(4))) + node.whole
    return "content", der.tlv(node.tag, mutate.blind(rng, node.content)[1])


def changed(rng: Random, root: Node) -> tuple[str, bytes]:
    """The bytes of ROOT with one change at a place below it that is found at random, and its name."""
    path: list[tuple[Node, int]] = []
    node = root
    while node.children and (not path or rng.random() < 0.85):
        at = rng.randrange(len(node.children))
        path.append((node, at))
        node = node.children[at]
    label, new = _change(rng, node, path[-1][0].children if path else (root,))
    for above, at in reversed(path):
        before = b"".join(child.whole for child in above.children[:at])
        after = b"".join(child.whole for child in above.children[at + 1 :])
        new = der.tlv(above.tag, before + new + after)
    return label, new
