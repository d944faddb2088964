"""What commands of firmware do to pages. RMP notes, section 2.1, firmware command notes, 5.5 to 5.21.

Only the RMP's part: everything else of a command is in order. Written from the notes, not from the C model.
A refusal is the command's status by the spec's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reference import rmp_types as t
from reference.rmp import Table, first_page
from reference.rmp_types import Entry, Mark, Size, State, state_of

PARAM, ADDRESS, GUEST = "INVALID_PARAM", "INVALID_ADDRESS", "INVALID_GUEST"
SIZE, STATE, OWNER = "INVALID_PAGE_SIZE", "INVALID_PAGE_STATE", "INVALID_PAGE_OWNER"
UNKNOWN = "not in the notes"  # AMB-219
FROZEN = (State.PRE_GUEST, State.PRE_SWAP)


@dataclass(frozen=True)
class Args:
    """A command's operands. OWNER is the guest context's page; TYPE "data", "metadata" or "VMSA"; OWN are the
    RMP's own pages."""

    size: Size = Size.K4
    asid: int = 0
    owner: int = 0
    gpa: int = 0
    perms: tuple[int, int, int, int] = (0, 0, 0, 0)
    type: str = "data"
    validated: bool = False
    dst: int = 0
    own: range = range(0)


def _put(table: Table, at: int, entry: Entry) -> None:
    """A page's new entry; what the table counts follows."""
    if entry.size is Size.M2:
        table.write_2m(at, entry)
    else:
        table.write(at, entry)


def _frozen_entry(e: Entry) -> Entry:
    """A metadata page without its owner: a Firmware page."""
    return replace(e, gpa=0, mark=Mark.NONE)


def gctx_create(table: Table, at: int, a: Args) -> str | None:
    if at in a.own:
        return PARAM
    e = table.at(at)
    if state_of(e) is not State.FIRMWARE:
        return STATE
    if e.size is not Size.K4:
        return SIZE
    _put(table, at, replace(e, vmsa=True))
    return None


def decommission(table: Table, at: int, a: Args) -> str | None:
    if at in a.own:
        return PARAM
    e = table.at(at)
    if state_of(e) is not State.CONTEXT:
        return GUEST
    _put(table, at, replace(e, vmsa=False))
    return None


def launch_update(table: Table, at: int, a: Args) -> str | None:
    if at in a.own:
        return PARAM
    e = table.at(at)
    if state_of(e) is not State.PRE_GUEST:
        return STATE
    if e.size is not a.size:
        return SIZE
    if a.size is Size.M2 and at != first_page(at):
        return ADDRESS
    if a.size is Size.M2 and a.type == "VMSA":
        return SIZE
    if e.asid != a.asid:
        return OWNER
    perms = (e.perms[0], *a.perms[1:])
    _put(table, at, replace(e, perms=perms, vmsa=a.type == "VMSA", validated=True, immutable=False))
    return None


def reclaim(table: Table, at: int, a: Args) -> str | None:
    if not table.covers(at):
        return ADDRESS
    if at in a.own:
        return UNKNOWN
    e = table.at(at)
    if e.size is not a.size:
        return SIZE
    if a.size is Size.M2 and at != first_page(at):
        return ADDRESS
    if not e.immutable:
        return None
    state = state_of(e)
    if state not in (*FROZEN, State.FIRMWARE, State.METADATA):
        return STATE
    released = _frozen_entry(e) if state is State.METADATA else e
    _put(table, at, replace(released, immutable=False))
    return None


def swap_out(table: Table, at: int, a: Args) -> str | None:
    if at in a.own:
        return PARAM
    e = table.at(at)
    metadata = a.type == "metadata"
    if e.size is not a.size:
        return SIZE
    if state_of(e) not in ((State.METADATA,) if metadata else FROZEN):
        return STATE
    if (e.gpa != a.owner) if metadata else (e.asid != a.asid):
        return OWNER
    _put(table, at, _frozen_entry(e) if metadata else replace(e, validated=False))
    return None


