"""The measurement family, op "ovmf": whole guests."""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from reference import ovmf
from reference.bundle import Family
from reference.families import _images
from reference.families._measure_pages import WRONG_LD, about
from reference.measure import FOUR_GIB, Launch, Page, pages
from reference.ops.ovmf import guest_of
from reference.page_info import PageType as T

OVMF, METADATA, HASHES, VMSA, SVSM = "image", "metadata", "kernel-hashes", "vmsa", "svsm"
Edit = Callable[[Page], Page]

# By layer: the row that a claim of another digest is judged by.
RULES = {
    OVMF: "SNP-LD-030",
    METADATA: "SNP-LD-035",
    HASHES: "SNP-LD-040",
    VMSA: "SNP-LD-042",
    SVSM: "SNP-LD-050",
}


def ld_of(launched: Sequence[Page]) -> str:
    launch = Launch()
    for page in launched:
        launch.update(page)
    return launch.ld.hex()


def same_type(launched: Sequence[Page], kind: T, gpa: int, edit: Edit) -> list[Page]:
    return [edit(p) if (p.page_type, p.gpa) == (kind, gpa) else p for p in launched]


def _without_metadata(made: _images.Made) -> bytes:
    """MADE with another GUID in the metadata's entry."""
    return made.put(made.sizes[ovmf.METADATA_GUID] + 2, hashlib.sha256(b"unknown").digest()[:16])


