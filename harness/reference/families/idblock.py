"""The family "idblock": ID block and ID authentication page at LAUNCH_FINISH (launch notes, 4 to 6)."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._idblock_wrong import Refusals

TEXT = """

The ID block and the ID authentication page, as LAUNCH_FINISH checks them, in the firmware's order: LD,
POLICY, algorithms, the ID key and its signature, the author key and its signature.

Op `idblock`:

| member | meaning |
| --- | --- |
| `id_block` | 0x60 bytes, or null: ID_BLOCK_EN is clear |
| `id_auth` | 0x1000 bytes, or null |
| `auth_key_en` | AUTH_KEY_EN |
| `ld` | the guest's launch digest |
| `guest_policy` | the guest's POLICY |
| `policy.check_version` | VERSION other than 1 is refused (default: not) |
| `policy.auth_key_needs_block` | AUTH_KEY_EN without an ID block is refused (default: not) |
| `policy.id_auth_mbz` | reserved bytes that are not zero are refused (default: not) |

A valid case's output is what reports of the guest say afterwards; an invalid one has the firmware's status.
The three options are open questions, and so is their status, INVALID_PARAM.

The keys are ours. The private scalar of key `NAME` is KDF(constant, `sevkit-test-id-key`, NAME, 56) as a
big-endian number, modulo n - 1, plus 1, with the KDF and the constant of docs/test-keys.md. A signature by
them proves nothing.
"""

NOTES = {
    "sig-r-zero": ("R or S of zero is not refused", "anybody's signature verifies", "CVE-2022-21449"),
    "sig-r-ge-n": (
        "R or S is reduced modulo n before it is checked",
        "a second signature for the same bytes",
        "",
    ),
    "sig-hi-24-bytes-nonzero": (
        "only 48 of R's or S's 72 bytes are read",
        "many signatures for the same bytes",
        "",
    ),
    "sig-big-endian": (
        "R and S are read in another form",
        "good signatures fail, or a foreign form passes",
        "",
    ),
    "sig-high-s": ("only S below n/2 is accepted", "good signatures fail: AMD's format has both", ""),
    "sig-digest-sha256": ("the digest is not tied to the algorithm", "a weaker digest passes", ""),
    "sig-body-bit-sweep": ("the signature is not verified, or not all of it", "anything passes", ""),
    "policy-id-block-anonymous": (
        "an ID block is taken for trust in its key",
        "a throw-away key's block passes",
        "",
    ),
}


def build() -> Family:
    f = Family("idblock", "ID block and ID authentication", TEXT)
    for flag, (bug_class, effect, origin) in NOTES.items():
        f.note(flag, bug_class=bug_class, effect=effect, origin=origin or "class")
    Refusals(f).all()
    return f
