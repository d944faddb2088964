"""The measurement family, op "ovmf": kernel hashes, VMSAs and SVSMs of tools that go wrong."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from reference import ovmf, vmsa
from reference.families import _images
from reference.families._measure_ovmf import HASHES, SVSM, VMSA, Guests, same_type
from reference.measure import FOUR_GIB, Guest, Page, pages, svsm_pages
from reference.ops.ovmf import guest_of
from reference.page_info import PAGE
from reference.page_info import PageType as T


def _put(at: int, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + new + data[at + len(new) :]


def _vmsas(launched: Sequence[Page], edit: Callable[[bytes], bytes], only: int | None = None) -> list[Page]:
    """LAUNCHED with other VMSA bytes: of all vCPUs, or of vCPU ONLY."""
    out, number = [], 0
    for page in launched:
        if page.page_type == T.VMSA:
            page = page if only not in (None, number) else replace(page, data=edit(page.data))
            number += 1
        out.append(page)
    return out


class AllGuests(Guests):
    """Adds all cases of the op."""

    def wrong_hashes(self) -> None:
        full = self.guest("qemu-kernel")
        right = next(p for p in full if p.page_type == T.NORMAL and p.gpa == 0x80F000).data
        at = _images.HASH_TABLE_GPA % PAGE

        def page(data: bytes) -> list[Page]:
            return same_type(full, T.NORMAL, 0x80F000, lambda p: replace(p, data=data))

        def sha(data: bytes) -> bytes:
            return hashlib.sha256(data).digest()

        table = right[at : at + ovmf.TABLE_PADDED]
        entries = [table[18 + 50 * i : 68 + 50 * i] for i in range(3)]
        upside = table[:18] + entries[2] + entries[1] + entries[0] + bytes(8)
        big = uuid.UUID(bytes_le=ovmf.KERNEL_TABLE_GUID).bytes
        for name, data, defect in (
            (
                "no-nul",
                _put(at + 36, sha(b"console=ttyS0 quiet"))(right),
                "The command line is hashed without its NUL",
            ),
            ("order", _put(at, upside)(right), "The entries are in order kernel, initrd, command line"),
            ("length-padded", _put(at + 16, b"\xb0\0")(right), "The table's length counts its padding"),
            ("entry-length", _put(at + 34, b"\x20\0")(right), "An entry's length counts the hash alone"),
            ("guid", _put(at, big)(right), "The table's GUID is in big-endian form"),
        ):
            self.wrong(f"hashes-{name}", "SNP-LD-040", HASHES, "qemu-kernel", page(data), defect)
        alone = self.guest("qemu-kernel-only")
        bare = next(p for p in alone if p.page_type == T.NORMAL and p.gpa == 0x80F000).data
        for name, data, defect in (
            (
                "no-cmdline",
                _put(at + 36, sha(b""))(bare),
                "An absent command line is hashed as nothing: no NUL",
            ),
            ("no-initrd", _put(at + 86, bytes(32))(bare), "An absent initrd has zeros for its hash"),
        ):
            changed = same_type(alone, T.NORMAL, 0x80F000, lambda p, d=data: replace(p, data=d))  # type: ignore[misc]
            self.wrong(f"hashes-{name}", "SNP-LD-040", HASHES, "qemu-kernel-only", changed, defect)
        self.wrong(
            "hashes-place",
            "SNP-LD-041",
            HASHES,
            "qemu-kernel",
            page(table.ljust(PAGE, b"\0")),
            "The table stands at the start of its page",
        )
        self.wrong(
            "hashes-zero",
            "SNP-LD-038",
            HASHES,
            "qemu-kernel",
            same_type(full, T.NORMAL, 0x80F000, lambda p: Page(T.ZERO, p.gpa)),
            "The page of the kernel's hashes is a ZERO page",
        )
        self.wrong(
            "hashes-normal",
            "SNP-LD-038",
            HASHES,
            "qemu",
            same_type(self.guest("qemu"), T.ZERO, 0x80F000, lambda p: Page(T.NORMAL, p.gpa)),
            "Without a kernel the page of the hashes is a NORMAL page of zeros",
        )
        made = self.made
        no_section = [s for s in _images.SECTIONS if s.type != ovmf.SNP_KERNEL_HASHES]
        self.broken(
            "kernel-no-section",
            "SNP-LD-039",
            HASHES,
            "qemu-kernel",
            _images.without(_images.HASHES, _images.RESET, sections=no_section),
            "A kernel is given and the metadata has no section for its hashes",
            "kernel-hashes",
            field="section",
        )
        self.broken(
            "kernel-no-entry",
            "SNP-LD-041",
            HASHES,
            "qemu-kernel",
            _images.without(_images.RESET),
            "A kernel is given and the footer table has no hash table",
            "kernel-hashes",
            field="entry",
        )
        self.broken(
            "kernel-table-end",
            "SNP-LD-041",
            HASHES,
            "qemu-kernel",
            made.put32(made.entries[ovmf.HASH_TABLE_GUID], 0x80FF51),
            "The hash table leaves its page",
            "kernel-hashes",
            field="table GPA",
        )

    def wrong_vmsa(self) -> None:
        two = self.guest("qemu")
        bsp = next(p.data for p in two if p.page_type == T.VMSA)
        ap = [p.data for p in two if p.page_type == T.VMSA][1]
        for name, requirement, claimed, defect in (
            ("order", "SNP-LD-042", [*two[:-2], two[-1], two[-2]], "The application processor comes first"),
            ("all-bsp", "SNP-LD-042", _vmsas(two, lambda _: bsp), "Every vCPU starts at the reset vector"),
            ("all-ap", "SNP-LD-042", _vmsas(two, lambda _: ap), "Every vCPU starts at the AP's address"),
            ("one-missing", "SNP-LD-042", two[:-1], "The second vCPU has no VMSA"),
            (
                "ap-base",
                "SNP-LD-047",
                _vmsas(two, _put(vmsa.CS + 8, struct.pack("<I", 0xFFFF0000)), 1),
                "The AP's CS has the BSP's base",
            ),
            (
                "ap-rip",
                "SNP-LD-047",
                _vmsas(two, _put(vmsa.RIP, struct.pack("<I", _images.AP_EIP)), 1),
                "The AP's RIP is the whole address",
            ),
            ("pat", "SNP-LD-043", _vmsas(two, _put(vmsa.G_PAT, bytes(8))), "G_PAT is left zero"),
            ("mxcsr", "SNP-LD-043", _vmsas(two, _put(vmsa.MXCSR, bytes(4))), "QEMU's MXCSR is left zero"),
            ("fcw", "SNP-LD-043", _vmsas(two, _put(vmsa.X87_FCW, bytes(2))), "QEMU's FCW is left zero"),
            (
                "efer",
                "SNP-LD-043",
                _vmsas(two, _put(vmsa.EFER, bytes(8))),
                "EFER is left zero: SVME is missing",
            ),
            ("cr4", "SNP-LD-043", _vmsas(two, _put(vmsa.CR4, bytes(8))), "CR4 is left zero: MCE is missing"),
            (
                "features",
                "SNP-LD-049",
                _vmsas(two, _put(vmsa.SEV_FEATURES, bytes(8))),
                "SEV_FEATURES is left zero",
            ),
            ("rdx", "SNP-LD-048", _vmsas(two, _put(vmsa.RDX, bytes(8))), "RDX is left zero"),
            (
                "rdx-milan",
                "SNP-LD-048",
                _vmsas(two, _put(vmsa.RDX, struct.pack("<I", vmsa.signature("EPYC-Milan")))),
                "RDX is the signature of another model",
            ),
        ):
            self.wrong(f"vmsa-{name}", requirement, VMSA, "qemu", claimed, defect)
        self.wrong(
            "vmsa-default-features",
            "SNP-LD-049",
            VMSA,
            "features",
            _vmsas(self.guest("features"), _put(vmsa.SEV_FEATURES, b"\x01")),
            "SEV_FEATURES 0x21 is taken for the usual 0x1",
        )
        for name, gpa, defect in (
            ("all-ones", 0xFFFFFFFFFFFFF000, "The VMSAs' GPA has all 52 upper bits set"),
            ("51-bits", 0x000FFFFFFFFFF000, "The VMSAs' GPA has bits 51:12 set"),
            ("zero", 0, "The VMSAs' GPA is zero"),
            ("unaligned", 0xFFFFFFFFFFFFFFFF, "The VMSAs' GPA is not page-aligned: all 64 bits are set"),
        ):
            moved = [replace(p, gpa=gpa) if p.page_type == T.VMSA else p for p in two]
            self.wrong(f"vmsa-gpa-{name}", "SNP-LD-021", VMSA, "qemu", moved, defect)
        ec2, gce = self.guest("ec2"), self.guest("gce")
        self.wrong(
            "ec2-code",
            "SNP-LD-044",
            VMSA,
            "ec2",
            _vmsas(ec2, _put(vmsa.CS + 2, b"\x9b"), 0),
            "EC2's BSP has CS attributes 0x9B",
        )
        self.wrong(
            "ec2-code-ap",
            "SNP-LD-044",
            VMSA,
            "ec2",
            _vmsas(ec2, _put(vmsa.CS + 2, b"\x9a"), 1),
            "EC2's AP has CS attributes 0x9A",
        )
        self.wrong(
            "ec2-ss",
            "SNP-LD-044",
            VMSA,
            "ec2",
            _vmsas(ec2, _put(vmsa.SS + 2, b"\x93")),
            "EC2's SS has attributes 0x93",
        )
        self.wrong(
            "ec2-mxcsr",
            "SNP-LD-044",
            VMSA,
            "ec2",
            _vmsas(ec2, _put(vmsa.MXCSR, b"\x80\x1f")),
            "EC2's MXCSR is 0x1F80",
        )
        self.wrong(
            "ec2-signature",
            "SNP-LD-044",
            VMSA,
            "ec2",
            _vmsas(ec2, _put(vmsa.RDX, struct.pack("<I", vmsa.signature("EPYC-v4")))),
            "EC2's RDX is the vCPU's signature",
        )
        self.wrong(
            "gce-pat",
            "SNP-LD-045",
            VMSA,
            "gce",
            _vmsas(gce, _put(vmsa.G_PAT, struct.pack("<Q", vmsa.RESET_PAT))),
            "GCE's G_PAT is the reset value",
        )
        self.wrong(
            "gce-signature",
            "SNP-LD-045",
            VMSA,
            "gce",
            _vmsas(gce, _put(vmsa.RDX, struct.pack("<I", vmsa.signature("EPYC-v4")))),
            "GCE's RDX is the vCPU's signature",
        )
        self.broken(
            "no-reset-block",
            "SNP-LD-047",
            VMSA,
            "qemu",
            _images.without(_images.HASHES),
            "Two vCPUs and an image without a reset block",
            "reset-block",
            field="entry",
        )

    def wrong_svsm(self) -> None:
        given = self.inputs["svsm"]
        guest = guest_of(given)
        right = self.guest("svsm")
        count = len(self.made.data) // PAGE
        image, rest = right[:count], right[count:]
        own = rest[: len(self.svsm.data) // PAGE]
        start = FOUR_GIB - len(self.made.data)
        no_vars = list(svsm_pages(replace(guest, vars_size=0), self.svsm.data, start))
        entry = own[0].gpa + 0x240
        below = list(pages(Guest(image=self.made.data, vcpus=2)))[count:]
        plain = vmsa.page("QEMU", entry, vmsa.signature("EPYC-v4"), 1, 0)
        for name, requirement, claimed, defect in (
            (
                "image-first",
                "SNP-LD-050",
                [*own, *image, *rest[len(own) :]],
                "The SVSM is measured before OVMF",
            ),
            ("no-variables", "SNP-LD-050", [*image, *no_vars], "The SVSM ends at OVMF, not at its variables"),
            (
                "ovmf-sections",
                "SNP-LD-050",
                [*image, *own, *below[:-2], *right[-2:]],
                "OVMF's sections are taken, not the SVSM's",
            ),
            (
                "entry-offset",
                "SNP-LD-051",
                _vmsas(right, _put(vmsa.RIP, struct.pack("<Q", 0x240))),
                "The entry is the offset, without the SVSM's address",
            ),
            (
                "entry-16",
                "SNP-LD-052",
                _vmsas(right, _put(vmsa.RIP, struct.pack("<Q", entry & 0xFFFF))),
                "RIP keeps 16 bits of the entry",
            ),
            ("real-mode", "SNP-LD-052", _vmsas(right, lambda _: plain), "The SVSM starts in real mode"),
            ("cr0", "SNP-LD-052", _vmsas(right, _put(vmsa.CR0, b"\x10")), "CR0 lacks PE"),
            (
                "gs",
                "SNP-LD-052",
                _vmsas(right, lambda d: _put(vmsa.GS, d[vmsa.FS : vmsa.FS + 16])(d)),
                "GS is like FS",
            ),
            (
                "ap",
                "SNP-LD-052",
                _vmsas(right, lambda d: _put(vmsa.RIP, struct.pack("<Q", _images.AP_EIP))(d), 1),
                "The second vCPU starts at OVMF's AP address",
            ),
        ):
            self.wrong(f"svsm-{name}", requirement, SVSM, "svsm", claimed, defect)
        made = self.svsm
        self.broken(
            "svsm-no-info",
            "SNP-LD-051",
            SVSM,
            "svsm",
            made.put(made.sizes[ovmf.SVSM_GUID] + 2, ovmf.RESET_GUID),
            "The SVSM's table has no SVSM info",
            "svsm-info",
            member="svsm",
            field="entry",
        )

    def all(self) -> None:
        self.good_cases()
        self.open_questions()
        self.wrong_image()
        self.wrong_metadata()
        self.wrong_hashes()
        self.wrong_vmsa()
        self.wrong_svsm()
