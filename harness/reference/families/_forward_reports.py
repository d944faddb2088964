"""Family forwardcompat: reports of old, new and future firmware."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference import keys
from reference.families._book import Book
from reference.mint import Tcb
from reference.world import FIELDS, SIGNED, World, steps, world


def versions(b: Book) -> None:
    """Family report has version 4 of the other lines, and version 6."""
    w = world("Genoa", 3)
    b.vary(
        "version-4-genoa",
        "Version 4, read as 3",
        ["VRF-014"],
        b.base(w),
        {"report": (w.put("VERSION", 4), "VERSION", "vcek")},
        flags=["fwd-v4-layout"],
    )
    w = world("Genoa", 5)
    for number, title in (
        (0x100, "Version 256, whose low byte is 0"),
        (0x105, "Version 261, whose low byte is 5"),
        (0x10005, "Version 65541, whose low half is 5"),
        (0xFFFFFFFF, "The highest version"),
    ):
        b.decide(
            f"version-{number:x}",
            title,
            ["VRF-015"],
            b.base(w),
            {"report": (w.put("VERSION", number), "VERSION", "vcek")},
            stage="version",
            accept={"future_versions": True},
            refuse={"future_versions": False},
            flags=["version-unknown-6"],
        )


def processors(b: Book) -> None:
    """Family report has the models at the ends of the lines."""
    for chip, models in (("Milan", (0x00,)), ("Genoa", (0x10, 0xA0, 0xA1)), ("Turin", (0x00, 0x11))):
        w = world(chip, 5)
        for model in models:
            b.vary(
                f"model-{chip.lower()}-{model:02x}",
                f"{chip}: model {model:#04x}",
                ["VRF-061"],
                b.base(w),
                {"report": (w.put("CPUID_MOD_ID", model), "CPUID_MOD_ID", "vcek")},
                flags=["parse-model-ranges"],
            )
        for stepping in (0x00,) if chip == "Genoa" else (0x00, 0xFF):
            b.vary(
                f"stepping-{chip.lower()}-{stepping:02x}",
                f"{chip}: stepping {stepping}",
                ["VRF-061"],
                b.base(w),
                {"report": (w.put("CPUID_STEP", stepping), "CPUID_STEP", "vcek")},
                flags=["parse-model-ranges"],
            )
    chip_id = bytes.fromhex("c1a2b3c4d5e6f708").ljust(64, b"\0")
    w = world("Milan", 2, hwid=chip_id)
    b.accept(
        "version-2-zero-tail",
        "A version 2 report of a Milan whose CHIP_ID ends in 56 zeros, as a Turin's does",
        ["VRF-051"],
        w,
        w.input(),
        flags=["parse-v2-product-guess"],
    )


POLICY_BITS = {
    20: "SINGLE_SOCKET",
    21: "CXL_ALLOW",
    22: "MEM_AES_256_XTS",
    23: "RAPL_DIS",
    24: "CIPHERTEXT_HIDING_DRAM",
    25: "PAGE_SWAP_DISABLE",
}
# What PLATFORM_INFO has to say for a guest with that policy to run.
NEEDS = {23: 1 << 3, 24: 1 << 4}


def policies(b: Book) -> None:
    for version in (2, 5):
        w = world("Milan", version)
        platform = w.firmware.platform_info
        for bit, name in POLICY_BITS.items():
            if (version, bit) == (2, 25):
                continue  # family policy has it
            values = {"POLICY": 0x30000 | 1 << bit, "PLATFORM_INFO": platform | NEEDS.get(bit, 0)}
            b.vary(
                f"policy-{bit}-v{version}",
                f"POLICY bit {bit}, {name}, in a report of version {version}",
                ["VRF-077"],
                b.base(w),
                {"report": (w.puts(values), "POLICY, PLATFORM_INFO", "vcek")},
                flags=["fwd-policy-bit-without-version"],
            )
    v = world("Milan", 5, "vlek")
    b.vary(
        "policy-25-vlek",
        "POLICY 0x2030000 under a VLEK, as one cloud's guests have it",
        ["VRF-077"],
        b.base(v),
        {"report": (v.put("POLICY", 0x2030000), "POLICY", "vlek")},
        flags=["fwd-policy-bit-without-version"],
    )
    w = world("Genoa", 5)
    b.vary(
        "policy-abi-31",
        "POLICY asks for ABI minor 31, as one cloud's guests do",
        ["VRF-083"],
        b.base(w),
        {"report": (w.put("POLICY", 0x3001F), "POLICY", "vcek")},
    )


def platforms(b: Book) -> None:
    """Family policy has the other bits."""
    w, t = world("Genoa", 5), world("Turin", 5)
    for of, bit, title in (
        (world("Milan", 3), 6, "PLATFORM_INFO bit 6 on a Milan"),
        (w, 1, "PLATFORM_INFO bit 1, TSME_EN"),
    ):
        value = of.firmware.platform_info | 1 << bit
        b.vary(
            f"platform-{bit}-{of.product.lower()}",
            title,
            ["VRF-078"],
            b.base(of),
            {"report": (of.put("PLATFORM_INFO", value), "PLATFORM_INFO", "vcek")},
            flags=["policy-platinfo-reserved", "2-20a"] if bit == 6 else [],
        )
    b.vary(
        "platform-0",
        "PLATFORM_INFO is 0",
        ["VRF-078"],
        b.base(t),
        {"report": (t.put("PLATFORM_INFO", 0), "PLATFORM_INFO", "vcek")},
    )


def tcbs(b: Book) -> None:
    """TCBs that differ from one another as they may."""
    for chip, part in (("Milan", "snp"), ("Genoa", "ucode"), ("Turin", "fmc"), ("Milan", "bl")):
        usual = world(chip, 3).tcb
        lower = replace(usual, **{part: getattr(usual, part) - 1})
        w = world(chip, 3, tcb=lower)
        higher = dict.fromkeys(("CURRENT_TCB", "COMMITTED_TCB", "LAUNCH_TCB"), usual.version(w.product))
        b.accept(
            f"reported-below-{chip.lower()}-{part}",
            f"{chip}: REPORTED_TCB is below COMMITTED_TCB in {part}",
            ["VRF-067"],
            w,
            w.input(report=w.puts(higher)),
            flags=["tcb-reported-eq-committed-forced"],
        )
    w = world("Milan", 3, "vlek", tcb=Tcb(4, 0, 24, 217))
    committed, current = (Tcb(4, 0, 24, ucode).version("Milan") for ucode in (219, 220))
    report = w.puts({"COMMITTED_TCB": committed, "LAUNCH_TCB": committed, "CURRENT_TCB": current})
    b.decide(
        "current-above-committed",
        "REPORTED_TCB below COMMITTED_TCB below CURRENT_TCB: microcode that was loaded and not committed",
        ["VRF-069"],
        b.base(world("Milan", 3, "vlek")),
        {
            "report": (report, "REPORTED_TCB, COMMITTED_TCB, LAUNCH_TCB, CURRENT_TCB", "vlek"),
            "certs.vlek": (w.certs["vlek"], "ucodeSPL, subjectPublicKeyInfo", "asvk"),
        },
        stage="policy",
        accept={"allow_provisional": True},
        refuse={"allow_provisional": False},
        flags=["tcb-provisional-firmware", "2-28"],
    )
    g = world("Genoa", 3)
    b.decide(
        "build-above-committed",
        "The current build is above the committed one",
        ["VRF-069"],
        b.base(g),
        {"report": (g.put("CURRENT_BUILD", 41), "CURRENT_BUILD", "vcek")},
        stage="policy",
        accept={"allow_provisional": True},
        refuse={"allow_provisional": False},
        flags=["tcb-provisional-firmware"],
    )
    below = Tcb(9, 0, 14, 72).version("Genoa")
    b.vary(
        "launch-below",
        "LAUNCH_TCB is below REPORTED_TCB: a guest that was launched before an update",
        ["VRF-071"],
        b.base(g),
        {"report": (g.put("LAUNCH_TCB", below), "LAUNCH_TCB", "vcek")},
    )
    for name, title, numbers in (
        ("2-0-0", "Firmware 2.0.0", (2, 0, 0)),
        ("1-255-255", "Firmware 1.255.255", (1, 255, 255)),
        ("1-58-1", "Firmware 1.58.1", (1, 58, 1)),
    ):
        parts = dict(zip(("MAJOR", "MINOR", "BUILD"), numbers, strict=True))
        values = {f"{which}_{part}": n for which in ("CURRENT", "COMMITTED") for part, n in parts.items()}
        changes = {"report": (g.puts(values), ", ".join(values), "vcek")}
        b.vary(f"firmware-{name}", title, ["VRF-072"], b.base(g), changes)


def mitigations(b: Book) -> None:
    w = world("Genoa", 5)
    for name, title, launch, current, policy in (
        ("superset", "Mitigation vectors with more bits than are required", 0xFF, 0xFF, (0x0B, 0x0B)),
        ("launch-less", "A mitigation that was verified after launch", 0x01, 0x0B, (0x01, 0x0B)),
        ("none", "Mitigation vectors that are 0, where none is required", 0, 0, None),
    ):
        report = w.puts({"LAUNCH_MIT_VECTOR": launch, "CURRENT_MIT_VECTOR": current})
        changes: dict[str, Any] = {"report": (report, "LAUNCH_MIT_VECTOR, CURRENT_MIT_VECTOR", "vcek")}
        if policy:
            wanted = {"launch_mit_required": policy[0], "current_mit_required": policy[1]}
            changes["policy"] = (wanted, "launch_mit_required, current_mit_required", None)
        flags = ["policy-mitigation-vector-v5"]
        b.vary(f"mitigations-{name}", title, ["VRF-086"], b.base(w), changes, flags=flags)


def guests(b: Book) -> None:
    """What guests and hosts may put into a report."""
    w, v = world("Genoa", 3), world("Milan", 5, "vlek")

    def report(
        name: str, title: str, of: World, values: dict[str, Any], requirement: str, *flags: str
    ) -> None:
        changes = {"report": (of.puts(values), ", ".join(values), of.kind)}
        b.vary(name, title, [requirement], b.base(of), changes, flags=flags)

    for vmpl in (1, 2, 3):
        b.decide(
            f"vmpl-{vmpl}",
            f"VMPL {vmpl}",
            ["VRF-079"],
            b.base(w),
            {"report": (w.put("VMPL", vmpl), "VMPL", "vcek")},
            stage="policy",
            accept={"vmpl_max": 3},
            refuse={"vmpl_max": vmpl - 1},
            flags=["policy-vmpl"],
        )
    b.decide(
        "vmpl-host",
        "VMPL is 0xFFFFFFFF: the host asked for the report",
        ["VRF-080"],
        b.base(w),
        {"report": (w.put("VMPL", 0xFFFFFFFF), "VMPL", "vcek")},
        stage="policy",
        accept={"allow_host_report": True},
        refuse={"allow_host_report": False},
        flags=["policy-vmpl"],
    )
    report(
        "svn-high",
        "GUEST_SVN is 0xFFFFFFFF",
        w,
        {"GUEST_SVN": 0xFFFFFFFF},
        "VRF-084",
        "policy-guest-svn",
        "2-33",
    )
    nothing = {"GUEST_SVN": 0, "FAMILY_ID": bytes(16), "IMAGE_ID": bytes(16), "ID_KEY_DIGEST": bytes(48)}
    report("no-id-block", "A guest without an ID block", w, nothing, "VRF-090")
    author = {"KEY_INFO": 1, "AUTHOR_KEY_DIGEST": steps(0x40, 48)}
    report("author-key", "A guest with an author key", w, author, "VRF-096")
    agent: dict[str, int | bytes] = {"POLICY": 0x70000, "REPORT_ID_MA": steps(0xB0, 32)}
    b.decide(
        "agent",
        "A guest with a migration agent",
        ["VRF-074"],
        b.base(w),
        {"report": (w.puts(agent), ", ".join(agent), "vcek")},
        stage="policy",
        accept={"allow_migration_agent": True},
        refuse={"allow_migration_agent": False},
        flags=["bind-report-id-ma", "2-33"],
    )
    report(
        "data-zero",
        "REPORT_DATA is zero, where no value is expected",
        w,
        {"REPORT_DATA": bytes(64)},
        "VRF-087",
        "fresh-zero-report-data",
    )
    masked = {"CHIP_ID": bytes(64)}  # under a VCEK: family binding
    report("vlek-masked", "CHIP_ID is masked under a VLEK", v, masked, "VRF-054", "bind-chip-id-masked")
    other = {"CHIP_ID": steps(0x11, 64)}
    report("vlek-any-chip", "CHIP_ID is another one: a VLEK is no chip's", v, other, "VRF-054")
    both = {"CHIP_ID": bytes(64), "KEY_INFO": 6}
    report("vlek-mask-chip-key", "MASK_CHIP_KEY and a masked CHIP_ID under a VLEK", v, both, "VRF-021")


def signatures(b: Book) -> None:
    """Signatures as firmware makes them, without a rule for S."""
    w = world("Genoa", 3)
    half = keys.P384_ORDER // 2
    offset, size = FIELDS["REPORT_DATA"]
    seen: set[str] = set()
    for i in range(1, 2000):
        data = i.to_bytes(size, "big")
        body = w.report[:offset] + data + w.report[offset + size : SIGNED]
        r, s = w.key.sign(body)
        kinds = {
            "high-s": ("S is above half the group order", s > half, "VRF-065", "sig-high-s"),
            "low-s": ("S is below half the group order", s <= half, "VRF-065", "sig-high-s"),
            "r-zero-byte": (
                "R's highest byte is 0",
                r < 1 << 376,
                "VRF-066",
                "sig-leading-zero-and-high-bit",
            ),
            "s-zero-byte": (
                "S's highest byte is 0",
                s < 1 << 376,
                "VRF-066",
                "sig-leading-zero-and-high-bit",
            ),
        }
        for name, (title, holds, requirement, flag) in kinds.items():
            if holds and name not in seen:
                seen.add(name)
                report = body + keys.report_signature(r, s)
                changes = {"report": (report, "REPORT_DATA", "vcek")}
                b.vary(f"signature-{name}", title, [requirement], b.base(w), changes, flags=[flag])
        if len(seen) == len(kinds):
            return
    raise AssertionError("no report data with such a signature")


def add(b: Book) -> None:
    versions(b)
    processors(b)
    policies(b)
    platforms(b)
    tcbs(b)
    mitigations(b)
    guests(b)
    signatures(b)
