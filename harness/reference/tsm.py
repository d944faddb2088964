"""configfs-tsm over the sev-guest driver, from our notes (Linux notes, sections 5 and 8; docs/ambiguities.md,
"Settled by the genuine driver"). Written from the notes, not from the C model.

Failures are errno names, raised as RefusedError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reference.device import Driver, RefusedError

INBLOB_MAX = 64
BLOB_MAX = 0x8000
AUX_MAX = 0x4000
PRIVLEVEL_MAX = 3
REPORT_AT = 32  # in MSG_REPORT_RSP
RSP_MAX = 4096
INVALID_PARAM, INVALID_KEY = 0x16, 0x27


@dataclass(frozen=True)
class Attribute:
    writable: bool  # 0200, else 0444
    binary: bool = False
    service: bool = False  # only with an SVSM


ATTRIBUTES = {
    "inblob": Attribute(True, binary=True),
    "outblob": Attribute(False, binary=True),
    "auxblob": Attribute(False, binary=True),
    "manifestblob": Attribute(False, binary=True, service=True),
    "provider": Attribute(False),
    "generation": Attribute(False),
    "privlevel": Attribute(True),
    "privlevel_floor": Attribute(False),
    "service_provider": Attribute(True, service=True),
    "service_guid": Attribute(True, service=True),
    "service_manifest_version": Attribute(True, service=True),
}
_GUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(rb"\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_BLOBS = ("outblob", "auxblob", "manifestblob")


def number(text: bytes) -> int:
    """kstrtouint, base 0. RefusedError EINVAL or ERANGE (LNX-TSM-021, 022)."""
    match = _NUMBER.match(text)
    if match is None:
        raise RefusedError("EINVAL")
    digits = match[1].lower()
    base = 16 if digits.startswith(b"0x") else 8 if digits.startswith(b"0") else 10
    value = int(digits, base)
    if value >> 64:
        raise RefusedError("ERANGE")
    if text[match.end() :] not in (b"", b"\n"):
        raise RefusedError("EINVAL")
    if value >> 32:
        raise RefusedError("ERANGE")
    return value


@dataclass
class Item:
    """One folder below report/."""

    service: bool
    written: int = 0  # write_generation
    read: int = 0  # read_generation
    inblob: bytes = b""
    privlevel: int = 0
    service_provider: bytes | None = None
    blobs: dict[str, bytes] | None = None
    lengths: dict[str, int] = field(default_factory=dict)


@dataclass
class File:
    item: Item
    attribute: str
    data: bytearray = field(default_factory=bytearray)  # gathered
    written: bool = False
    size: int | None = None  # of a first read's first pass
    fetched: bytes | None = None


@dataclass
class Provider:
    """What sev_guest registers."""

    driver: Driver
    name: bytes = b"sev_guest\n"

    @property
    def floor(self) -> int:
        return self.driver.vmpck

    @property
    def service(self) -> bool:
        return self.driver.vmpl > 0

    def report(self, item: Item) -> dict[str, bytes] | None:
        """sev_report_new. None where the hypercall could not be made (AMB-144)."""
        if len(item.inblob) != INBLOB_MAX:
            raise RefusedError("EINVAL")
        if item.service_provider is not None:
            raise RefusedError(
                "EINVAL"
            )  # another than "svsm", or an SVSM that does not attest: there is none
        request = item.inblob + item.privlevel.to_bytes(4, "little") + bytes(28)
        try:
            response, certs = self.driver.ext_report(request)
        except RefusedError as refused:
            if isinstance(refused.result, int):
                return None
            raise
        status = int.from_bytes(response[:4], "little")
        size = int.from_bytes(response[4:8], "little")
        if status in (INVALID_PARAM, INVALID_KEY):
            raise RefusedError("EINVAL")
        if status:
            raise RefusedError("ENXIO")
        if size + REPORT_AT > RSP_MAX:
            raise RefusedError("ENOMEM")
        return {
            "outblob": response.ljust(RSP_MAX, b"\0")[REPORT_AT : REPORT_AT + size],
            "auxblob": certs[: table_end(certs)],
            "manifestblob": b"",
        }


def table_end(table: bytes) -> int:
    """The end of the furthest entry, at most 16 KiB; 0 for an empty table."""
    end = 0
    for at in range(0, len(table) - 23, 24):
        if not any(table[at : at + 16]):
            break
        offset, length = (int.from_bytes(table[at + k : at + k + 4], "little") for k in (16, 20))
        end = max(end, offset + length)
    return min(end, AUX_MAX)


class Tsm:
    """/sys/kernel/config/tsm/report."""

    def __init__(self) -> None:
        self.provider: Provider | None = None
        self.items: dict[str, Item] = {}

    def register(self, provider: Provider) -> None:
        if self.provider is not None or self.items:
            raise RefusedError("EBUSY")
        self.provider = provider

    def unregister(self) -> None:
        self.provider = None

    def _provided(self) -> Provider:
        if self.provider is None:
            raise RefusedError("ENXIO")
        return self.provider

    def mkdir(self, name: str) -> None:
        if name in self.items:
            raise RefusedError("EEXIST")
        self.items[name] = Item(self._provided().service)

    def rmdir(self, name: str) -> None:
        if name not in self.items:
            raise RefusedError("ENOENT")
        del self.items[name]

    # -- files --

    def open(self, name: str, attribute: str, mode: str) -> File:
        known = ATTRIBUTES.get(attribute)
        if name not in self.items or known is None or (known.service and not self.items[name].service):
            raise RefusedError("ENOENT")
        if mode != ("w" if known.writable else "r"):
            raise RefusedError("EACCES")
        return File(self.items[name], attribute)

    def _alive(self, file: File) -> Item:
        if not any(item is file.item for item in self.items.values()):
            raise RefusedError("ENOENT")
        return file.item

    def write(self, file: File, at: int, data: bytes) -> int:
        file.written = True
        if not data:
            raise RefusedError("EFAULT")
        if not ATTRIBUTES[file.attribute].binary:
            self._store(self._alive(file), file.attribute, data)
            return len(data)
        if at + len(data) > INBLOB_MAX:
            raise RefusedError("EFBIG")
        file.data.extend(bytes(max(0, at + len(data) - len(file.data))))
        file.data[at : at + len(data)] = data
        return len(data)

    def close(self, file: File) -> None:
        """Delivers inblob."""
        if file.attribute == "inblob" and file.written and any(i is file.item for i in self.items.values()):
            file.item.written += 1
            file.item.inblob = bytes(file.data)

    def _store(self, item: Item, attribute: str, data: bytes) -> None:
        if attribute == "privlevel":
            level = number(data)
            if not self._provided().floor <= level <= PRIVLEVEL_MAX:
                raise RefusedError("EINVAL")
            item.privlevel = level
        elif attribute == "service_manifest_version":
            number(data)
        elif attribute == "service_provider":
            item.service_provider = data[:-1] if data[-1:] == b"\n" else data
        elif attribute == "service_guid" and not _GUID.match(data):
            item.written += 1
            raise RefusedError("EINVAL")
        item.written += 1

    def size(self, file: File) -> int:
        """The first pass of a first read of a blob."""
        item = self._alive(file)
        self._make(item)
        file.size = item.lengths.get(file.attribute, 0)
        if file.size > BLOB_MAX:
            raise RefusedError("EFBIG")
        return file.size

    def read(self, file: File, at: int, size: int) -> bytes:
        """A first read fetches the value, in two passes where it is a blob."""
        item = self._alive(file)
        if file.fetched is None:
            if file.attribute not in _BLOBS:
                file.fetched = self._show(item, file.attribute)
            else:
                wanted = self.size(file) if file.size is None else file.size
                file.size = None
                if wanted == 0:
                    return b""  # not kept
                self._make(item)
                blob = (item.blobs or {}).get(file.attribute, b"")
                file.fetched = blob[:wanted].ljust(wanted, b"\0")
        return file.fetched[at : at + size]

    def _show(self, item: Item, attribute: str) -> bytes:
        if attribute == "provider":
            return self._provided().name
        if attribute == "privlevel_floor":
            return b"%d\n" % self._provided().floor
        return b"%d\n" % item.written

    def _make(self, item: Item) -> None:
        """A report, if there is none of this generation."""
        if item.blobs is not None and item.read == item.written:
            return
        if not item.inblob:
            raise RefusedError("EINVAL")
        provider = self._provided()
        item.blobs = None
        item.blobs = provider.report(item)
        item.read = item.written
        if item.blobs is not None:
            item.lengths = {name: len(blob) for name, blob in item.blobs.items()}
