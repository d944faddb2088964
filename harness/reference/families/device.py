"""Family device (device.json): Linux's sev-guest driver and configfs-tsm over it, call by call."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import (
    _device_attributes,
    _device_entries,
    _device_host,
    _device_ioctl,
    _device_module,
    _device_order,
    _device_tsm,
)
from reference.families._device import cite_twins, key_response, report_response, sealed
from reference.families._device_notes import add_notes

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
at the end. What the notes leave open of old drivers is absent: `exitinfo2` that nobody set (AMB-103), the
counter and `secrets` of 6.1.0 after a failed request (AMB-105). The case is valid when the last step gives
a client what it may take: a result of 0, STATUS 0, and of a report REPORT_SIZE 4A0h and its own
REPORT_DATA. The reason is the errno, ES_RESULT for a positive result, or that field.

Op `tsm`: a step is a `call` in /sys/kernel/config/tsm/report. `put` and `get` open, write or read, and
close; `write` with `at` is a pwrite; `size` is the first pass of an open blob's first read; `data` is in
hex, `text` as it stands. A `get` with `nonce` compares REPORT_DATA, one with `text` the attribute's text.
`provider` false: the module is not loaded before the first step; `register` and `unregister` load and
unload it. The case is valid when the last step succeeds; the reason is its errno, REPORT_DATA, or the
attribute that has another text. Of each step with hypercalls `output` has their number, `calls`, and the
SHA-384 of the request page, `request` (all of a step are the same).
"""


def build() -> Family:
    """The ioctls, the host's answers, the attributes."""
    family = Family("device", "The guest's driver", TEXT)
    add_notes(family)
    family.blob("zero-page", bytes(4096))
    family.blob("report-rsp-1", sealed(report_response()))
    family.blob("report-rsp-3", sealed(report_response(), seqno=4))
    family.blob("key-rsp-1", sealed(key_response(), kind=4))
    family.blob("table", _device_ioctl.TABLE)
    for part in (
        _device_ioctl,
        _device_order,
        _device_module,
        _device_host,
        _device_tsm,
        _device_attributes,
        _device_entries,
    ):
        part.add(family)
    cite_twins(family)
    return family
