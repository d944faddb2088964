"""One defect in an ID block or its authentication page: only the named fields differ. A key that was
changed and certified anew names its signature too, and that is good."""

from __future__ import annotations

from collections.abc import Iterator

from reference import id_block as ib
from reference.bundle import Case
from reference.single import ranges

FIELDS: dict[str, ranges.Fields] = {
    "id_block": {
        "LD": (0x00, 48),
        "FAMILY_ID": (0x30, 16),
        "IMAGE_ID": (0x40, 16),
        "VERSION": (0x50, 4),
        "SVN": (0x54, 4),
        "POLICY": (0x58, 8),
    },
    "id_auth": {
        "ID_KEY_ALGO": (ib.ID_KEY_ALGO, 4),
        "AUTH_KEY_ALGO": (ib.AUTH_KEY_ALGO, 4),
        "ID_BLOCK_SIG": (ib.ID_BLOCK_SIG, ib.SIGNATURE_SIZE),
        "ID_KEY": (ib.ID_KEY, ib.KEY_SIZE),
        "ID_KEY curve": (ib.ID_KEY, 4),
        "ID_KEY_SIG": (ib.ID_KEY_SIG, ib.SIGNATURE_SIZE),
        "AUTHOR_KEY": (ib.AUTHOR_KEY, ib.KEY_SIZE),
        "AUTHOR_KEY curve": (ib.AUTHOR_KEY, 4),
    },
}


def _unsigned(case: Case, names: dict[str, list[str]]) -> Iterator[str]:
    """What was changed and signed anew, and its signature is not good."""
    block, auth = case.input["id_block"], ib.IdAuth.parse(case.input["id_auth"])
    named = names["id_auth"]
    if "ID_KEY_SIG" in named and {"ID_KEY", "ID_KEY curve"} & set(named):
        author = ib.point_of(auth.author_key, "author key")
        if not ib.signed_by(author, auth.id_key, auth.id_key_sig):
            yield "ID_KEY is not signed by the author key"
    anew = "ID_BLOCK_SIG" in named and (names["id_block"] or "ID_KEY" in named)
    if anew and not ib.signed_by(ib.point_of(auth.id_key, "ID key"), block, auth.id_block_sig):
        yield "the ID block is not signed by the ID key"


def check(case: Case, twin: Case) -> list[str]:
    """What differs and is not named."""
    found = []
    names: dict[str, list[str]] = {member: [] for member in FIELDS}
    for member, field, _ in case.changes:
        if member in names:
            names[member] += field.split(", ")
    for member, named in names.items():
        if named:
            texts = ranges.compare(case.input[member], twin.input[member], named, FIELDS[member])
            found += [f"{member}: {text}" for text in texts]
    return [*found, *_unsigned(case, names)]
