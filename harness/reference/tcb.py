"""TCB_VERSION: eight bytes whose meaning is the product line's. Report notes, section 6.

A TCB is kept as the eight bytes of the report (byte 0 first), so that nothing of it is lost.
"""

from __future__ import annotations

PRODUCTS = ("Milan", "Genoa", "Turin")
COMPONENTS = ("fmc", "boot_loader", "tee", "snp", "microcode")

_LEGACY = {"boot_loader": 0, "tee": 1, "snp": 6, "microcode": 7}
LAYOUTS: dict[str, dict[str, int]] = {
    "Milan": _LEGACY,
    "Genoa": _LEGACY,
    "Turin": {"fmc": 0, "boot_loader": 1, "tee": 2, "snp": 3, "microcode": 7},
}


def pack(product: str, parts: dict[str, int]) -> bytes:
    """The eight bytes of PARTS; what the layout has no byte for is left out, what is not named is 0."""
    raw = bytearray(8)
    for name, at in LAYOUTS[product].items():
        raw[at] = parts.get(name, 0)
    return bytes(raw)


def unpack(product: str, raw: bytes) -> dict[str, int]:
    """The components that the layout has, by name. Reserved bytes are for reserved_byte to judge."""
    return {name: raw[at] for name, at in LAYOUTS[product].items()}


def parts(product: str, raw: bytes) -> dict[str, int]:
    """All five components; FMC is 0 where the layout has none."""
    return dict.fromkeys(COMPONENTS, 0) | unpack(product, raw)


def reserved_byte(product: str, raw: bytes) -> int | None:
    """The first byte of RAW that the layout reserves and that is not zero."""
    used = set(LAYOUTS[product].values())
    return next((at for at in range(8) if at not in used and raw[at]), None)


def above(product: str, lower: bytes, upper: bytes) -> str | None:
    """The component of LOWER that is above UPPER's: the order is that of each component by itself."""
    low, high = unpack(product, lower), unpack(product, upper)
    return next((name for name in low if low[name] > high[name]), None)


def product_of(family: int, model: int) -> str | None:
    """The product line of a processor. Report notes, section 11."""
    if family == 0x19:
        if model <= 0x0F:
            return "Milan"
        if 0x10 <= model <= 0x1F or 0xA0 <= model <= 0xAF:
            return "Genoa"
    if family == 0x1A and model <= 0x11:
        return "Turin"
    return None
