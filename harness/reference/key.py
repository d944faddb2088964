"""KEY_REQ: its checks and a derivation that depends on what a guest key depends on.

Guest message notes, section 9; roots and derivation by docs/test-keys.md ("Guest keys"). AMD does not publish
its KDF: these bytes are those of our test KDF, and of anything else only whether two keys are equal says
something.
"""

from __future__ import annotations

from dataclasses import dataclass

from reference.keys import kdf, root_secret
from reference.machine import Guest, IdBlock, Machine, Platform
from reference.message import le, number
from reference.tcb import above, reserved_byte

V1_SIZE = 0x20

POLICY, IMAGE_ID, FAMILY_ID, MEASUREMENT, GUEST_SVN, TCB_VERSION, LAUNCH_MIT_VECTOR = (
    1 << n for n in range(7)
)
KNOWN_FIELDS = {1: 0x3F, 2: 0x7F}  # by MSG_VERSION

VMRK = 1  # ROOT_KEY_SELECT
DEFAULT_SEL, VCEK_SEL, VLEK_SEL, RESERVED_SEL = range(4)  # KEY_SEL


@dataclass(frozen=True)
class KeyRequest:
    """The payload, read."""

    select: int
    reserved: int
    fields: int
    vmpl: int
    guest_svn: int
    tcb: bytes
    launch_mit_vector: int

    def encode(self, size: int) -> bytes:
        """The first SIZE bytes, zeros behind LAUNCH_MIT_VECTOR."""
        whole = (
            le(self.select, 4)
            + le(self.reserved, 4)
            + le(self.fields, 8)
            + le(self.vmpl, 4)
            + le(self.guest_svn, 4)
            + self.tcb
            + le(self.launch_mit_vector, 8)
        )
        return whole.ljust(size, b"\0")[:size]

    @classmethod
    def decode(cls, payload: bytes, version: int) -> KeyRequest:
        """Of PAYLOAD, zeros where it is short; version 1 has no LAUNCH_MIT_VECTOR."""
        data = payload.ljust(V1_SIZE + 8, b"\0")
        return cls(
            select=number(data, 0x00, 4),
            reserved=number(data, 0x04, 4),
            fields=number(data, 0x08, 8),
            vmpl=number(data, 0x10, 4),
            guest_svn=number(data, 0x14, 4),
            tcb=data[0x18:0x20],
            launch_mit_vector=number(data, 0x20, 8) if version > 1 else 0,
        )

    @property
    def vmrk(self) -> bool:
        """The root is VMRK."""
        return bool(self.select & VMRK)

    @property
    def key_sel(self) -> int:
        """KEY_SEL, which means something without `vmrk` only."""
        return self.select >> 1 & 3


def no_such_key(key_sel: int, platform: Platform, guest: Guest) -> bool:
    """KEY_SEL of REPORT_REQ and KEY_REQ names no key that this guest may use."""
    vlek = platform.csp_id is not None
    if key_sel == DEFAULT_SEL:
        return guest.vcek_dis and not vlek
    if key_sel == VCEK_SEL:
        return guest.vcek_dis
    return key_sel == RESERVED_SEL or not vlek


def _tcb_is_bad(tcb: bytes, platform: Platform) -> bool:
    """A component is above the committed one, each by itself, or a reserved byte is not zero."""
    line = platform.product
    return above(line, tcb, platform.committed_tcb) is not None or reserved_byte(line, tcb) is not None


def refusal(machine: Machine, vmpck: int, version: int, request: KeyRequest) -> str:
    """The payload's STATUS: section 9.2, check by check."""
    platform, guest, switches = machine.platform, machine.guest, machine.switches
    if request.select >> 3 or request.reserved:
        return "INVALID_PARAM"
    if not request.vmrk:
        if platform.mask_chip_key:
            return "INVALID_KEY"
        if no_such_key(request.key_sel, platform, guest):
            return "INVALID_KEY"
    if request.vmpl < vmpck or (switches.vmpl_max_3 and request.vmpl > 3):
        return "INVALID_PARAM"
    if request.fields & ~KNOWN_FIELDS[version]:
        return "INVALID_PARAM"
    if request.fields & TCB_VERSION and _tcb_is_bad(request.tcb, platform):
        return "INVALID_PARAM"
    if request.fields & GUEST_SVN and request.guest_svn > (guest.id_block or IdBlock()).guest_svn:
        return "INVALID_PARAM"
    checked = request.fields & LAUNCH_MIT_VECTOR or switches.launch_mit_always_checked
    if version > 1 and checked and request.launch_mit_vector & ~guest.launch_mit_vector:
        return switches.launch_mit_status
    return "SUCCESS"


# ---- the derivation ----


def chip_root(platform: Platform, vlek: bool, tcb: bytes) -> bytes:
    """The root secret of a VCEK or VLEK at TCB (docs/test-keys.md, step 5)."""
    ident = platform.chip_id if not vlek else (platform.csp_id or "").encode()
    return root_secret("vlek" if vlek else "vcek", platform.product, ident, tcb)


def derive(machine: Machine, launch: int, request: KeyRequest) -> bytes:
    """The key of a valid request. LAUNCH: which launch of the machine this guest is, for its VMRK."""
    platform, guest = machine.platform, machine.guest
    block = guest.id_block or IdBlock()
    if request.vmrk:
        root = kdf(b"sevkit reference", "vmrk", le(launch, 8), 32)
    else:
        vlek = request.key_sel == VLEK_SEL or (request.key_sel == DEFAULT_SEL and platform.csp_id is not None)
        root = chip_root(
            platform, vlek, request.tcb if request.fields & TCB_VERSION else platform.reported_tcb
        )
    optional = (
        (POLICY, le(guest.policy, 8)),
        (IMAGE_ID, block.image_id),
        (FAMILY_ID, block.family_id),
        (MEASUREMENT, guest.measurement),
        (GUEST_SVN, le(request.guest_svn, 4)),
        (TCB_VERSION, request.tcb),
        (LAUNCH_MIT_VECTOR, le(request.launch_mit_vector, 8)),
    )
    context = (
        le(request.fields, 8)
        + le(request.vmpl, 4)
        + guest.host_data
        + (block.id_key_digest if block.author_key_digest is None else block.author_key_digest)
        + b"".join(value if request.fields & bit else bytes(len(value)) for bit, value in optional)
    )
    return kdf(root, "sevkit-test-guest-key", context, 32)
