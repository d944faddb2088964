"""Family device (device.json): Linux's sev-guest driver and configfs-tsm over it, call by call."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import (
    _device_attributes,
    _device_host,
    _device_ioctl,
    _device_module,
    _device_tsm,
)
from reference.families._device import key_response, report_response, sealed

TEXT = """
What a program in the guest gets from Linux's sev-guest driver and from configfs-tsm over it, with a host
that answers from a script. `kernels` lists the generations that agree on the case; `vmpcks` are keys of the
secrets page in hex by their numbers and `counters` its message counters, zero otherwise; `vmpl` is the
kernel's, `vmpck_id` the module's parameter. Each step's `host` answers its hypercalls one by one:
`exitinfo2`, `es_result` (the kernel cannot make the call), `npages` (RBX), `response` (the page; without it
nothing is written), `certs` (into the guest's pages), `times`. Between two calls of a busy host lie two
seconds and a tick of 4 ms; else no time passes.

Op `device`: a step is an `ioctl` (a name or a number) on /dev/sev-guest with what the program's structures
say, or `probe`: the module is loaded again with that vmpck_id. The program's memory is 64 KiB at 10000000h
and 64 KiB that it can only read at 20000000h, every byte A5h; its structures are at `arg` (10000100h),
`req_data` (10000200h), `resp_data` (10001000h) and `certs_address` (10004000h), `exitinfo2` is
1122334455667788h before the call. Of each step `output` has the result, `exitinfo2` afterwards, the
hypercalls by kind (`plain`, `ext`, with `npages` of the first), the SHA-384 of the request page (all of a
step are the same), of what was written to the buffers (null: nothing), the new `certs_len`, the message
counter and whether the VMPCK is lost; `waits` counts sleeps, `secrets` is the SHA-384 of the secrets page
at the end. The case is valid when the last step gives a client what it may take: a result of 0, STATUS 0,
and of a report REPORT_SIZE 4A0h and its own REPORT_DATA. The reason is the errno, ES_RESULT for a positive
result, or that field.

Op `tsm`: a step is a `call` in /sys/kernel/config/tsm/report. `put` and `get` open, write or read, and
close; `write` with `at` is a pwrite; `size` is the first pass of an open blob's first read; `data` is in
hex, `text` as it stands. A `get` with `nonce` compares REPORT_DATA, one with `text` the attribute's text.
`provider` false: the module is not loaded before the first step; `register` and `unregister` load and
unload it. The case is valid when the last step succeeds; the reason is its errno, REPORT_DATA, or the
attribute that has another text.
"""

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
        "two error channels",
        "the call succeeds, STATUS says that there is no report, and zeros are parsed",
        "AMDESE/sev-guest#26",
    ),
    (
        "dev-seqno-reuse",
        "message counters",
        "after the first request all others fail, or an old response is taken",
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
        "VMPL",
        "VMPL 0 is asked for from VMPL 1, and the refusal is not explained",
        "AMDESE/sev-guest#26",
    ),
)


def build() -> Family:
    """The ioctls, the host's answers, the attributes."""
    family = Family("device", "The guest's driver", TEXT)
    for flag, bug_class, effect, origin in NOTES:
        family.note(flag, bug_class=bug_class, effect=effect, origin=origin)
    family.blob("zero-page", bytes(4096))
    family.blob("report-rsp-1", sealed(report_response()))
    family.blob("report-rsp-3", sealed(report_response(), seqno=4))
    family.blob("key-rsp-1", sealed(key_response(), kind=4))
    family.blob("table", _device_ioctl.TABLE)
    for part in (_device_ioctl, _device_module, _device_host, _device_tsm, _device_attributes):
        part.add(family)
    return family
