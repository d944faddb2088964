"""What the flags of the families report, signature, binding and policy mean.

A flag is the slug of a known mistake. Its origin is an issue or a CVE where one tells of it, else the class.
"""

from __future__ import annotations

from reference.bundle import Family

# Flag: class of bug, effect, origin.
NOTES: dict[str, tuple[str, str, str]] = {
    "parse-v2-cpuid-bytes-nonzero": (
        "reserved bytes of version 2 read as family and model",
        "the host chooses the product line",
        "class",
    ),
    "parse-v3-fms-zero": (
        "a product is guessed where the report states none",
        "the TCB is read by the wrong layout",
        "confidential-containers/trustee#785",
    ),
    "parse-v2-product-guess": (
        "the product line is guessed from zeros in CHIP_ID",
        "genuine reports are read by the wrong layout",
        "confidential-containers/trustee#785",
    ),
    "parse-short-report": ("a length that is not checked", "reading beyond the buffer, a crash", "class"),
    "parse-long-report": ("bytes behind the report ignored", "two readers see two reports", "class"),
    "parse-ioctl-header-not-stripped": (
        "a response header taken for the report's start",
        "every field is 32 bytes off",
        "class",
    ),
    "parse-invented-offsets": ("wrong offsets", "another field is compared", "agentrust-io/cmcp#89"),
    "parse-model-ranges": ("a table of models with gaps", "genuine chips are refused", "class"),
    "parse-hex-or-base64-input": ("text taken for bytes", "a wrong reading instead of an error", "class"),
    "version-unknown-6": (
        "an unknown version read by guess",
        "fields of another meaning are trusted",
        "class",
    ),
    "version-0-1": (
        "only the highest version is checked",
        "a form that never existed is read",
        "microsoft/TEE-Attestation-Verification#146",
    ),
    "version-5-refused": (
        "a list of versions too short",
        "current firmware is refused",
        "google/go-sev-guest#171",
    ),
    "version-2-refused": ("a lowest version of 3", "old genuine firmware is refused", "class"),
    "version-be-or-byte": ("a version read as a byte or big-endian", "unknown versions pass", "class"),
    "fwd-v4-layout": (
        "version 4 unknown or read as 5",
        "genuine firmware is refused",
        "google/go-sev-guest#158",
    ),
    "fwd-reserved-bytes-new-firmware": (
        "reserved bytes judged without a choice",
        "new firmware is refused, or unknown fields pass",
        "virtee/sev#366",
    ),
    "fwd-keyinfo-reserved": ("reserved bits of KEY_INFO ignored", "unknown meanings pass", "class"),
    "fwd-reserved-4c": ("single reserved bytes ignored", "unknown meanings pass", "class"),
    "fwd-new-product-venice": (
        "an unknown processor taken for a known one",
        "the TCB is read by the wrong layout",
        "virtee/snpguest#159",
    ),
    "fwd-policy-bit-without-version": (
        "policy bits bound to a report version",
        "genuine reports are refused",
        "virtee/sev#378",
    ),
    "chain-unknown-product-nil": ("a look-up by product that finds nothing", "a crash", "class"),
    "chain-wrong-product-ask": (
        "the product of chain and report not tied",
        "a chip of another line vouches for the report",
        "class",
    ),
    "chain-leaf-wrong-curve": ("the leaf's curve not checked", "a crash, or a weaker key", "class"),
    "sig-tail-368-nonzero": (
        "unsigned bytes behind R and S handed out",
        "content that nobody signed looks verified",
        "microsoft/TEE-Attestation-Verification#141",
    ),
    "sig-r-zero": ("zero accepted in a signature", "anyone forges a report", "CVE-2022-21449"),
    "sig-r-ge-n": ("numbers reduced modulo the order", "one signature has many spellings", "class"),
    "sig-hi-24-bytes-nonzero": (
        "48 of 72 bytes read",
        "one signature has many spellings",
        "class",
    ),
    "sig-big-endian": ("R and S read in the wrong order", "genuine signatures fail", "class"),
    "sig-high-s": (
        "a low-S rule that AMD's firmware does not keep",
        "half of the genuine reports fail",
        "class",
    ),
    "sig-algo-unknown": ("SIGNATURE_ALGO not read", "an algorithm confusion later on", "class"),
    "sig-mask-chip-key-zero": (
        "the check skipped for MASK_CHIP_KEY",
        "anyone forges a report",
        "class",
    ),
    "sig-mask-chip-key-but-signed": (
        "MASK_CHIP_KEY not read",
        "a report passes that no firmware makes",
        "class",
    ),
    "sig-digest-sha256": (
        "another hash or range than the report's",
        "genuine reports fail, forged ones pass",
        "class",
    ),
    "sig-body-bit-sweep": (
        "a re-encoding hashed instead of the bytes",
        "signed bytes can be changed",
        "class",
    ),
    "sig-not-checked-at-all": (
        "the signature check left out",
        "anyone forges a report",
        "veraison/services#418",
    ),
    "sig-tcb-reserved-malleable": ("reserved bytes of a TCB dropped", "signed bytes can be changed", "class"),
    "sig-tcb-reserved-genuine": (
        "reserved bytes of a TCB zeroed before hashing",
        "genuine reports fail",
        "virtee/sev#378",
    ),
    "sig-leading-zero-and-high-bit": ("numbers wrapped into DER wrongly", "genuine signatures fail", "class"),
    "bind-hwid-never-compared": (
        "hwID and CHIP_ID never compared",
        "another chip's key signs for this one",
        "virtee/snpguest#159",
    ),
    "bind-chip-id-masked": ("a zero CHIP_ID neither chosen nor refused", "a chip is not identified", "class"),
    "bind-hwid-der-lookalike": (
        "raw bytes parsed as DER",
        "genuine chips are refused, or crash the verifier",
        "virtee/snpguest#38",
    ),
    "bind-hwid-8-bytes-turin": (
        "Turin's hwID of 8 bytes not foreseen",
        "genuine Turin chips are refused, or 56 bytes go unseen",
        "google/go-sev-guest#165",
    ),
    "bind-hwid-prefix-match": (
        "a prefix counts as equal",
        "another chip passes",
        "microsoft/TEE-Attestation-Verification#147",
    ),
    "bind-report-data-not-fatal": ("a mismatch only noted", "a replayed report passes", "class"),
    "bind-report-data-prefix": ("only the first bytes compared", "the rest is the prover's choice", "class"),
    "bind-measurement-truncated": (
        "fewer bytes compared than the field has",
        "another guest passes",
        "class",
    ),
    "bind-empty-expected-skips": ("an empty expected value means no check", "any guest passes", "class"),
    "bind-host-data-unchecked": (
        "HOST_DATA left out",
        "another configuration passes",
        "microsoft/TEE-Attestation-Verification#152",
    ),
    "bind-idkey-digest-not-flag": (
        "AUTHOR_KEY_DIGEST used without AUTHOR_KEY_EN",
        "a stale digest passes",
        "class",
    ),
    "bind-report-id-ma": ("REPORT_ID_MA ignored", "a migration agent goes unseen", "class"),
    "bind-expected-truncated": ("expected values cut or padded to fit", "another value passes", "class"),
    "tcb-u64-compare": ("a TCB compared as one number", "a newer part hides an older one", "class"),
    "tcb-component-sweep": ("a component left out", "old firmware passes", "class"),
    "tcb-turin-fmc-missing": ("FMC unknown", "an old FMC passes, or a crash", "class"),
    "tcb-cert-vs-reported": (
        "the leaf's TCB not compared with REPORTED_TCB",
        "an old firmware's key vouches for a new one",
        "class",
    ),
    "tcb-floor-on-wrong-field": ("the floor put to another TCB", "old keys pass", "class"),
    "tcb-launch-floor-missing": (
        "LAUNCH_TCB without floor",
        "a guest started by old firmware passes",
        "class",
    ),
    "tcb-order-violations": ("the order of the TCBs not checked", "impossible reports pass", "class"),
    "tcb-reported-eq-committed-forced": ("REPORTED has to equal COMMITTED", "genuine reports fail", "class"),
    "tcb-provisional-firmware": (
        "uncommitted firmware neither chosen nor refused",
        "firmware can be rolled back",
        "class",
    ),
    "tcb-version-byte-order": (
        "a version compared as text or from its build",
        "old firmware passes",
        "class",
    ),
    "tcb-reserved-nonzero": ("reserved TCB bytes ignored", "unknown components pass", "class"),
    "tcb-turin-legacy-layout": ("Turin's TCB read by the older layout", "old firmware passes", "class"),
    "tcb-empty-floor": ("a floor with a part missing reads as 0", "old firmware passes", "class"),
    "ext-int-128-255": (
        "an INTEGER above 127 misread",
        "genuine chips are refused",
        "microsoft/TEE-Attestation-Verification#147",
    ),
    "ext-spl-over-127": (
        "components above 127 compared as 0",
        "two different TCBs are taken for one",
        "class",
    ),
    "ext-struct-version": (
        "Turin's extensions unknown",
        "genuine Turin chips are refused",
        "google/go-sev-guest#165",
    ),
    "policy-debug-ignored": ("DEBUG not refused", "the host reads the guest's memory", "class"),
    "policy-migrate-ma": ("MIGRATE_MA not refused", "the guest may be moved", "class"),
    "policy-smt": (
        "SMT in POLICY and in PLATFORM_INFO mixed up",
        "a guest with the wrong threads passes",
        "class",
    ),
    "policy-bit17-zero": (
        "the reserved-one bit not looked at",
        "a policy that no firmware takes passes",
        "class",
    ),
    "policy-reserved-high-bits": (
        "unknown bits of POLICY not chosen",
        "unknown meanings pass",
        "virtee/sev#378",
    ),
    "policy-abi-min": ("the ABI version compared as text or by its minor", "old rules pass", "class"),
    "policy-single-socket-xts-rapl": (
        "newer policy bits never read",
        "what the guest demanded is not known",
        "class",
    ),
    "policy-vmpl": ("VMPL not or wrongly compared", "a report of less trusted code passes", "class"),
    "policy-guest-svn": ("GUEST_SVN compared with the wrong type", "an old guest passes", "class"),
    "policy-alias-check": (
        "ALIAS_CHECK_COMPLETE not required",
        "memory aliasing passes (BadRAM)",
        "CVE-2024-21944",
    ),
    "policy-ciphertext-hiding": (
        "POLICY and PLATFORM_INFO not held together",
        "impossible reports pass",
        "class",
    ),
    "policy-platinfo-reserved": (
        "unknown bits of PLATFORM_INFO not chosen",
        "genuine Turin reports are refused",
        "class",
    ),
    "policy-mitigation-vector-v5": (
        "reserved bytes read as mitigations",
        "mitigations that nobody verified",
        "class",
    ),
    "policy-launch-vs-current-mit": ("one of two vectors compared", "a mitigation is missing", "class"),
    "policy-author-key-required": ("the ID key vouches for the author key", "another author passes", "class"),
    "policy-id-block-anonymous": ("any ID key counts as trusted", "another guest owner passes", "class"),
    "signer-none-accepted": (
        "SIGNING_KEY 7 treated as a VCEK",
        "an unsigned report passes",
        "microsoft/TEE-Attestation-Verification#142",
    ),
    "signer-reserved-2-to-6": ("reserved SIGNING_KEY values fall through", "unknown keys pass", "class"),
    "signer-field-says-vcek-leaf-is-vlek": (
        "the leaf chosen by what is there, not by SIGNING_KEY",
        "CHIP_ID is not compared though the report is a chip's",
        "class",
    ),
    "signer-field-says-vlek-leaf-is-vcek": (
        "the leaf chosen by what is there, not by SIGNING_KEY",
        "a chip's key vouches for a provider",
        "class",
    ),
    "signer-both-leaves-present": ("the first leaf found is taken", "genuine reports are refused", "class"),
    "signer-vlek-csp-id-ignored": (
        "cspID never compared",
        "a VLEK of another provider passes",
        "microsoft/TEE-Attestation-Verification#149",
    ),
    "crl-absent-fail-open": (
        "no list counts as not revoked",
        "a revoked chain passes",
        "Dstack-TEE/dstack#1140",
    ),
    "fresh-replayed-report": ("the nonce not compared", "a replayed report passes", "class"),
    "fresh-zero-report-data": ("zeros match an absent nonce", "a report without nonce passes", "class"),
    "2-01": ("the comparison of REPORT_DATA left out", "a replayed report passes", "class"),
    "2-04": ("the guest policy never compared", "a debug guest passes", "class"),
    "2-06": ("Turin's TCB read by the older layout", "old firmware passes", "class"),
    "2-07": ("LAUNCH_TCB's floor put to REPORTED_TCB", "a guest started by old firmware passes", "class"),
    "2-08": ("a policy without usable value matches all", "any guest passes", "class"),
    "2-10": ("the leaf's extensions not compared with the report", "another chip or TCB passes", "class"),
    "2-12": ("the upper 24 bytes of R and S dropped", "one signature has many spellings", "class"),
    "2-15": ("the signature checked over a re-encoding", "genuine reports fail", "virtee/sev#307"),
    "2-17": ("DEBUG, VMPL and measurement without default", "a debug guest passes", "class"),
    "2-18": ("an identity from the first bytes of a field", "two guests are taken for one", "class"),
    "2-19": ("the leaf of the current TCB asked for", "genuine reports fail", "class"),
    "2-20": ("a list of versions too short", "current firmware is refused", "agentrust-io/cmcp#412"),
    "2-20a": ("bit 6 of PLATFORM_INFO refused", "genuine Turin reports are refused", "class"),
    "2-24": ("allowed and required bits mixed up", "a platform without the feature passes", "class"),
    "2-25": ("MASK_CHIP_KEY taken for chip id masking", "another chip passes", "class"),
    "2-26": ("Turin left out, or version bytes in the wrong order", "genuine reports fail", "class"),
    "2-28": ("COMMITTED below CURRENT always refused", "genuine reports fail", "class"),
    "2-29": ("VMPL without a default", "a report of the host's passes", "class"),
    "2-32": ("malformed numbers crash", "a crash", "class"),
    "2-33": ("GUEST_SVN and REPORT_ID_MA held to fixed values", "genuine reports fail", "class"),
}


def add(family: Family) -> Family:
    """FAMILY with the notes of the flags that its cases have."""
    for flag in sorted({flag for case in family.cases for flag in case.flags}):
        bug_class, effect, origin = NOTES[flag]
        family.note(flag, bug_class=bug_class, effect=effect, origin=origin)
    return family