class Guests:
    """Adds the cases to F."""

    def __init__(self, f: Family) -> None:
        self.f = f
        self.made = _images.ovmf_image()
        f.blob("ovmf", self.made.data)
        self.svsm = _images.svsm_image()
        f.blob("svsm", self.svsm.data)
        self.inputs: dict[str, dict[str, Any]] = {}
        self.kernel = f.blob("kernel", _images.filler("kernel", 300))
        self.initrd = f.blob("initrd", _images.filler("initrd", 200))

    # ---- adding ----

    def base(self, host: str = "QEMU", **more: Any) -> dict[str, Any]:
        given = {"op": "ovmf", "ovmf": self.made.data, "vcpus": 2, "vcpu_type": "EPYC-v4", "vmm": host}
        return {**given, "guest_features": "0x1", **more}

    def guest(self, name: str) -> list[Page]:
        """The pages of a valid case."""
        return list(pages(guest_of(self.inputs[name])))

    def good(self, id_: str, title: str, requirement: str | list[str], layer: str, **more: Any) -> None:
        flags = more.pop("flags", ())
        given = self.base(**more)
        ld = ld_of(list(pages(guest_of(given))))
        self.inputs[id_] = given = {**given, "claimed": ld}
        requirements = [requirement] if isinstance(requirement, str) else requirement
        self.f.valid(id_, title, requirements, layer, given, {"measurement": ld}, flags=flags)

    def wrong(
        self, id_: str, requirement: str, layer: str, twin: str, claimed: Sequence[Page], defect: str
    ) -> None:
        """The twin's guest with the LD of a tool that has DEFECT."""
        given, ld = self.inputs[twin], ld_of(claimed)
        assert ld != given["claimed"], id_
        self.f.invalid(
            id_,
            defect,
            about(RULES[layer], requirement),
            layer,
            {**given, "claimed": ld},
            twin=twin,
            defect=WRONG_LD,
            boundary=defect,
            changes=[("claimed", "LD", None)],
            reason="measurement",
            output={"measurement": given["claimed"]},
        )

    def broken(
        self,
        id_: str,
        requirement: str,
        layer: str,
        twin: str,
        image: bytes,
        defect: str,
        reason: str,
        **more: Any,
    ) -> None:
        """The twin's guest with an image that cannot be launched."""
        member = more.get("member", "ovmf")
        self.f.invalid(
            id_,
            more.get("title", defect),
            [requirement],
            layer,
            {**self.inputs[twin], member: image},
            twin=twin,
            defect=defect,
            boundary=more.get("boundary"),
            changes=[(member, more.get("field", "image"), None)],
            reason=reason,
        )

    # ---- the cases ----

    def good_cases(self) -> None:
        given = {"kernel": self.kernel, "initrd": self.initrd, "append": "console=ttyS0 quiet"}
        self.good(
            "qemu",
            "QEMU, two vCPUs, no kernel",
            [
                "SNP-LD-021",
                "SNP-LD-030",
                "SNP-LD-031",
                "SNP-LD-032",
                "SNP-LD-033",
                "SNP-LD-034",
                "SNP-LD-035",
                "SNP-LD-038",
                "SNP-LD-042",
                "SNP-LD-043",
                "SNP-LD-047",
                "SNP-LD-049",
            ],
            OVMF,
        )
        self.good(
            "qemu-kernel",
            "QEMU with kernel, initrd and command line",
            ["SNP-LD-038", "SNP-LD-039", "SNP-LD-040", "SNP-LD-041"],
            HASHES,
            **given,
        )
        self.good(
            "qemu-kernel-only",
            "QEMU with a kernel, without initrd and command line",
            "SNP-LD-040",
            HASHES,
            kernel=self.kernel,
        )
        self.good(
            "ec2",
            "EC2: CPUID behind the other sections, its own VMSA",
            ["SNP-LD-036", "SNP-LD-044"],
            METADATA,
            host="EC2",
        )
        self.good(
            "gce",
            "GCE: memory sections are UNMEASURED, its own VMSA",
            ["SNP-LD-037", "SNP-LD-045"],
            METADATA,
            host="GCE",
        )
        self.good("one-vcpu", "One vCPU", "SNP-LD-042", VMSA, vcpus=1)
        self.good(
            "features",
            "SEV_FEATURES 0x21: DebugSwap as well",
            "SNP-LD-049",
            VMSA,
            guest_features="0x21",
        )
        for kind in ("EPYC-Rome-v2", "EPYC-Milan", "EPYC-Genoa-v1", "EPYC-Turin"):
            self.good(
                f"cpu-{kind.lower()}", f"A vCPU of type {kind}", "SNP-LD-048", VMSA, vcpus=1, vcpu_type=kind
            )
        self.good(
            "no-metadata",
            "An image whose table has no metadata: OVMF, then VMSAs",
            "SNP-LD-034",
            METADATA,
            ovmf=_without_metadata(self.made),
        )
        self.good(
            "svsm",
            "An SVSM below OVMF and its variables: its sections, its entry, its VMSA",
            ["SNP-LD-050", "SNP-LD-051", "SNP-LD-052"],
            SVSM,
            svsm=self.svsm.data,
            vars_size=0x4000,
        )

    def open_questions(self) -> None:
        """What sources disagree about."""
        given = self.base(host="EC2", vcpus=1)
        ld = ld_of(list(pages(guest_of(given))))
        self.f.policy(
            "ec2-rdx",
            "EC2's RDX is 0x600 or 0",
            ["SNP-LD-046"],
            VMSA,
            {**given, "claimed": ld},
            accept={"ec2_rdx": "0x600"},
            refuse={"ec2_rdx": "0x0"},
            reason="measurement",
        )
        given = self.base(svsm=self.svsm.data, vcpus=1)
        ld = ld_of(list(pages(guest_of(given))))
        self.f.policy(
            "svsm-fcw",
            "FCW of an SVSM's VMSA is 0 or 0x37F",
            ["SNP-LD-053"],
            SVSM,
            {**given, "claimed": ld},
            accept={"svsm_fcw": "0x0"},
            refuse={"svsm_fcw": "0x37F"},
            reason="measurement",
        )

    def wrong_image(self) -> None:
        plain = self.guest("qemu")
        first = [p for p in plain if p.gpa >= FOUR_GIB - len(self.made.data) and p.page_type == T.NORMAL]
        rest = plain[len(first) :]
        self.wrong(
            "image-at-zero",
            "SNP-LD-030",
            OVMF,
            "qemu",
            [*(replace(p, gpa=p.gpa - first[0].gpa) for p in first), *rest],
            "OVMF begins at address 0",
        )
        self.wrong(
            "image-last", "SNP-LD-030", OVMF, "qemu", [*rest, *first], "OVMF is measured behind all else"
        )
        made, size = self.made, len(self.made.data)
        end = made.data[size - ovmf.TABLE_END :]
        late = made.data[: -2 * ovmf.TABLE_END] + end + made.data[-2 * ovmf.TABLE_END : -ovmf.TABLE_END]
        self.broken(
            "footer-guid",
            "SNP-LD-031",
            OVMF,
            "qemu",
            made.put(made.entries[ovmf.FOOTER_GUID] + 2, bytes(16)),
            "The footer's GUID is zero",
            "footer",
            field="footer GUID",
        )
        big = uuid.UUID(bytes_le=ovmf.FOOTER_GUID).bytes
        self.broken(
            "footer-guid-big-endian",
            "SNP-LD-031",
            OVMF,
            "qemu",
            made.put(made.footer_size + 2, big),
            "The footer's GUID is in big-endian form",
            "footer",
            field="footer GUID",
        )
        self.broken(
            "footer-place",
            "SNP-LD-031",
            OVMF,
            "qemu",
            late,
            "The table ends 64 bytes before the image's end",
            "footer",
            field="footer",
        )
        self.broken(
            "footer-size-short",
            "SNP-LD-031",
            OVMF,
            "qemu",
            made.put(made.footer_size, struct.pack("<H", 17)),
            "The footer's size is 17: less than its own entry",
            "footer",
            field="footer size",
        )
        for name, value, title, boundary in (
            ("short", 17, "An entry's size is 17: less than size and GUID", None),
            ("zero", 0, "An entry's size is 0: the walk would not end", "the walk would not end"),
        ):
            self.broken(
                f"entry-size-{name}",
                "SNP-LD-033",
                OVMF,
                "qemu",
                made.put(made.sizes[ovmf.RESET_GUID], struct.pack("<H", value)),
                "An entry's size is below that of size and GUID",
                "footer",
                field="entry size",
                title=title,
                boundary=boundary,
            )

    def wrong_metadata(self) -> None:
        made = self.made
        at, size = made.metadata, len(made.data)
        offset = made.entries[ovmf.METADATA_GUID]
        outside = "The metadata's header does not lie in the image"
        for name, image, title, where in (
            ("signature", made.put(at, b"ASEW"), "The metadata's signature is not ASEV", "signature"),
            ("version", made.put32(at + 8, 2), "The metadata's version is 2", "version"),
            (
                "count",
                made.put32(at + 12, 7),
                "The metadata counts a section more than its size holds",
                "count",
            ),
            (
                "count-huge",
                made.put32(at + 12, 0x15555556),
                "The metadata's count times 12 wraps at 32 bits",
                "count",
            ),
            ("offset-zero", made.put32(offset, 0), "The metadata begins at the image's end", "offset"),
            ("offset-long", made.put32(offset, size + 1), "The metadata begins before the image", "offset"),
            (
                "offset-tail",
                made.put32(offset, 15),
                "The metadata's header reaches behind the image",
                "offset",
            ),
            (
                "offset-start",
                made.put32(offset, size - _images.METADATA_BACK),
                "The metadata's offset is counted from the image's start",
                "offset",
            ),
        ):
            within = name not in ("offset-zero", "offset-long", "offset-tail")
            self.broken(
                f"metadata-{name}",
                "SNP-LD-034",
                METADATA,
                "qemu",
                image,
                title if within else outside,
                "metadata",
                field=where,
                title=title,
                boundary=None if within else title,
            )
        self.broken(
            "section-type",
            "SNP-LD-035",
            METADATA,
            "qemu",
            made.put(made.section(2), struct.pack("<III", 0x80E000, 0x1000, 5)),
            "A section's type is 5, which the notes do not list",
            "metadata",
            field="section",
        )
        plain = self.guest("qemu")
        inner = [p for p in plain if p.gpa < 0x1000000]
        outer = [p for p in plain if p.page_type == T.NORMAL and p.gpa >= 0x1000000]
        vmsas = [p for p in plain if p.page_type == T.VMSA]
        self.wrong(
            "sections-sorted",
            "SNP-LD-035",
            METADATA,
            "qemu",
            [*outer, *sorted(inner, key=lambda p: p.gpa), *vmsas],
            "The sections are taken in order of address",
        )
        self.wrong(
            "sections-caa-left-out",
            "SNP-LD-035",
            METADATA,
            "qemu",
            [p for p in plain if p.gpa != 0x80C000],
            "The section SVSM_CAA is left out",
        )
        self.wrong(
            "sections-after-vmsa",
            "SNP-LD-042",
            METADATA,
            "qemu",
            [*outer, *vmsas, *inner],
            "The VMSAs are measured before the sections",
        )
        qemu_like = [p for p in self.guest("ec2") if p.page_type != T.CPUID]
        place = next(i for i, p in enumerate(qemu_like) if p.page_type == T.SECRETS) + 1
        self.wrong(
            "ec2-cpuid-in-place",
            "SNP-LD-036",
            METADATA,
            "ec2",
            [*qemu_like[:place], Page(T.CPUID, 0x80E000), *qemu_like[place:]],
            "EC2's CPUID page is measured where its section stands",
        )
        gce = self.guest("gce")
        self.wrong(
            "gce-zero",
            "SNP-LD-037",
            METADATA,
            "gce",
            [replace(p, page_type=T.ZERO) if p.page_type == T.UNMEASURED else p for p in gce],
            "GCE's memory sections are ZERO pages",
        )
        self.wrong(
            "gce-caa",
            "SNP-LD-037",
            METADATA,
            "gce",
            same_type(gce, T.ZERO, 0x80C000, lambda p: replace(p, page_type=T.UNMEASURED)),
            "GCE's SVSM_CAA section is UNMEASURED like memory",
        )
