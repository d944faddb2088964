"""The launch digest: page by page, and as a hypervisor's launch makes it (launch notes, sections 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reference import ovmf, vmsa
from reference.page_info import LARGE, PAGE, SMALL_ONLY, ZERO_DIGEST, PageInfo, PageType, contents

FOUR_GIB = 1 << 32
VMSA_GPA = 0xFFFFFFFFF000  # KVM's, for every vCPU
PAGES_MAX = FOUR_GIB // PAGE  # our limits, docs/limits.md
VCPUS_MAX = 4096


class RefusedError(Exception):
    """A firmware status: the page changes neither digest."""


@dataclass(frozen=True)
class Page:
    """What SNP_LAUNCH_UPDATE is given. DATA is shorter than the page where zeros follow."""

    page_type: int
    gpa: int
    data: bytes = b""
    large: bool = False
    imi: bool = False
    perms: tuple[int, int, int] = (0, 0, 0)  # VMPL1, VMPL2, VMPL3

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """GPA and bytes of each 4 KiB."""
        for at in range(0, LARGE if self.large else PAGE, PAGE):
            yield self.gpa + at, self.data[at : at + PAGE].ljust(PAGE, b"\0")


@dataclass
class Launch:
    """The digests of a guest in state LAUNCH."""

    imi_en: bool = False
    ld: bytes = ZERO_DIGEST  # @req SNP-LD-001
    imd: bytes = ZERO_DIGEST  # @req SNP-LD-001

    def check(self, page: Page) -> PageType:
        """The checks of LAUNCH_UPDATE that need no RMP, in the notes' order."""
        if page.page_type not in list(PageType):
            raise RefusedError("INVALID_PARAM")  # @req SNP-LD-018
        if page.large and page.page_type in SMALL_ONLY:
            raise RefusedError("INVALID_PAGE_SIZE")  # @req SNP-LD-019
        if self.imi_en and not page.imi:
            raise RefusedError("INVALID_PARAM")  # @req SNP-LD-017
        return PageType(page.page_type)

    def update(self, page: Page) -> None:
        page_type = self.check(page)
        for gpa, data in page.pieces():  # @req SNP-LD-014
            hashed = contents(page_type, data)
            if page.imi:  # @req SNP-LD-015 SNP-LD-016
                self.imd = PageInfo(self.imd, hashed, page_type, True, *page.perms, gpa).digest()
            self.ld = PageInfo(
                self.ld, hashed, page_type, page.imi, *page.perms, gpa
            ).digest()  # @req SNP-LD-002


@dataclass(frozen=True)
class Guest:
    """What a host launches: an OVMF image under QEMU, EC2's or GCE's hypervisor."""

    image: bytes
    vcpus: int
    vcpu_type: str = "EPYC-v4"
    host: str = "QEMU"
    features: int = 1
    kernel: bytes | None = None
    initrd: bytes | None = None
    append: str | None = None
    svsm: bytes | None = None  # with it: SVSM's metadata and entry, VMPL0 is the SVSM's
    vars_size: int = 0  # bytes of variables between the SVSM and OVMF
    ec2_rdx: int = 0x600  # sources disagree
    svsm_fcw: int = 0  # what one tool does, by accident


def image_pages(image: bytes, start: int) -> Iterator[Page]:
    """An image as NORMAL pages."""
    for at in range(0, len(image), PAGE):
        yield Page(PageType.NORMAL, start + at, image[at : at + PAGE])


