"""The measurement family, op "pages": PAGE_INFO and the chain."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from reference.bundle import Family
from reference.families._images import filler
from reference.measure import VMSA_GPA, Launch
from reference.ops.pages import page_of
from reference.page_info import PAGE, VMSA_TSC_OFFSET, VMSA_TSC_SCALE

LAYER = "page-info"
WRONG_LD = "The claimed digest is not that of these pages"
Row = dict[str, Any]


def row(kind: str | int, gpa: int, data: bytes | None = None, **more: Any) -> Row:
    """A row of `pages`."""
    return {"type": kind, "gpa": hex(gpa), "contents": data, **more}


def about(rule: str, *own: str) -> list[str]:
    """What a wrong claim is judged by: its layer's RULE, then the rows that say what went wrong."""
    return list(dict.fromkeys((rule, *own)))


def launch_of(rows: Sequence[Row], imi_en: bool = False) -> Launch:
    launch = Launch(imi_en=imi_en)
    for entry in rows:
        launch.update(page_of(entry))
    return launch


def ld_of(rows: Sequence[Row]) -> str:
    return launch_of(rows).ld.hex()


def changed(rows: Sequence[Row], kind: str, **new: Any) -> list[Row]:
    """ROWS with other members in those of type KIND."""
    return [{**entry, **new} if entry["type"] == kind else entry for entry in rows]