def swap_in(table: Table, at: int, a: Args) -> str | None:
    if at in a.own:
        return PARAM
    e = table.at(at)
    if e.size is not a.size:
        return SIZE
    if a.type == "metadata":
        if state_of(e) is not State.FIRMWARE:
            return STATE
        _put(table, at, replace(e, gpa=a.owner, mark=Mark.METADATA))
        return None
    if a.type == "VMSA" and a.size is Size.M2:
        return SIZE
    if state_of(e) is not State.PRE_GUEST:
        return STATE
    if e.asid != a.asid:
        return OWNER
    _put(table, at, replace(e, gpa=a.gpa, vmsa=a.type == "VMSA", perms=a.perms, validated=a.validated))
    return None


def md_init(table: Table, at: int, a: Args) -> str | None:
    if at in a.own:
        return PARAM
    e = table.at(at)
    if state_of(e) is not State.FIRMWARE:
        return STATE
    _put(table, at, replace(e, gpa=a.owner, mark=Mark.METADATA))
    return None


def set_state(table: Table, at: int, a: Args) -> str | None:
    """A page past the RMP is skipped."""
    e = table.at(at)
    if not table.covers(at):
        return None
    if at in a.own:
        return ADDRESS
    if state_of(e) is not State.FIRMWARE:
        return STATE
    _put(table, at, replace(e, assigned=False))
    return None


def page_move(table: Table, at: int, a: Args) -> str | None:
    """AT: the source."""
    if at in a.own or a.dst in a.own:
        return PARAM
    src, dst = table.at(at), table.at(a.dst)
    if src.size is not a.size or dst.size is not a.size:
        return SIZE
    pair = (state_of(src), state_of(dst))
    if pair == (State.METADATA, State.FIRMWARE):
        if src.gpa != a.owner:
            return OWNER
        _put(table, a.dst, replace(dst, gpa=src.gpa, mark=src.mark))
        _put(table, at, _frozen_entry(src))
        return None
    if pair[0] not in FROZEN or pair[1] is not State.PRE_GUEST:
        return STATE
    if (src.asid, dst.asid) != (a.asid, a.asid):
        return OWNER
    moved = replace(dst, gpa=src.gpa, vmsa=src.vmsa, perms=src.perms, validated=src.validated)
    _put(table, a.dst, replace(moved, immutable=False))
    _put(table, at, replace(src, validated=False, immutable=False))
    return None


def unsmash(table: Table, at: int, a: Args) -> str | None:
    if at != first_page(at):
        return PARAM
    if not table.covers(at):
        return STATE
    if any(page in a.own for page in range(at, at + t.LARGE, t.PAGE)):
        return ADDRESS
    pages = [table.at(at + i * t.PAGE) for i in range(t.PAGES)]
    first = pages[0]
    if state_of(first) not in FROZEN or first.gpa % t.LARGE != 0:
        return STATE
    for i, e in enumerate(pages):
        wanted = replace(first, gpa=first.gpa + i * t.PAGE, subpages=0)
        if e.vmsa or replace(e, subpages=0) != wanted or e.size is not Size.K4:
            return STATE
    table.write_2m(at, replace(first, size=Size.M2))
    return None


COMMANDS: dict[str, Callable[[Table, int, Args], str | None]] = {
    "SNP_GCTX_CREATE": gctx_create,
    "SNP_DECOMMISSION": decommission,
    "SNP_LAUNCH_UPDATE": launch_update,
    "SNP_PAGE_RECLAIM": reclaim,
    "SNP_PAGE_SWAP_OUT": swap_out,
    "SNP_PAGE_SWAP_IN": swap_in,
    "SNP_PAGE_MD_INIT": md_init,
    "SNP_PAGE_SET_STATE": set_state,
    "SNP_PAGE_MOVE": page_move,
    "SNP_PAGE_UNSMASH": unsmash,
}
