"""The measurement family, op "pages": what tools that go wrong would claim."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from reference.families._measure_pages import LAYER, WRONG_LD, Pages, Row, about, changed, launch_of, ld_of
from reference.measure import Launch, Page
from reference.ops.pages import page_of
from reference.page_info import LARGE, PAGE, VMSA_TSC_OFFSET, VMSA_TSC_SCALE, ZERO_DIGEST, PageInfo, contents
from reference.page_info import PageType as T

Encode = Callable[[PageInfo], bytes]
Hash = Callable[[Page, bytes], bytes]


def _right_hash(page: Page, data: bytes) -> bytes:
    return contents(T(page.page_type), data)


def wrong_chain(
    rows: Iterable[Row],
    encode: Encode = PageInfo.encode,
    hashed: Hash = _right_hash,
    start: bytes = ZERO_DIGEST,
    algorithm: Callable[[bytes], bytes] = lambda info: hashlib.sha384(info).digest(),
) -> str:
    """The LD of a tool that goes wrong in ENCODE, HASHED, START or ALGORITHM."""
    ld = start
    for page in map(page_of, rows):
        for gpa, data in page.pieces():
            info = PageInfo(ld, hashed(page, data), page.page_type, page.imi, *page.perms, gpa)
            ld = algorithm(encode(info))
    return ld.hex()


def _put(at: int, new: Callable[[PageInfo], bytes]) -> Encode:
    """The right bytes but for those at AT."""

    def encode(info: PageInfo) -> bytes:
        raw, other = info.encode(), new(info)
        return raw[:at] + other + raw[at + len(other) :]

    return encode


class Claims(Pages):
    """Adds all cases of the op."""

    def wrong(self, id_: str, requirement: str, twin: str, claimed: str, defect: str, **more: Any) -> None:
        """The twin's pages with the LD of a tool that has DEFECT. REQUIREMENT: ids between spaces."""
        rows = self.bases[twin]
        right = launch_of(rows)
        assert claimed != right.ld.hex(), id_
        given = {"op": "pages", "pages": rows, "claimed": claimed}
        output = {"measurement": right.ld.hex(), "imd": right.imd.hex()}
        self.f.invalid(
            id_,
            defect,
            about("SNP-LD-002", *requirement.split()),
            LAYER,
            given,
            twin=twin,
            defect=WRONG_LD,
            changes=[("claimed", "LD", None)],
            reason="measurement",
            output=output,
            boundary=defect,
            **more,
        )

    def wrong_structure(self) -> None:
        m = self.mixed
        self.wrong(
            "start-ones",
            "SNP-LD-001",
            "mixed",
            wrong_chain(m, start=b"\xff" * 48),
            "The chain starts from 48 bytes of 0xFF",
        )
        self.wrong(
            "start-hash",
            "SNP-LD-001",
            "mixed",
            wrong_chain(m, start=hashlib.sha384().digest()),
            "The chain starts from the hash of nothing",
        )
        self.wrong(
            "no-chain",
            "SNP-LD-002",
            "mixed",
            wrong_chain(m, _put(0, lambda _: ZERO_DIGEST)),
            "DIGEST_CUR is zero for every page",
        )
        self.wrong(
            "digests-swapped",
            "SNP-LD-002",
            "mixed",
            wrong_chain(m, lambda i: i.contents + i.digest_cur + i.encode()[96:]),
            "CONTENTS is put before DIGEST_CUR",
        )
        self.wrong(
            "sha512-cut",
            "SNP-LD-002",
            "mixed",
            wrong_chain(m, algorithm=lambda i: hashlib.sha512(i).digest()[:48]),
            "PAGE_INFO is hashed with SHA-512 cut to 48 bytes",
        )
        self.wrong(
            "sha3-384",
            "SNP-LD-002",
            "mixed",
            wrong_chain(m, algorithm=lambda i: hashlib.sha3_384(i).digest()),
            "PAGE_INFO is hashed with SHA3-384",
        )
        self.wrong(
            "length-zero",
            "SNP-LD-003",
            "mixed",
            wrong_chain(m, _put(0x60, lambda _: bytes(2))),
            "LENGTH is left zero",
        )
        self.wrong(
            "length-big-endian",
            "SNP-LD-003",
            "mixed",
            wrong_chain(m, _put(0x60, lambda _: b"\0\x70")),
            "LENGTH is big-endian",
        )
        self.wrong(
            "type-left-out",
            "SNP-LD-004",
            "mixed",
            wrong_chain(m, _put(0x62, lambda _: b"\0")),
            "PAGE_TYPE is left zero",
        )
        self.wrong(
            "type-shifted",
            "SNP-LD-004",
            "mixed",
            wrong_chain(m, _put(0x62, lambda i: bytes([i.page_type << 1]))),
            "PAGE_TYPE stands in bits 3:1, as in the command",
        )
        self.wrong(
            "imi-left-out",
            "SNP-LD-005",
            "imi",
            wrong_chain(self.imi, _put(0x63, lambda _: b"\0")),
            "IMI_PAGE is left out of PAGE_INFO",
        )
        self.wrong(
            "permissions-reversed",
            "SNP-LD-006",
            "permissions",
            wrong_chain(self.perms, _put(0x64, lambda i: bytes([i.vmpl3, i.vmpl2, i.vmpl1, 0]))),
            "VMPL3, VMPL2, VMPL1, reserved: the permission bytes in reverse",
            flags=["ld-vmpl-order"],
        )
        self.wrong(
            "permissions-early",
            "SNP-LD-006",
            "permissions",
            wrong_chain(self.perms, _put(0x64, lambda i: bytes([i.vmpl1, i.vmpl2, i.vmpl3, 0]))),
            "The permission bytes begin at 0x64",
            flags=["ld-vmpl-order"],
        )
        self.wrong(
            "permissions-left-out",
            "SNP-LD-006",
            "permissions",
            wrong_chain(self.perms, _put(0x64, lambda _: bytes(4))),
            "The permission bytes are left zero",
        )
        self.wrong(
            "permissions-vmpl0",
            "SNP-LD-006",
            "permissions",
            wrong_chain(self.perms, _put(0x64, lambda _: b"\x0f")),
            "VMPL0's permissions stand in the reserved byte",
        )
        self.wrong(
            "gpa-big-endian",
            "SNP-LD-007",
            "mixed",
            wrong_chain(m, _put(0x68, lambda i: i.gpa.to_bytes(8, "big"))),
            "GPA is big-endian",
        )
        self.wrong(
            "gpa-frame",
            "SNP-LD-007",
            "mixed",
            wrong_chain(m, _put(0x68, lambda i: (i.gpa >> 12).to_bytes(8, "little"))),
            "GPA is the page's number",
        )
        self.wrong(
            "gpa-32",
            "SNP-LD-007",
            "mixed",
            wrong_chain(m, _put(0x6C, lambda _: bytes(4))),
            "GPA is cut to 32 bits",
        )

    def wrong_contents(self) -> None:
        def hashing(kind: T, other: Callable[[bytes], bytes]) -> str:
            return wrong_chain(
                self.tsc if kind is T.VMSA else self.mixed,
                hashed=lambda p, data: other(data) if p.page_type == kind else _right_hash(p, data),
            )

        def sha384(data: bytes) -> bytes:
            return hashlib.sha384(data).digest()

        without = [entry for entry in self.mixed if entry["type"] != "UNMEASURED"]
        self.wrong(
            "normal-short",
            "SNP-LD-008",
            "mixed",
            hashing(T.NORMAL, lambda d: sha384(d.rstrip(b"\0"))),
            "A page that is not full is hashed without its zeros",
        )
        self.wrong(
            "normal-sha256",
            "SNP-LD-008",
            "mixed",
            hashing(T.NORMAL, lambda d: hashlib.sha256(d).digest().ljust(48, b"\0")),
            "CONTENTS is a SHA-256 with zeros behind it",
        )
        self.wrong(
            "normal-not-hashed",
            "SNP-LD-008",
            "mixed",
            hashing(T.NORMAL, lambda _: ZERO_DIGEST),
            "CONTENTS of a NORMAL page is zero",
        )
        for name, at in (("scale", VMSA_TSC_SCALE), ("offset", VMSA_TSC_OFFSET)):
            other = VMSA_TSC_OFFSET if at == VMSA_TSC_SCALE else VMSA_TSC_SCALE
            self.wrong(
                f"vmsa-tsc-{name}",
                "SNP-LD-009",
                "vmsa-tsc",
                hashing(T.VMSA, lambda d, o=other: sha384(d[:o] + bytes(8) + d[o + 8 :])),  # type: ignore[misc]
                f"GUEST_TSC_{name.upper()} is hashed as it stands",
            )
        self.wrong(
            "vmsa-zero-contents",
            "SNP-LD-009",
            "vmsa-tsc",
            hashing(T.VMSA, lambda _: ZERO_DIGEST),
            "CONTENTS of a VMSA is zero",
        )
        self.wrong(
            "vmsa-zeroed-wide",
            "SNP-LD-009",
            "vmsa-tsc",
            hashing(T.VMSA, lambda d: sha384(d[:VMSA_TSC_SCALE] + bytes(24) + d[VMSA_TSC_SCALE + 24 :])),
            "The nonce behind the TSC fields is hashed as zero, too",
        )
        self.wrong(
            "zero-hashed",
            "SNP-LD-010",
            "mixed",
            hashing(T.ZERO, sha384),
            "CONTENTS of a ZERO page is the hash of 4096 zeros",
        )
        self.wrong(
            "zero-as-normal",
            "SNP-LD-010",
            "mixed",
            ld_of(changed(self.mixed, "ZERO", type="NORMAL")),
            "A ZERO page is loaded as NORMAL",
        )
        self.wrong(
            "unmeasured-hashed",
            "SNP-LD-011",
            "mixed",
            hashing(T.UNMEASURED, sha384),
            "CONTENTS of an UNMEASURED page is its hash",
        )
        self.wrong(
            "unmeasured-skipped",
            "SNP-LD-011",
            "mixed",
            ld_of(without),
            "An UNMEASURED page adds nothing to the digest",
        )
        self.wrong(
            "secrets-hashed",
            "SNP-LD-012 SNP-SEC-011",
            "mixed",
            hashing(T.SECRETS, sha384),
            "CONTENTS of the SECRETS page is its hash",
        )
        self.wrong(
            "cpuid-hashed",
            "SNP-LD-013 SNP-CPUID-016",
            "mixed",
            hashing(T.CPUID, sha384),
            "CONTENTS of the CPUID page is its hash",
        )

    def wrong_order(self) -> None:
        one_step = Launch()
        pages = [page_of(entry) for entry in self.large]
        for page in pages:
            data = page.data.ljust(LARGE, b"\0")
            info = PageInfo(
                one_step.ld, contents(T(page.page_type), data), page.page_type, False, *page.perms, page.gpa
            )
            one_step.ld = info.digest()
        same_gpa, first_only, reverse = Launch(), Launch(), Launch()
        for page in pages:
            pieces = list(page.pieces())
            for number, (gpa, data) in enumerate(pieces):
                small = replace(page, large=False, gpa=gpa, data=data)
                same_gpa.update(replace(small, gpa=page.gpa))
                first_only.update(small if number == 0 else replace(small, perms=(0, 0, 0)))
            for gpa, data in reversed(pieces):
                reverse.update(replace(page, large=False, gpa=gpa, data=data))
        rows = sorted(self.mixed, key=lambda entry: int(entry["gpa"], 16))
        for name, launch, defect in (
            ("large-one-step", one_step, "A 2 MiB page is one step over its 2 MiB"),
            ("large-one-gpa", same_gpa, "The 512 steps of a 2 MiB page have its first GPA"),
            ("large-permissions", first_only, "Only the first step of a 2 MiB page has its permissions"),
            ("large-reverse", reverse, "The steps of a 2 MiB page go from its end"),
        ):
            self.wrong(name, "SNP-LD-014", "large", launch.ld.hex(), defect)
        self.wrong(
            "sorted", "SNP-LD-020", "mixed", ld_of(rows), "The pages are measured in order of their GPA"
        )

    def wrong_imd(self) -> None:
        rows = self.imi
        right = launch_of(rows)
        self.wrong(
            "imi-skips-ld",
            "SNP-LD-015",
            "imi",
            ld_of([r for r in rows if not r["imi"]]),
            "An IMI page goes into IMD alone",
        )
        from_ld, every = Launch(), [{**entry, "imi": True} for entry in rows]
        imd = ZERO_DIGEST
        for page in map(page_of, rows):
            before = from_ld.ld
            from_ld.update(page)
            if page.imi:
                data = page.data.ljust(PAGE, b"\0")
                imd = PageInfo(
                    before, contents(T(page.page_type), data), page.page_type, True, 0, 0, 0, page.gpa
                ).digest()
        plain = launch_of([{**r, "imi": True} for r in rows if r["imi"]])
        bare = wrong_chain([r for r in rows if r["imi"]], _put(0x63, lambda _: b"\0"))
        assert plain.imd == right.imd
        for name, requirement, claimed, defect in (
            ("imd-from-ld", "SNP-LD-015", imd.hex(), "IMD's DIGEST_CUR is LD"),
            ("imd-without-bit", "SNP-LD-015", bare, "IMI_PAGE is clear in what IMD hashes"),
            (
                "imd-every-page",
                "SNP-LD-016",
                launch_of(every).imd.hex(),
                "A page without IMI_PAGE goes into IMD",
            ),
        ):
            given = {"op": "pages", "pages": rows, "claimed": right.ld.hex(), "claimed_imd": claimed}
            self.f.invalid(
                name,
                defect,
                about("SNP-LD-015", requirement),
                LAYER,
                given,
                twin="imd",
                defect="The claimed IMD is not that of these pages",
                boundary=defect,
                changes=[("claimed_imd", "IMD", None)],
                reason="imd",
                output={"measurement": right.ld.hex(), "imd": right.imd.hex()},
            )

    def all(self) -> None:
        self.known_answers()
        self.good_cases()
        self.wrong_structure()
        self.wrong_contents()
        self.wrong_order()
        self.wrong_imd()
        self.refusals()
