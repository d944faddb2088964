"""VMSA pages as hypervisors launch them (launch notes, 3.4). Whatever is not set is zero."""

from __future__ import annotations

import struct

PAGE = 0x1000
BSP_EIP = 0xFFFFFFF0

# Offsets in the page.
ES, CS, SS, DS, FS, GS = 0x000, 0x010, 0x020, 0x030, 0x040, 0x050
GDTR, LDTR, IDTR, TR = 0x060, 0x070, 0x080, 0x090
EFER, CR4, CR0, DR7, DR6 = 0x0D0, 0x148, 0x158, 0x160, 0x168
RFLAGS, RIP, G_PAT, RDX = 0x170, 0x178, 0x268, 0x310
SEV_FEATURES, XCR0, MXCSR, X87_FCW = 0x3B0, 0x3E8, 0x408, 0x410

RESET_PAT = 0x0007040600070406
GCE_PAT = 0x00070106
HOSTS = ("QEMU", "EC2", "GCE")

# Family, model, stepping of QEMU's models; a name may carry a version.
MODELS = {
    "EPYC": (23, 1, 2, ("-v1", "-v2", "-v3", "-v4", "-IBPB")),
    "EPYC-Rome": (23, 49, 0, ("-v1", "-v2", "-v3")),
    "EPYC-Milan": (25, 1, 1, ("-v1", "-v2")),
    "EPYC-Genoa": (25, 17, 0, ("-v1",)),
    "EPYC-Turin": (26, 0, 0, ()),
}


def fms(family: int, model: int, stepping: int) -> int:
    """CPUID Fn0000_0001_EAX of a family above 15."""
    base = 0xF if family > 0xF else family
    extended = family - base
    return extended << 20 | (model >> 4) << 16 | base << 8 | (model & 0xF) << 4 | stepping


def signature(vcpu_type: str) -> int:
    """What RDX holds at reset (SNP-LD-048). KeyError on a type that the notes do not list."""
    for name, (family, model, stepping, versions) in MODELS.items():
        if vcpu_type == name or vcpu_type in [name + version for version in versions]:
            return fms(family, model, stepping)
    raise KeyError(vcpu_type)


class _Page:
    """A page that is filled by offset."""

    def __init__(self) -> None:
        self.data = bytearray(PAGE)

    def segment(self, at: int, selector: int, attributes: int, limit: int, base: int) -> None:
        struct.pack_into("<HHIQ", self.data, at, selector, attributes, limit, base)

    def number(self, at: int, size: int, value: int) -> None:
        self.data[at : at + size] = value.to_bytes(size, "little")


def _common(page: _Page, cr0: int, rip: int, features: int) -> None:
    page.segment(GDTR, 0, 0, 0xFFFF, 0)
    page.segment(IDTR, 0, 0, 0xFFFF, 0)
    page.segment(LDTR, 0, 0x82, 0xFFFF, 0)
    page.number(EFER, 8, 0x1000)
    page.number(CR4, 8, 0x40)
    page.number(CR0, 8, cr0)
    page.number(DR7, 8, 0x400)
    page.number(DR6, 8, 0xFFFF0FF0)
    page.number(RFLAGS, 8, 2)
    page.number(RIP, 8, rip)
    page.number(SEV_FEATURES, 8, features)  # @req SNP-LD-049
    page.number(XCR0, 8, 1)


def page(host: str, eip: int, vcpu_signature: int, features: int, ec2_rdx: int) -> bytes:
    """The VMSA of a vCPU in real mode that starts at EIP: SNP-LD-043 (QEMU), 044 (EC2), 045 (GCE)."""
    out = _Page()
    ec2 = host == "EC2"
    out.segment(ES, 0, 0x93, 0xFFFF, 0)
    code = 0x9A if ec2 and eip == BSP_EIP else 0x9B  # @req SNP-LD-044
    out.segment(CS, 0xF000, code, 0xFFFF, eip & 0xFFFF0000)  # @req SNP-LD-043
    out.segment(SS, 0, 0x92 if ec2 else 0x93, 0xFFFF, 0)  # @req SNP-LD-044
    for at in (DS, FS, GS):
        out.segment(at, 0, 0x93, 0xFFFF, 0)
    out.segment(TR, 0, 0x83 if ec2 else 0x8B, 0xFFFF, 0)  # @req SNP-LD-044
    _common(out, 0x10, eip & 0xFFFF, features)
    out.number(G_PAT, 8, GCE_PAT if host == "GCE" else RESET_PAT)  # @req SNP-LD-045
    out.number(
        RDX, 8, {"QEMU": vcpu_signature, "EC2": ec2_rdx, "GCE": 0x600}[host]
    )  # @req SNP-LD-046 SNP-LD-048
    if host == "QEMU":  # @req SNP-LD-043
        out.number(MXCSR, 4, 0x1F80)
        out.number(X87_FCW, 2, 0x37F)
    return bytes(out.data)


def svsm_page(entry: int, vcpu_signature: int, fcw: int) -> bytes:
    """The VMSA of a vCPU that starts in an SVSM, 32-bit protected mode (SNP-LD-052), QEMU only."""
    out = _Page()
    for at in (ES, SS, DS, FS):
        out.segment(at, 16, 0xC93, 0xFFFFFFFF, 0)
    out.segment(CS, 8, 0xC9B, 0xFFFFFFFF, 0)
    out.segment(GS, 0, 0x93, 0xFFFF, 0)
    out.segment(TR, 0, 0x8B, 0xFFFF, 0)
    _common(out, 0x11, entry, 1)
    out.number(G_PAT, 8, RESET_PAT)
    out.number(RDX, 8, vcpu_signature)
    out.number(MXCSR, 4, 0x1F80)
    out.number(X87_FCW, 2, fcw)  # @req SNP-LD-053
    return bytes(out.data)
