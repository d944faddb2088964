"""The family "idblock": ID block and ID authentication page at LAUNCH_FINISH (launch notes, 4 to 6)."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._idblock_wrong import Refusals
from reference.families._verify_notes import NOTES

TEXT = """

The ID block and the ID authentication page, as LAUNCH_FINISH checks them, in the firmware's order: LD,
POLICY, algorithms, the ID key and its signature, the author key and its signature.

Op `idblock`:

| member | meaning |
| --- | --- |
| `id_block` | 0x60 bytes, or null: ID_BLOCK_EN is clear |
| `id_auth` | 0x1000 bytes, or null, but without `id_block` only |
| `auth_key_en` | AUTH_KEY_EN |
| `ld` | the guest's launch digest |
| `guest_policy` | the guest's POLICY |
| `policy.check_version` | VERSION other than 1 is refused (default: not) |
| `policy.auth_key_needs_block` | AUTH_KEY_EN without an ID block is refused (default: not) |
| `policy.id_auth_mbz` | reserved bytes that are not zero are refused (default: not) |
| `policy.coordinates_cut` | the upper 24 bytes of QX and QY are not looked at (default: must be 0) |

A valid case's output is what reports of the guest say afterwards; an invalid one has the firmware's status.
The options are open questions, and so is the status of the first three, INVALID_PARAM.

The keys are ours. The private scalar of key `NAME` is KDF(constant, `sevkit-test-id-key`, NAME, 56) as a
big-endian number, modulo n - 1, plus 1, with the KDF and the constant of docs/test-keys.md. A signature by
them proves nothing.
"""

FLAGS = (
    "sig-r-zero",
    "sig-r-ge-n",
    "sig-hi-24-bytes-nonzero",
    "sig-big-endian",
    "sig-high-s",
    "sig-digest-sha256",
    "sig-body-bit-sweep",
    "policy-id-block-anonymous",
)


def build() -> Family:
    f = Family("idblock", "ID block and ID authentication", TEXT)
    for flag in FLAGS:
        bug_class, effect, origin = NOTES[flag]
        f.note(flag, bug_class=bug_class, effect=effect, origin=origin)
    Refusals(f).all()
    return f
