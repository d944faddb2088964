"""Family key: which inputs change a key and which do not. Guest message notes, section 9.3."""

from __future__ import annotations

from typing import Any

from reference.families._key import (
    VCEK,
    VLEK,
    VMRK,
    WITH_V2,
    WITH_VLEK,
    Cases,
    Request,
    tcb,
)

MISSING, EXTRA = ("key-input-missing",), ("key-input-extra",)
OTHER_32, OTHER_48, OTHER_16 = "5a" * 32, "5a" * 48, "5a" * 16
OTHER_CHIP = "c3" * 64
OLD = tcb("Genoa", boot_loader=9, snp=20, microcode=80)
OLDER = tcb("Genoa", boot_loader=9, snp=19, microcode=80)


def _guest(**changes: Any) -> dict[str, Any]:
    return {"guest": changes}


def _block(**changes: Any) -> dict[str, Any]:
    return _guest(id_block=changes)


def _different(c: Cases, name: str, title: str, number: int, a: Request, b: Request, **given: Any) -> None:
    given.setdefault("flags", MISSING)
    c.keys(name, title, f"SNP-KEY-{number:03}", "different", a, b, **given)


def _equal(c: Cases, name: str, title: str, number: int, a: Request, b: Request, **given: Any) -> None:
    given.setdefault("flags", EXTRA)
    c.keys(name, title, f"SNP-KEY-{number:03}", "equal", a, b, **given)


def _roots(c: Cases) -> None:
    vcek, vlek, vmrk = {"select": VCEK}, {"select": VLEK}, {"select": VMRK}
    both = {"platform": WITH_VLEK}
    _equal(c, "again", "The same request of the same guest", 38, {}, {}, flags=())
    _equal(c, "again-vmrk", "The same request of the same guest, VMRK", 38, vmrk, vmrk, flags=())
    _different(c, "vcek-vlek", "VCEK and VLEK as root", 25, vcek, vlek, **both)
    _different(c, "vcek-vmrk", "VCEK and VMRK as root", 25, vcek, vmrk)
    _different(c, "vlek-vmrk", "VLEK and VMRK as root", 25, vlek, vmrk, **both)
    _equal(c, "default-vcek", "KEY_SEL 0 without a VLEK, and KEY_SEL 1", 25, {}, vcek)
    _equal(c, "default-vlek", "KEY_SEL 0 with a VLEK, and KEY_SEL 2", 25, {}, vlek, **both)
    _different(c, "default-loaded", "KEY_SEL 0 before and after a VLEK is loaded", 25, {}, both)
    _equal(c, "vcek-loaded", "KEY_SEL 1 before and after a VLEK is loaded", 25, vcek, {**vcek, **both})
    other = {"platform": {"chip_id": OTHER_CHIP}}
    _different(c, "chip-vcek", "Two chips, VCEK as root", 25, {}, other)
    vlek_there = {**vlek, "platform": {**WITH_VLEK, "chip_id": OTHER_CHIP}}
    _equal(c, "chip-vlek", "Two chips of one provider, VLEK as root", 25, {**vlek, **both}, vlek_there)
    csp = {**vlek, "platform": {"csp_id": "CN=sevkit-csp-2.example"}}
    _different(c, "csp-vlek", "Two providers, VLEK as root", 25, {**vlek, **both}, csp)
    relaunch = ("key-vmrk-relaunch",)
    _different(
        c, "launch-vmrk", "Two launches, VMRK as root", 39, vmrk, {**vmrk, "launch": 2}, flags=relaunch
    )
    _equal(c, "launch-vcek", "Two launches, VCEK as root", 38, {}, {"launch": 2}, flags=relaunch)
    _equal(
        c,
        "launch-vlek",
        "Two launches, VLEK as root",
        38,
        vlek,
        {**vlek, "launch": 2},
        flags=relaunch,
        **both,
    )


def _always(c: Cases) -> None:
    """What is mixed in whatever the request says."""
    for bit, name in enumerate(("policy", "image id", "family id", "measurement", "SVN", "TCB")):
        title = f"GUEST_FIELD_SELECT 0 and {1 << bit:#x} ({name})"
        _different(
            c, f"fields-0-{1 << bit:x}", title, 26, {"select": VMRK}, {"select": VMRK, "fields": 1 << bit}
        )
    one, two = {"fields": 1 << 1}, {"fields": 1 << 2}
    zeros = _block(image_id="00" * 16, family_id="00" * 16)
    _different(c, "fields-1-2", "Two selections of fields that are all zero", 26, one, two, **zeros)
    for vmpl in (1, 2, 3):
        _different(c, f"vmpl-0-{vmpl}", f"VMPL 0 and {vmpl}", 27, {}, {"vmpl": vmpl})
    under = {"vmpl": 3, "vmpck": 3}
    _equal(
        c, "vmpck", "VMPL 3 under VMPCK0 and VMPCK3: the key does not tell who asked", 27, {"vmpl": 3}, under
    )
    _different(c, "host-data", "Two HOST_DATA", 28, {}, _guest(host_data=OTHER_32))
    profile_data = "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e"
    last = _guest(host_data=profile_data + "00")
    _different(c, "host-data-last", "HOST_DATA that differ in their last byte", 28, {}, last)
    _different(
        c, "host-data-vmrk", "Two HOST_DATA, VMRK as root", 28, {"select": VMRK}, {"select": VMRK, **last}
    )