def section_pages(guest: Guest, image: ovmf.Image, section: ovmf.Section) -> Iterator[Page]:
    """One section of the metadata (notes, 3)."""
    if section.type == ovmf.SNP_SEC_MEM:
        kind = PageType.UNMEASURED if guest.host == "GCE" else PageType.ZERO  # @req SNP-LD-037
    elif section.type == ovmf.SNP_SECRETS:
        yield Page(PageType.SECRETS, section.gpa)
        return
    elif section.type == ovmf.CPUID:
        yield Page(PageType.CPUID, section.gpa)
        return
    elif section.type == ovmf.SNP_KERNEL_HASHES and guest.kernel is not None:  # @req SNP-LD-038
        if section.size != PAGE:
            raise ovmf.BadImageError("kernel-hashes", f"a section of {section.size} bytes")
        page = ovmf.hashes_page(image.hash_table_gpa(), guest.kernel, guest.initrd, guest.append)
        yield Page(PageType.NORMAL, section.gpa, page)
        return
    else:  # SVSM_CAA, and the hash page of a guest without a kernel
        kind = PageType.ZERO
    if section.size % PAGE or section.gpa % PAGE or section.gpa + section.size > FOUR_GIB:
        raise ovmf.BadImageError("metadata", f"a section at {section.gpa:#x} of {section.size} bytes")
    for gpa in range(section.gpa, section.gpa + section.size, PAGE):
        yield Page(kind, gpa)


def metadata_pages(guest: Guest, image: ovmf.Image) -> Iterator[Page]:
    """All sections in table order; EC2 puts CPUID behind them."""
    late = [s for s in image.sections if s.type == ovmf.CPUID and guest.host == "EC2"]  # @req SNP-LD-036
    for section in [*(s for s in image.sections if s not in late), *late]:  # @req SNP-LD-035
        yield from section_pages(guest, image, section)
    if guest.kernel is not None and all(s.type != ovmf.SNP_KERNEL_HASHES for s in image.sections):
        raise ovmf.BadImageError(
            "kernel-hashes", "a kernel, but no section for its hashes"
        )  # @req SNP-LD-039


def vmsa_pages(guest: Guest, image: ovmf.Image) -> Iterator[Page]:
    """The BSP, then the application processors (notes, 3.4)."""
    signature = vmsa.signature(guest.vcpu_type)
    for number in range(guest.vcpus):
        eip = vmsa.BSP_EIP if number == 0 else image.reset_eip()  # @req SNP-LD-042 SNP-LD-047
        page = vmsa.page(guest.host, eip, signature, guest.features, guest.ec2_rdx)
        yield Page(PageType.VMSA, VMSA_GPA, page)  # @req SNP-LD-021


def svsm_pages(guest: Guest, svsm_image: bytes, ovmf_start: int) -> Iterator[Page]:
    """The SVSM ends where OVMF's variables begin (notes, 3)."""
    start = ovmf_start - guest.vars_size - len(svsm_image)
    if not svsm_image or len(svsm_image) % PAGE or guest.vars_size % PAGE or start < 0:
        raise ovmf.BadImageError("image", f"an SVSM of {len(svsm_image)} bytes at {start:#x}")
    image = ovmf.Image(svsm_image)
    yield from image_pages(svsm_image, start)
    yield from metadata_pages(guest, image)
    page = vmsa.svsm_page(start + image.svsm_offset(), vmsa.signature(guest.vcpu_type), guest.svsm_fcw)
    for _ in range(guest.vcpus):
        yield Page(PageType.VMSA, VMSA_GPA, page)


def pages(guest: Guest) -> Iterator[Page]:
    """Every LAUNCH_UPDATE of a launch, in its order."""
    loaded = 0
    for page in _pages(guest):
        loaded += page.page_type != PageType.VMSA
        if loaded > PAGES_MAX:
            raise ovmf.BadImageError("metadata", "more than 4 GiB of pages")
        yield page


def _pages(guest: Guest) -> Iterator[Page]:
    if not guest.image or len(guest.image) % PAGE:
        raise ovmf.BadImageError("image", f"{len(guest.image)} bytes")
    if guest.vcpus > VCPUS_MAX:
        raise ovmf.BadImageError("vcpus", f"{guest.vcpus} vCPUs")
    start = FOUR_GIB - len(guest.image)
    yield from image_pages(guest.image, start)  # @req SNP-LD-030
    if guest.svsm is not None:  # @req SNP-LD-050
        yield from svsm_pages(guest, guest.svsm, start)
        return
    image = ovmf.Image(guest.image)
    yield from metadata_pages(guest, image)
    yield from vmsa_pages(guest, image)


def measure(guest: Guest) -> bytes:
    """The launch digest of GUEST."""
    launch = Launch()
    for page in pages(guest):
        launch.update(page)
    return launch.ld
