"""Family key: TCB_VERSION, GUEST_SVN, LAUNCH_MIT_VECTOR against their bounds (notes, 9.2, checks 6 to 8)."""

from __future__ import annotations

from typing import Any

from reference.families._key import (
    COMMITTED,
    GENOA,
    MILAN_V2,
    MIT_FIELD,
    SVN_FIELD,
    TCB_FIELD,
    TURIN,
    TURIN_COMMITTED,
    V2,
    V2_POLICY,
    VMRK,
    Cases,
    Request,
    tcb,
)


def _tcb(c: Cases) -> None:
    """Check 6."""
    top = "0.tcb"

    def mixed(**parts: int) -> Request:
        return {"fields": TCB_FIELD, "tcb": tcb("Genoa", **{**COMMITTED, **parts})}

    c.good("tcb", "TCB_VERSION is the committed one", "SNP-KEY-016", mixed(), also=("SNP-KEY-017",))
    c.good("tcb-zero", "TCB_VERSION 0", "SNP-KEY-016", {"fields": TCB_FIELD})
    only_boot = {"fields": TCB_FIELD, "tcb": tcb("Genoa", boot_loader=4)}
    flag = ("key-tcb-component",)
    c.good("tcb-boot-loader", "TCB_VERSION 4: a boot loader alone", "SNP-KEY-016", only_boot, flags=flag)
    lower = mixed(microcode=COMMITTED["microcode"] - 1)
    c.good("tcb-below", "One component below the committed one", "SNP-KEY-016", lower)
    c.good(
        "tcb-above-reported",
        "TCB_VERSION is the committed one, the reported one is below",
        "SNP-KEY-016",
        mixed(),
        platform={"reported_tcb": tcb("Genoa", boot_loader=9, snp=20, microcode=80)},
    )
    above_one = "a component of TCB_VERSION is above the committed one"
    for name in ("boot_loader", "tee", "snp", "microcode"):
        request = mixed(**{name: COMMITTED[name] + 1})
        part = name.replace("_", " ")
        c.bad(
            f"tcb-{name.replace('_', '-')}-above",
            above_one,
            "SNP-KEY-016",
            request,
            top,
            twin="tcb",
            title=f"{part} of TCB_VERSION is above the committed one",
            boundary=part,
            product="Genoa",
            flags=flag,
        )
    balanced = mixed(boot_loader=COMMITTED["boot_loader"] + 1, microcode=COMMITTED["microcode"] - 1)
    c.bad(
        "tcb-balanced",
        "one component is above, though the number as a whole is smaller",
        "SNP-KEY-016",
        balanced,
        top,
        twin="tcb",
        flags=flag,
    )
    current = {"fields": TCB_FIELD, "tcb": tcb("Milan", boot_loader=3, snp=8, microcode=206)}
    committed = {"fields": TCB_FIELD, "tcb": tcb("Milan", boot_loader=3, snp=8, microcode=115)}
    milan = "milan-1.52.4-v2-vcek"
    title = "The committed TCB where the current one is above"
    c.good("tcb-committed", title, "SNP-KEY-016", committed, profile=milan)
    c.bad(
        "tcb-current",
        "TCB_VERSION is the current one, above the committed one",
        "SNP-KEY-016",
        current,
        top,
        twin="tcb-committed",
        profile=milan,
    )
    turin = {"fields": TCB_FIELD, "tcb": tcb("Turin", **TURIN_COMMITTED)}
    c.good("tcb-turin", "Turin: TCB_VERSION is the committed one", "SNP-KEY-016", turin, profile=TURIN)
    for name in ("fmc", "snp"):
        newer = tcb("Turin", **{**TURIN_COMMITTED, name: TURIN_COMMITTED[name] + 1})
        c.bad(
            f"tcb-turin-{name}",
            above_one,
            "SNP-KEY-016",
            {"fields": TCB_FIELD, "tcb": newer},
            top,
            twin="tcb-turin",
            title=f"Turin: {name.upper()} of TCB_VERSION is above the committed one",
            boundary=name.upper(),
            product="Turin",
            profile=TURIN,
        )
    for product, profile, byte in (
        ("Genoa", GENOA, 2),
        ("Genoa", GENOA, 5),
        ("Turin", TURIN, 4),
        ("Turin", TURIN, 6),
    ):
        parts = COMMITTED if product == "Genoa" else TURIN_COMMITTED
        reserved = hex(int(tcb(product, **parts), 16) | 1 << 8 * byte)
        c.bad(
            f"tcb-{product.lower()}-reserved-{byte}",
            "a reserved byte of TCB_VERSION is not zero",
            "SNP-KEY-017",
            {"fields": TCB_FIELD, "tcb": reserved},
            top,
            title=f"byte {byte} of TCB_VERSION, reserved on {product}, is not zero",
            boundary=f"byte {byte}",
            product=product,
            also=("SNP-RPT-064" if product == "Turin" else "SNP-RPT-063",),
            twin="tcb" if product == "Genoa" else "tcb-turin",
            profile=profile,
        )
    ignored = "Bit 5 clear: TCB_VERSION is not looked at"
    c.good("tcb-ignored", ignored, "SNP-KEY-020", {"tcb": hex(2**64 - 1)})
    c.good("tcb-ignored-vmrk", f"VMRK, {ignored}", "SNP-KEY-020", {"select": VMRK, "tcb": hex(2**64 - 1)})
    vmrk = {**mixed(), "select": VMRK}
    c.good("tcb-vmrk", "VMRK with the committed TCB mixed in", "SNP-KEY-016", vmrk)
    above = mixed(snp=COMMITTED["snp"] + 1) | {"select": VMRK}
    c.bad(
        "tcb-vmrk-above",
        above_one,
        "SNP-KEY-016",
        above,
        top,
        twin="tcb-vmrk",
        title="VMRK: SNP of TCB_VERSION is above the committed one",
        boundary="VMRK as root",
        product="Genoa",
    )


