"""What the flags of the families device and response mean. A slug that family message has too has the same
note there."""

from __future__ import annotations

from reference.bundle import Family

NOTES = (
    (
        "dev-certs-len-probe-einval",
        "certificate length",
        "a client takes the answer to its probe for the end of the matter and has no report",
        "google/go-sev-guest#52",
    ),
    (
        "dev-certs-len-unaligned",
        "certificate length",
        "a length that the kernel refuses is passed on, and the refusal is not explained",
        "class",
    ),
    (
        "dev-return-code-vs-fw-err",
        "two error channels",
        "a client looks at the result or at exitinfo2 alone and parses a buffer that nobody wrote",
        "virtee/sev#238",
    ),
    (
        "dev-rsp-status-nonzero",
        "status of the payload not looked at",
        "a response without a report is taken for one",
        "AMDESE/sev-guest#26",
    ),
    (
        "dev-seqno-reuse",
        "sequence number used again or skipped",
        "AEAD_OFLOW for ever after, or a replay that is answered",
        "AMDESE/sev-guest#40",
    ),
    ("dev-retry-new-payload", "message counters", "two messages are sealed with one IV", "class"),
    (
        "dev-throttle-lockout",
        "lost VMPCK",
        "after a minute of BUSY each call gives ENOTTY, which is reported as not being an SNP guest",
        "virtee/snpguest#54",
    ),
    ("dev-ioctl-numbers", "ioctl numbers", "one number for all three, or one made by hand", "virtee/sev#17"),
    ("dev-msg-version-zero", "message version", "msg_version is left 0", "class"),
    ("dev-user-data-short", "user data", "32 bytes are passed where 64 are read", "virtee/sev#17"),
    (
        "dev-configfs-generation",
        "concurrent writers",
        "the report of another program's nonce is taken",
        "class",
    ),
    (
        "dev-ext-report-fallback",
        "certificate length",
        "a host without certificates makes the client fail",
        "google/go-sev-guest#102",
    ),
    (
        "dev-vmpl-request-too-low",
        "VMPL below the sender's asked for",
        "INVALID_PARAM that nobody explains",
        "AMDESE/sev-guest#27",
    ),
)


def add_notes(family: Family) -> None:
    for flag, bug_class, effect, origin in NOTES:
        family.note(flag, bug_class=bug_class, effect=effect, origin=origin)
