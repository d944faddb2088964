"""What the flags of the chain, extension, revocation and forwardcompat cases mean.

A flag is a slug of the lists of mistakes that verifiers really made; a note is the class of bug, its effect
and its origin. Origins are public: issues and pull requests; `class` where there is none to cite.
"""

from __future__ import annotations

from reference.bundle import Family

FORGED = "anybody can make evidence that is accepted"
ADMITS = "evidence is accepted that the chain does not vouch for"
OTHER_CHIP = "a report is taken for another chip's or another TCB's"
REVOKED = "a revoked key counts"
GENUINE = "genuine evidence is refused"
CRASH = "the verifier crashes on bytes that a prover sends"

NOTES: dict[str, tuple[str, str, str]] = {
    "chain-forged-root-amd-names": ("the root is known by its names", FORGED, "google/go-sev-guest#185"),
    "chain-ark-fetched-is-trusted": (
        "an ARK that was fetched is the anchor",
        FORGED,
        "microsoft/TEE-Attestation-Verification#152",
    ),
    "chain-no-chain-still-verified": ("no chain, still verified", FORGED, "agentrust-io/cmcp#390"),
    "chain-prover-ark-mixed-in": (
        "the prover's ARK gets among the verifier's",
        FORGED,
        "edgelesssys/constellation#3025",
    ),
    "chain-ark-same-key-different-cert": (
        "the anchor is compared by its key alone and then used as it came",
        "dates and rights of the anchor are the prover's",
        "microsoft/TEE-Attestation-Verification#140",
    ),
    "chain-wrong-product-ask": ("the line of report and chain is not compared", OTHER_CHIP, "class"),
    "chain-unknown-product-nil": ("an unknown processor has no entry in a table", CRASH, "class"),
    "chain-leaf-is-ca-misuse": ("a leaf is taken as an issuer", "one extracted key makes any", "class"),
    "chain-expired-leaf": ("the leaf's validity is not looked at", ADMITS, "class"),
    "chain-expired-ask": ("only the leaf's validity is looked at", ADMITS, "class"),
    "chain-ca-dates-unchecked": ("the validity of CA certificates is not looked at", ADMITS, "class"),
    "chain-issuer-name-mismatch": ("issuer and subject are not compared", ADMITS, "class"),
    "chain-pss-params-ignored": ("the parameters of PSS are not read", ADMITS, "class"),
    "chain-pkcs1v15-signed": ("any signature scheme of the library is accepted", ADMITS, "class"),
    "chain-leaf-wrong-curve": ("the leaf's kind of key is not looked at", CRASH, "class"),
    "chain-leaf-key-form": (
        "a curve that is spelled out, or a hybrid point, is taken as a leaf's key",
        "two readers differ",
        "class",
    ),
    "chain-cert-trailing-bytes": (
        "bytes after a certificate are not looked at",
        "two readers differ",
        "class",
    ),
    "chain-short-cert-panics": ("a format is guessed from bytes that are not there", CRASH, "class"),
    "chain-no-ark-parse-logged": ("an ARK that cannot be read is logged and passed over", ADMITS, "class"),
    "chain-cn-substring": (
        "a certificate's kind is guessed from a part of its name",
        "checks of the real kind do not run",
        "virtee/snpguest#159",
    ),
    "chain-ask-not-ca": ("the rights of a CA are not looked at", ADMITS, "class"),
    "chain-unknown-critical-ext": ("unknown critical extensions are passed over", ADMITS, "class"),
    "chain-key-id-mismatch": ("key ids decide about a chain", GENUINE, "class"),
    "ext-oid-missing-skip": (
        "a missing extension skips its check or reads as 0",
        OTHER_CHIP,
        "class",
    ),
    "ext-oid-duplicate": ("one of two equal extensions wins", "two readers differ", "class"),
    "ext-int-last-byte-only": (
        "an INTEGER is read as its last byte",
        OTHER_CHIP,
        "microsoft/TEE-Attestation-Verification#147",
    ),
    "ext-int-128-255": (
        "INTEGERs above 127 are misread",
        GENUINE,
        "microsoft/TEE-Attestation-Verification#147",
    ),
    "ext-spl-over-127": ("components above 127 are compared as 0", OTHER_CHIP, "class"),
    "ext-wrong-asn1-type": ("the type of an extension is not looked at", OTHER_CHIP, "class"),
    "ext-trailing-in-value": ("bytes after a value are not looked at", "two readers differ", "class"),
    "ext-product-name-substring": (
        "productName is searched for a word",
        OTHER_CHIP,
        "class",
    ),
    "ext-product-name-mismatch": ("productName is not compared with the issuer", OTHER_CHIP, "class"),
    "ext-struct-version": ("Turin's extensions are unknown", GENUINE, "google/go-sev-guest#165"),
    "ext-extra-unknown-noncritical": ("an extension that does not matter is refused", GENUINE, "class"),
    "bind-hwid-ext-missing": (
        "without hwID its comparison is left out",
        OTHER_CHIP,
        "microsoft/TEE-Attestation-Verification#142",
    ),
    "bind-hwid-der-lookalike": ("raw bytes are taken for DER", GENUINE, "virtee/snpguest#38"),
    "bind-hwid-octet-wrapped": ("two spellings of hwID are taken for one", "two readers differ", "class"),
    "bind-hwid-8-bytes-turin": ("hwID is taken to have 64 bytes", GENUINE, "google/go-sev-guest#165"),
    "bind-hwid-prefix-match": (
        "a part of CHIP_ID is enough",
        OTHER_CHIP,
        "microsoft/TEE-Attestation-Verification#147",
    ),
    "bind-chip-id-masked": ("a masked CHIP_ID is an error", GENUINE, "class"),
    "tcb-turin-fmc-missing": ("Turin's FMC is taken for granted", CRASH, "class"),
    "tcb-provisional-firmware": (
        "firmware that is not committed is refused, or goes unseen",
        GENUINE,
        "class",
    ),
    "tcb-reported-eq-committed-forced": ("a lower REPORTED_TCB is refused", GENUINE, "class"),
    "tcb-reserved-nonzero": ("reserved bytes of a TCB", "two readers differ", "class"),
    "crl-stale-accepted": ("an old list counts for ever", REVOKED, "google/go-sev-guest#191"),
    "crl-no-next-update": ("a list without nextUpdate never ages", REVOKED, "class"),
    "crl-this-update-future": ("a list of the future counts", REVOKED, "class"),
    "crl-absent-fail-open": ("no list means not revoked", REVOKED, "Dstack-TEE/dstack#1140"),
    "crl-asvk-not-checked": ("only the ASK is looked up", REVOKED, "class"),
    "crl-vek-serial-ignored": ("leaves are not looked up", REVOKED, "class"),
    "crl-wrong-issuer": ("whose list it is does not matter", REVOKED, "class"),
    "crl-critical-extension": ("an unknown critical extension is passed over", REVOKED, "class"),
    "crl-partial-list": ("a part of a list counts as the whole", REVOKED, "class"),
    "crl-ark-listed": ("the ARK is not looked up", REVOKED, "virtee/snpguest#130"),
    "crl-html-or-pem": ("what cannot be read is an empty list", REVOKED, "class"),
    "ct-pem-vs-der": ("one of DER and PEM is not read", GENUINE, "class"),
    "ct-unknown-guid": ("an unknown entry spoils the table", GENUINE, "class"),
    "fresh-zero-report-data": (
        "zeros count as no nonce, or as any",
        "an old report counts as a new one",
        "class",
    ),
    "fresh-vlek-one-year": ("a VLEK lives one year", GENUINE, "edgelesssys/constellation#3269"),
    "fresh-time-edge": ("the edges of a validity and the year 2050", GENUINE, "class"),
    "fwd-new-product-venice": ("a new processor is taken for an old one", CRASH, "virtee/snpguest#159"),
    "fwd-v4-layout": ("version 4 is unknown", GENUINE, "google/go-sev-guest#158"),
    "fwd-policy-bit-without-version": (
        "a policy bit comes without a new version",
        GENUINE,
        "virtee/sev#378",
    ),
    "parse-v3-fms-zero": ("a processor is guessed", OTHER_CHIP, "confidential-containers/trustee#785"),
    "parse-v2-product-guess": (
        "the line of a version 2 report is guessed",
        GENUINE,
        "confidential-containers/trustee#785",
    ),
    "parse-model-ranges": ("models that are not known one by one are refused", GENUINE, "class"),
    "version-unknown-6": ("what a new version is read as", GENUINE, "class"),
    "signer-vlek-in-vcek-slot": (
        "SIGNING_KEY is not compared with the leaf",
        OTHER_CHIP,
        "microsoft/TEE-Attestation-Verification#142",
    ),
    "signer-field-says-vlek-leaf-is-vcek": ("SIGNING_KEY is not compared with the leaf", OTHER_CHIP, "class"),
    "signer-both-leaves-present": ("the first leaf or one kind of leaf is taken", GENUINE, "class"),
    "sig-high-s": ("S above half the order is refused", GENUINE, "class"),
    "sig-leading-zero-and-high-bit": (
        "numbers with zeros in front or a high bit are misread",
        GENUINE,
        "class",
    ),
    "policy-platinfo-reserved": ("a bit that real firmware sets is refused", GENUINE, "class"),
    "policy-mitigation-vector-v5": ("mitigation vectors", GENUINE, "class"),
    "policy-vmpl": ("VMPLs other than 0 are refused", GENUINE, "class"),
    "policy-guest-svn": ("GUEST_SVN is read as a signed number", GENUINE, "class"),
    "bind-report-id-ma": ("REPORT_ID_MA has to be all ones", GENUINE, "class"),
    "2-03": ("a chain is walked by signatures alone", "one extracted key makes any", "class"),
    "2-05": ("an ARK that was fetched has only to be self-signed", FORGED, "class"),
    "2-09": ("a list with a bad signature counts as empty", REVOKED, "class"),
    "2-11": (
        "an empty or cut value matches",
        OTHER_CHIP,
        "microsoft/TEE-Attestation-Verification#147",
    ),
    "2-13": ("the parameters of PSS are not read", ADMITS, "class"),
    "2-14": ("a missing extension skips its check", OTHER_CHIP, "class"),
    "2-15": ("a report is encoded again before it is hashed", GENUINE, "virtee/sev#307"),
    "2-16": ("neither dates nor lists are looked at", ADMITS, "class"),
    "2-20a": ("a bit that real firmware sets is refused", GENUINE, "class"),
    "2-21": ("a table has to hold every certificate", GENUINE, "class"),
    "2-22": ("certificates are taken to be PEM", GENUINE, "class"),
    "2-27": ("the anchor is compared by its key", "none: only its owner can certify it anew", "class"),
    "2-28": ("firmware that is not committed is refused", GENUINE, "class"),
    "2-30": ("genuine certificates are no strict X.509", GENUINE, "virtee/snpguest#57"),
    "2-33": ("REPORT_ID_MA and GUEST_SVN have to have one value", GENUINE, "class"),
}


def explain(family: Family) -> None:
    """Adds the notes of the flags that FAMILY's cases have."""
    for flag in sorted({flag for case in family.cases for flag in case.flags}):
        bug_class, effect, origin = NOTES[flag]
        family.note(flag, bug_class=bug_class, effect=effect, origin=origin)