def _identity(c: Cases) -> None:
    """The digest of the identity key."""
    _different(c, "id-key", "Two ID keys, no author key", 29, {}, _block(id_key_digest=OTHER_48))
    first = _block(author_key_digest="a1" * 48)
    second = _block(author_key_digest="a2" * 48)
    _different(c, "author-key", "Two author keys", 29, first, second)
    _different(c, "author-none", "With and without an author key", 29, {}, first)
    under = _block(author_key_digest="a1" * 48, id_key_digest=OTHER_48)
    _equal(c, "author-id-key", "Two ID keys under one author key", 29, first, under)
    _different(c, "id-block-none", "With and without an ID block", 29, {}, _guest(id_block=None))
    vmrk = {"select": VMRK}
    _different(
        c, "id-key-vmrk", "Two ID keys, VMRK as root", 29, vmrk, {**vmrk, **_block(id_key_digest=OTHER_48)}
    )


def _chosen(c: Cases) -> None:
    """Fields of the guest that a bit mixes in."""
    rows: tuple[tuple[str, str, int, int, dict[str, Any]], ...] = (
        ("policy", "guest policies", 0, 30, _guest(policy="0xb0000")),
        ("image-id", "IMAGE_IDs", 1, 31, _block(image_id=OTHER_16)),
        ("family-id", "FAMILY_IDs", 2, 32, _block(family_id=OTHER_16)),
        ("measurement", "measurements", 3, 33, _guest(measurement=OTHER_48)),
    )
    for name, text, bit, number, other in rows:
        fields = {"fields": 1 << bit}
        rest = {"fields": 0x0F & ~(1 << bit)}
        _different(c, f"{name}-mixed", f"Two {text}, bit {bit} set", number, fields, {**fields, **other})
        _equal(c, f"{name}-clear", f"Two {text}, no bit set", number, {}, other)
        _equal(
            c,
            f"{name}-others",
            f"Two {text}, all bits of the guest's fields but {bit} set",
            number,
            rest,
            {**rest, **other},
        )
    both = {"fields": 1 << 1 | 1 << 2}
    one = _block(image_id="11" * 16, family_id="22" * 16)
    two = _block(image_id="22" * 16, family_id="11" * 16)
    _different(
        c,
        "ids-swapped",
        "IMAGE_ID and FAMILY_ID swapped, both mixed in",
        31,
        {**both, **one},
        {**both, **two},
    )


def _versions(c: Cases) -> None:
    """Fields of the request that a bit mixes in."""
    svn = {"fields": 1 << 4, "guest_svn": 3}
    _different(c, "svn-mixed", "GUEST_SVN 3 and 7, bit 4 set", 34, svn, {**svn, "guest_svn": 7})
    _equal(c, "svn-clear", "GUEST_SVN 3 and 7, bit 4 clear", 34, {"guest_svn": 3}, {"guest_svn": 7})
    newer = {**svn, **_block(guest_svn=9)}
    _equal(
        c, "svn-upgrade", "GUEST_SVN 3 of a guest with SVN 7, and of its successor with SVN 9", 34, svn, newer
    )
    old = {"fields": 1 << 5, "tcb": OLD}
    older = {**old, "tcb": OLDER}
    vmrk = {"select": VMRK}
    _different(c, "tcb-mixed", "Two TCB_VERSIONs, bit 5 set", 35, old, older)
    _different(
        c,
        "tcb-mixed-vmrk",
        "Two TCB_VERSIONs, bit 5 set, VMRK as root",
        35,
        {**old, **vmrk},
        {**older, **vmrk},
    )
    _equal(c, "tcb-clear", "Two TCB_VERSIONs, bit 5 clear", 35, {"tcb": OLD}, {"tcb": OLDER})
    _equal(
        c,
        "tcb-clear-vmrk",
        "Two TCB_VERSIONs, bit 5 clear, VMRK as root",
        35,
        {"tcb": OLD, **vmrk},
        {"tcb": OLDER, **vmrk},
    )
    down = {"platform": {"reported_tcb": OLD}}
    _different(c, "reported-vcek", "Two reported TCBs, bit 5 clear, VCEK as root", 37, {}, down)
    _equal(c, "reported-vmrk", "Two reported TCBs, bit 5 clear, VMRK as root", 37, vmrk, {**vmrk, **down})
    _equal(c, "reported-upgrade", "Two reported TCBs, one TCB_VERSION, bit 5 set", 37, old, {**old, **down})
    up = {"platform": {"committed_tcb": tcb("Genoa", boot_loader=10, snp=24, microcode=84)}}
    _equal(c, "committed", "Two committed TCBs, one TCB_VERSION, bit 5 set", 37, old, {**old, **up})
    v2 = {"version": 2, "size": 0x28}
    mit = {**v2, "fields": 1 << 6, "launch_mit_vector": "0x1"}
    milan = WITH_V2
    _different(
        c,
        "mit-mixed",
        "LAUNCH_MIT_VECTOR 1 and 2, bit 6 set",
        36,
        mit,
        {**mit, "launch_mit_vector": "0x2"},
        **milan,
    )
    clear = {**v2, "launch_mit_vector": "0x1"}
    _equal(
        c,
        "mit-clear",
        "LAUNCH_MIT_VECTOR 1 and 2, bit 6 clear",
        36,
        clear,
        {**v2, "launch_mit_vector": "0x2"},
        **milan,
    )
    later = {**mit, **_guest(launch_mit_vector="0x3f")}
    _equal(c, "mit-guest", "One LAUNCH_MIT_VECTOR of guests launched with two", 36, mit, later, **milan)
    _equal(c, "version", "Version 1, and version 2 with bit 6 clear", 4, {}, v2, **milan)
    padded = {**mit, "size": 0x30}
    _equal(c, "v2-sizes", "Version 2 of 0x28 and of 0x30 bytes", 3, mit, padded, **milan)


def add(c: Cases) -> None:
    """All of it."""
    _roots(c)
    _always(c)
    _identity(c)
    _chosen(c)
    _versions(c)