class Pages:
    """Adds the cases to F."""

    def __init__(self, f: Family) -> None:
        self.f = f
        code = f.blob("page-code", filler("page", PAGE))
        dirty = f.blob("page-dirty", filler("dirty", PAGE))
        vmsa = bytearray(PAGE)
        struct.pack_into("<QQ", vmsa, 0x2E8, 0x1122334455667788, 0x0000000123456789)
        struct.pack_into("<QQ", vmsa, VMSA_TSC_OFFSET, 0x8877665544332211, 0x99)
        struct.pack_into("<Q", vmsa, 0x3B0, 0x201)
        self.vmsa = f.blob("page-vmsa", bytes(vmsa))
        still = f.blob("page-vmsa-still", bytes(vmsa[:VMSA_TSC_SCALE] + bytes(16) + vmsa[0x300:]))
        begin = f.blob("page-large", code + dirty + code[:0x777])
        part = f.blob("page-part", code[:0x123])
        self.mixed = [
            row("NORMAL", 0xFFFFE000, code),
            row("ZERO", 0x800000),
            row("UNMEASURED", 0x801000, dirty),
            row("SECRETS", 0x80D000, dirty),
            row("CPUID", 0x80E000, dirty),
            row("NORMAL", 0x80F000, part),
            row("VMSA", VMSA_GPA, still),
        ]
        self.tsc = changed(self.mixed, "VMSA", contents=self.vmsa)
        self.perms = [
            row("NORMAL", 0x1000, code, vmpl1=0x0F, vmpl2=0x03, vmpl3=0x01),
            row("UNMEASURED", 0x2000, dirty, vmpl1=0x01, vmpl2=0x1F, vmpl3=0x00),
        ]
        self.large = [
            row("NORMAL", 0x40000000, begin, size="2M", vmpl1=0x0F, vmpl2=0x01),
            row("ZERO", 0x40200000, dirty, size="2M"),
            row("UNMEASURED", 0x40400000, dirty, size="2M"),
        ]
        self.imi = [
            row("NORMAL", 0x1000, code, imi=True),
            row("ZERO", 0x2000, imi=False),
            row("CPUID", 0x3000, imi=True),
            row("NORMAL", 0x4000, dirty, imi=False),
        ]
        self.bases = {
            "mixed": self.mixed,
            "vmsa-tsc": self.tsc,
            "permissions": self.perms,
            "large": self.large,
            "imi": self.imi,
        }

    def good(
        self, id_: str, title: str, requirement: str | list[str], rows: Sequence[Row], **more: Any
    ) -> None:
        """A list that is measured, with the claim that goes with it."""
        launch = launch_of(rows, more.get("imi_en", False))
        given = {"op": "pages", "pages": list(rows), "claimed": launch.ld.hex(), **more}
        output = {"measurement": launch.ld.hex(), "imd": launch.imd.hex()}
        self.f.valid(
            id_, title, [requirement] if isinstance(requirement, str) else requirement, LAYER, given, output
        )

    def refused(
        self,
        id_: str,
        requirement: str,
        twin: str,
        rows: Sequence[Row],
        defect: str,
        status: str,
        **more: Any,
    ) -> None:
        """The twin's list with a page that is refused; the digests are those of the pages before it."""
        output, title, boundary = (more.pop(name, None) for name in ("output", "title", "boundary"))
        given = {"op": "pages", "pages": list(rows), **more}
        twin_case = next(c for c in self.f.cases if c.id == f"{self.f.name}.{twin}")
        given["claimed"] = twin_case.input["claimed"]
        self.f.invalid(
            id_,
            title or defect,
            [requirement, "SNP-LD-023"],
            LAYER,
            given,
            twin=twin,
            defect=defect,
            changes=[("pages", "PAGE_TYPE, PAGE_SIZE or IMI_PAGE", None)],
            status=status,
            output=output,
            boundary=boundary,
        )

    def known_answers(self) -> None:
        """The notes' own numbers, written down as they stand there."""
        rows = (
            (
                "NORMAL",
                "SNP-LD-008",
                (0, 0, 0),
                "e6e4d78904d9d6b33c0cbfd121998fd2d11744dae606b3aee35e2a45d6869b60b35c63928a9232bef72d6be386f48ec6",
            ),
            (
                "ZERO",
                "SNP-LD-010",
                (0, 0, 0),
                "4bd4147976a1e7554c1c778a781affc1c672f1965a727ba16084989b7e356044a28bbe585a2f75dac9356fa5ab78f061",
            ),
            (
                "UNMEASURED",
                "SNP-LD-011",
                (0, 0, 0),
                "81475a112c0223cebe1ccb31a0aa2567772871200b33515a3cbbd5ed6a68a8e630902dd83469ea6553554bfb67111fad",
            ),
            (
                "SECRETS",
                "SNP-LD-012",
                (0, 0, 0),
                "ede71fa5ddc72c3de70c6ff1149b8ecb6ef08b74b1d3a72c2cece10bd140c06a6181343d33def7db6cc0da1ff9ba4805",
            ),
            (
                "CPUID",
                "SNP-LD-013",
                (0, 0, 0),
                "af3c8d305f882f039a48318a961572ddc7ebf40b3d1eae828f4fa6e27a7b3078cf2d84b459e002fb58b4ae83efd7f29c",
            ),
            (
                "NORMAL",
                "SNP-LD-006",
                (0x0F, 0x01, 0),
                "3e67197740d79d6700b1a97e3bee5f26d52809e086b3750671408f70dbc1d923e38ca02a406499ea60a71b98cd86fd8e",
            ),
        )
        for kind, requirement, (vmpl1, vmpl2, vmpl3), ld in rows:
            perms: Row = {"vmpl1": vmpl1, "vmpl2": vmpl2, "vmpl3": vmpl3} if vmpl1 else {}
            given = {"op": "pages", "pages": [row(kind, 0x1000, **perms)], "claimed": ld}
            name = f"known-{kind.lower()}" + ("-permissions" if perms else "")
            title = f"One page {kind} at 0x1000 on the zero digest" + (", with permissions" if perms else "")
            self.f.valid(
                name, title, [requirement, "SNP-LD-001"], LAYER, given, {"measurement": ld, "imd": "00" * 48}
            )

    def good_cases(self) -> None:
        self.good("empty", "No page: both digests are zero", "SNP-LD-001", [])
        self.good(
            "mixed",
            "A page of each type, as a launch orders them",
            [
                "SNP-LD-002",
                "SNP-LD-003",
                "SNP-LD-004",
                "SNP-LD-007",
                "SNP-LD-008",
                "SNP-LD-009",
                "SNP-LD-010",
                "SNP-LD-011",
                "SNP-LD-012",
                "SNP-SEC-011",
                "SNP-LD-013",
                "SNP-CPUID-016",
                "SNP-LD-020",
            ],
            self.mixed,
        )
        self.good(
            "reordered",
            "The same pages, the first two exchanged",
            "SNP-LD-020",
            [self.mixed[1], self.mixed[0], *self.mixed[2:]],
        )
        self.good(
            "vmsa-tsc", "The same pages with TSC fields in the VMSA: the same digest", "SNP-LD-009", self.tsc
        )
        self.good("permissions", "Three different permission bytes", "SNP-LD-006", self.perms)
        self.good(
            "large", "2 MiB pages of the three types that have them", ["SNP-LD-014", "SNP-LD-019"], self.large
        )
        self.good(
            "imi", "Pages with and without IMI_PAGE", ["SNP-LD-005", "SNP-LD-015", "SNP-LD-017"], self.imi
        )
        self.good(
            "imd",
            "The same pages with a claim of their IMD",
            ["SNP-LD-015", "SNP-LD-016"],
            self.imi,
            claimed_imd=launch_of(self.imi).imd.hex(),
        )
        every = [{**entry, "imi": True} for entry in self.imi]
        self.good(
            "imi-guest",
            "IMI_EN with IMI_PAGE on every page",
            ["SNP-LD-017", "SNP-LD-015"],
            every,
            imi_en=True,
        )
        self.good(
            "vmsa-elsewhere",
            "A VMSA at an address of the guest's memory, as hosts other than KVM have it",
            "SNP-LD-007",
            [row("VMSA", 0x7FFF000, self.vmsa)],
        )
        self.good(
            "gpa-high",
            "A page above 4 GiB: all eight bytes of GPA count",
            "SNP-LD-007",
            [row("NORMAL", 0x0007_1234_5678_9000)],
        )
        self.good(
            "dirty-zero", "A ZERO page over old contents", "SNP-LD-010", [row("ZERO", 0x1000, self.vmsa)]
        )
        self.good(
            "vmsa-tsc-only",
            "A VMSA whose TSC fields alone are not zero",
            "SNP-LD-009",
            [row("VMSA", VMSA_GPA, bytes(VMSA_TSC_SCALE) + b"\xff" * 16)],
        )

    def refusals(self) -> None:
        m = self.mixed
        for number in (0, 7):
            rows = [*m[:1], {**m[1], "type": number}, *m[2:]]
            before = launch_of(m[:1])
            self.refused(
                f"type-{number}",
                "SNP-LD-018",
                "mixed",
                rows,
                "PAGE_TYPE is none of 1 to 6",
                "INVALID_PARAM",
                title=f"PAGE_TYPE is {number}",
                boundary="above, not below" if number else None,
                output={"measurement": before.ld.hex(), "imd": before.imd.hex()},
            )
        for kind in ("VMSA", "SECRETS", "CPUID"):
            rows = changed(self.large, "ZERO", type=kind)
            before = launch_of(self.large[:1])
            self.refused(
                f"large-{kind.lower()}",
                "SNP-LD-019",
                "large",
                rows,
                "A page of 2 MiB whose type has 4 KiB only",
                "INVALID_PAGE_SIZE",
                title=f"A page {kind} of 2 MiB",
                boundary=kind,
                output={"measurement": before.ld.hex(), "imd": "00" * 48},
            )
        every = [{**entry, "imi": True} for entry in self.imi]
        before = launch_of(every[:2])
        rows = [*every[:2], {**every[2], "imi": False}, every[3]]
        output = {"measurement": before.ld.hex(), "imd": before.imd.hex()}
        self.refused(
            "imi-missing",
            "SNP-LD-017",
            "imi-guest",
            rows,
            "A page without IMI_PAGE in a guest with IMI_EN",
            "INVALID_PARAM",
            imi_en=True,
            output=output,
        )
        both = [*every[:2], {**every[2], "imi": False, "size": "2M"}, every[3]]
        self.refused(
            "order-size-imi",
            "SNP-LD-019",
            "imi-guest",
            both,
            "A CPUID page of 2 MiB without IMI_PAGE in a guest with IMI_EN: the size is refused first",
            "INVALID_PAGE_SIZE",
            imi_en=True,
            output=output,
        )