def _svn(c: Cases) -> None:
    """Check 7."""

    def mixed(svn: int) -> Request:
        return {"fields": SVN_FIELD, "guest_svn": svn}

    none: dict[str, Any] = {"guest": {"id_block": None}}
    c.good("svn", "GUEST_SVN is the ID block's", "SNP-KEY-018", mixed(7))
    c.good("svn-below", "GUEST_SVN is below the ID block's", "SNP-KEY-018", mixed(6))
    c.good("svn-none", "GUEST_SVN 0 without an ID block", "SNP-KEY-018", mixed(0), **none)
    c.bad(
        "svn-above",
        "GUEST_SVN is one above the ID block's",
        "SNP-KEY-018",
        mixed(8),
        "0.guest_svn",
        twin="svn",
    )
    c.bad(
        "svn-negative",
        "GUEST_SVN is 0xFFFFFFFF, below as a signed number",
        "SNP-KEY-018",
        mixed(2**32 - 1),
        "0.guest_svn",
        twin="svn",
    )
    c.bad(
        "svn-no-block",
        "GUEST_SVN is 1 and there is no ID block",
        "SNP-KEY-018",
        mixed(1),
        "0.guest_svn",
        twin="svn-none",
        **none,
    )
    c.bad(
        "svn-block-zero",
        "GUEST_SVN is 7 and the ID block's is 0",
        "SNP-KEY-018",
        mixed(7),
        "",
        twin="svn",
        changes=[("guest.id_block.guest_svn", "GUEST_SVN", None)],
        guest={"id_block": {"guest_svn": 0}},
    )
    ignored = {"guest_svn": 2**32 - 1}
    c.good("svn-ignored", "Bit 4 clear: GUEST_SVN is not looked at", "SNP-KEY-020", ignored)


def _mitigations(c: Cases) -> None:
    """Check 8: version 2, a guest launched with vector 0xb."""

    def mixed(vector: int, **more: int) -> Request:
        return {**V2, "fields": MIT_FIELD, "launch_mit_vector": hex(vector), **more}

    field = "0.launch_mit_vector"
    stated: dict[str, Any] = {
        "profile": MILAN_V2,
        "policy": {**V2_POLICY, "launch_mit_status": "INVALID_PARAM"},
    }
    c.good("mit", "LAUNCH_MIT_VECTOR is the guest's", "SNP-KEY-019", mixed(0xB), **stated)
    c.good("mit-subset", "LAUNCH_MIT_VECTOR is a subset", "SNP-KEY-019", mixed(0x8), **stated)
    c.good("mit-zero", "LAUNCH_MIT_VECTOR is 0", "SNP-KEY-019", mixed(0), **stated)
    c.bad(
        "mit-clear-bit",
        "LAUNCH_MIT_VECTOR has a bit, lower than others, that is clear in the guest's",
        "SNP-KEY-019",
        mixed(0x4),
        field,
        twin="mit",
        **stated,
    )
    c.bad(
        "mit-high-bit",
        "LAUNCH_MIT_VECTOR has bit 63",
        "SNP-KEY-019",
        mixed(0xB | 1 << 63),
        field,
        twin="mit",
        **stated,
    )
    other: dict[str, Any] = {
        "profile": MILAN_V2,
        "policy": {**V2_POLICY, "launch_mit_status": "POLICY_FAILURE"},
    }
    c.good(
        "mit-other",
        "LAUNCH_MIT_VECTOR is the guest's, another status switched on",
        "SNP-KEY-019",
        mixed(0xB),
        **other,
    )
    c.bad(
        "mit-other-status",
        "LAUNCH_MIT_VECTOR has a clear bit, another status switched on",
        "SNP-KEY-019",
        mixed(0xF),
        field,
        twin="mit-other",
        status="POLICY_FAILURE",
        **other,
    )
    unmixed = {**V2, "launch_mit_vector": "0x4"}
    c.open(
        "mit-unmixed",
        "Bit 6 clear, LAUNCH_MIT_VECTOR has a bit that is clear in the guest's",
        "SNP-KEY-019",
        unmixed,
        accept={"launch_mit_always_checked": False},
        refuse={"launch_mit_always_checked": True},
        profile=MILAN_V2,
        policy=V2_POLICY,
    )
    always: dict[str, Any] = {"profile": MILAN_V2, "policy": {"launch_mit_always_checked": True}}
    c.good(
        "mit-v1", "Version 1 where the vector is always checked: it counts as 0", "SNP-KEY-004", {}, **always
    )
    cut = {"version": 2, "size": 0x20, "fields": MIT_FIELD, "launch_mit_vector": "0x4"}
    sizes: dict[str, Any] = {"profile": MILAN_V2, "policy": {**V2_POLICY, "key_req_v2_sizes": [0x20]}}
    c.good(
        "mit-cut", "Version 2 of 0x20 bytes, bit 6 set: the vector counts as 0", "SNP-KEY-003", cut, **sizes
    )


def add(c: Cases) -> None:
    """All of it."""
    _tcb(c)
    _svn(c)
    _mitigations(c)
