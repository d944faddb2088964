"""usage: python raw_key.py ROOT FIELDS SVN TCB, all numbers

The derived key that a bare SNP_GET_DERIVED_KEY gives, as hex: what a client's key is compared with. Laid out
from linux/sev-guest.h: request of 32 bytes, response of 64 with status first and the key behind 32 bytes."""

from __future__ import annotations

import ctypes
import fcntl
import struct
import sys
from pathlib import Path

SNP_GET_DERIVED_KEY = 0xC0205301
VMPL = 1  # what snpguest asks for by default


def main() -> None:
    """Asks and prints."""
    root, fields, svn, tcb = (int(word, 0) for word in sys.argv[1:])
    request = ctypes.create_string_buffer(struct.pack("<IIQIIQ", root, 0, fields, VMPL, svn, tcb), 32)
    response = ctypes.create_string_buffer(64)
    ioctl = bytearray(struct.pack("<B7xQQQ", 1, ctypes.addressof(request), ctypes.addressof(response), 0))
    with Path("/dev/sev-guest").open("r+b", buffering=0) as device:
        fcntl.ioctl(device, SNP_GET_DERIVED_KEY, ioctl)
    if int.from_bytes(response.raw[:4], "little"):
        sys.exit(f"firmware says {response.raw[:4].hex()}")
    print(response.raw[32:].hex())


if __name__ == "__main__":
    main()
