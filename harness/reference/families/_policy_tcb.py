"""Cases of the family policy about TCBs and firmware versions: order, floors, provisional firmware."""

from __future__ import annotations

from reference.families import _bases
from reference.families._bases import PARTS, off_by, question, raw, tall
from reference.families._book import Book, Change
from reference.families._policy_bits import report, rules
from reference.world import World, world

NAMES = {"fmc": "fmc", "bl": "boot_loader", "tee": "tee", "snp": "snp", "ucode": "microcode"}


def floor(w: World, **changed: int) -> dict[str, int]:
    """A floor at W's TCB."""
    return {name: changed.get(part, getattr(w.tcb, part)) for part, name in NAMES.items()}


def tcb(w: World, **fields: bytes) -> dict[str, Change]:
    return report(w, **{f"{name.upper()}_TCB": value for name, value in fields.items()})


def _order(b: Book) -> None:
    for line, version in (("Milan", 3), ("Turin", 5)):
        w = tall(line, version)
        base = _bases.base(b, w)
        for part in _bases.parts(w):
            text, low, high = PARTS[part], off_by(w, part, -1), off_by(w, part, 1)
            word = f"{part}-{line.lower()}"
            flags = ["tcb-order-violations", "tcb-component-sweep"]
            b.refuse(
                f"reported-{word}",
                f"{text} of REPORTED_TCB is above COMMITTED_TCB's",
                ["VRF-067"],
                base,
                tcb(w, committed=low),
                stage="tcb",
                layer="tcb",
                flags=flags,
            )
            b.refuse(
                f"committed-{word}",
                f"{text} of COMMITTED_TCB is above CURRENT_TCB's",
                ["VRF-068"],
                base,
                tcb(w, committed=high),
                stage="tcb",
                layer="tcb",
                flags=flags,
            )
    w = tall("Milan", 3)
    base = _bases.base(b, w)
    mixed = raw(w, snp=w.tcb.snp - 1, ucode=w.tcb.ucode + 1)
    b.refuse(
        "reported-mixed",
        "REPORTED_TCB's SNP is above COMMITTED_TCB's, whose microcode is higher",
        ["VRF-067"],
        base,
        tcb(w, committed=mixed, current=raw(w, ucode=w.tcb.ucode + 1)),
        stage="tcb",
        layer="tcb",
        flags=["tcb-u64-compare", "tcb-order-violations"],
    )
    big = tall("Milan", 3)
    b.refuse(
        "committed-over-127",
        "COMMITTED_TCB's SNP is 0x81, CURRENT_TCB's 0x80",
        ["VRF-068"],
        _bases.base(b, big),
        tcb(big, committed=raw(big, snp=0x81), current=raw(big, snp=0x80)),
        stage="tcb",
        layer="tcb",
        flags=["tcb-order-violations"],
    )
    for part in _bases.parts(w):
        b.vary(
            f"current-above-{part}",
            f"{PARTS[part]} of CURRENT_TCB is above the others'",
            ["VRF-068"],
            base,
            tcb(w, current=off_by(w, part, 1)) | rules(allow_provisional=True),
            layer="tcb",
            flags=["2-28"],
        )
    b.vary(
        "launch-above",
        "LAUNCH_TCB above REPORTED_TCB: nothing orders these",
        ["VRF-067"],
        base,
        tcb(w, launch=off_by(w, "snp", 1), committed=off_by(w, "snp", 1), current=off_by(w, "snp", 1)),
        layer="tcb",
    )


def _reserved(b: Book) -> None:
    for line, version, place in (("Milan", 3, 2), ("Milan", 3, 5), ("Turin", 5, 4), ("Turin", 5, 6)):
        w = tall(line, version)
        base = _bases.base(b, w)
        for field in _bases.TCBS:
            value = bytearray(w.tcb_version)
            value[place] = 1
            question(
                b,
                f"reserved-{field.split('_')[0].lower()}-{line.lower()}-{place}",
                "A reserved byte of a TCB is set",
                ["VRF-112", "VRF-121", "SNP-RPT-064" if line == "Turin" else "SNP-RPT-063"],
                base,
                report(w, **{field: bytes(value)}),
                title=f"Byte {place} of {field}, which {line}'s layout reserves, is set",
                accept={"allow_unknown_reserved": True},
                refuse={"allow_unknown_reserved": False},
                boundary=f"byte {place} of {field}",
                stage="tcb",
                layer="tcb",
                flags=["tcb-reserved-nonzero"],
            )


# What the older layout makes of a component of Turin's.
TURIN = {"fmc": ["tcb-turin-fmc-missing"], "snp": ["tcb-turin-legacy-layout", "2-06"]}


def _floors(b: Book) -> None:
    for line, version in (("Milan", 3), ("Turin", 5)):
        w = tall(line, version)
        base = _bases.base(b, w)
        word = line.lower()
        met = b.vary(
            f"floor-{word}",
            "REPORTED_TCB is at its floor in every component",
            ["VRF-070"],
            base,
            rules(tcb_min=floor(w)),
            layer="tcb",
        )
        launched = b.vary(
            f"launch-floor-{word}",
            "LAUNCH_TCB is at its floor in every component",
            ["VRF-071"],
            base,
            rules(launch_tcb_min=floor(w)),
            layer="tcb",
        )
        for part in _bases.parts(w):
            flags = ["tcb-component-sweep"] + (TURIN.get(part, []) if line == "Turin" else [])
            above = {f"policy.tcb_min.{NAMES[part]}": (getattr(w.tcb, part) + 1, "", None)}
            b.refuse(
                f"floor-{part}-{word}",
                f"{PARTS[part]} of REPORTED_TCB is one below its floor",
                ["VRF-070"],
                met,
                above,
                stage="tcb",
                layer="tcb",
                flags=flags,
            )
            b.refuse(
                f"launch-floor-{part}-{word}",
                f"{PARTS[part]} of LAUNCH_TCB is one below its floor",
                ["VRF-071"],
                launched,
                tcb(w, launch=off_by(w, part, -1)),
                stage="tcb",
                layer="tcb",
                flags=["tcb-launch-floor-missing", "2-07"],
            )
    w = tall("Milan", 3)
    base = _bases.base(b, w)
    rows: tuple[tuple[str, str, dict[str, int], str], ...] = (
        (
            "numeric",
            "SNP is below its floor while microcode, a higher byte, is above",
            {"snp": 25, "ucode": 200},
            "tcb-u64-compare",
        ),
        (
            "bytewise",
            "Microcode is below its floor while the boot loader, an earlier byte, is above",
            {"bl": 3, "ucode": 220},
            "tcb-u64-compare",
        ),
    )
    for name, defect, changed, flag in rows:
        twin = b.vary(
            f"floor-{name}-met",
            f"REPORTED_TCB is above a floor ({name})",
            ["VRF-070"],
            base,
            rules(
                tcb_min=floor(
                    w, **{part: min(value, getattr(w.tcb, part)) for part, value in changed.items()}
                )
            ),
            layer="tcb",
        )
        over = next(part for part, value in changed.items() if value > getattr(w.tcb, part))
        change = {f"policy.tcb_min.{NAMES[over]}": (changed[over], "", None)}
        b.refuse(f"floor-{name}", defect, ["VRF-070"], twin, change, stage="tcb", layer="tcb", flags=[flag])
    newer = off_by(w, "snp", 1)
    ahead = b.vary(
        "ahead",
        "COMMITTED_TCB, CURRENT_TCB and LAUNCH_TCB are above REPORTED_TCB, at whose TCB the floor is",
        ["VRF-070"],
        base,
        tcb(w, committed=newer, current=newer, launch=newer) | rules(tcb_min=floor(w)),
        layer="tcb",
    )
    b.refuse(
        "floor-of-current",
        "SNP is below its floor in REPORTED_TCB alone",
        ["VRF-070"],
        ahead,
        {"policy.tcb_min.snp": (w.tcb.snp + 1, "", None)},
        stage="tcb",
        layer="tcb",
        flags=["tcb-floor-on-wrong-field"],
    )
    b.vary(
        "floor-zero",
        "A floor of 0 in every component",
        ["VRF-070"],
        base,
        rules(tcb_min=dict.fromkeys(NAMES.values(), 0)),
        layer="tcb",
        flags=["tcb-empty-floor"],
    )
    b.vary(
        "launch-below-floor-of-reported",
        "LAUNCH_TCB below the floor of REPORTED_TCB: that floor is not for it",
        ["VRF-071"],
        base,
        tcb(w, launch=off_by(w, "snp", -1)) | rules(tcb_min=floor(w)),
        layer="tcb",
    )
    question(
        b,
        "launch-floor-decided",
        "LAUNCH_TCB is below REPORTED_TCB",
        ["VRF-071"],
        base,
        tcb(w, launch=off_by(w, "snp", -1)),
        accept={},
        refuse={"launch_tcb_min": floor(w)},
        stage="tcb",
        layer="tcb",
        flags=["tcb-launch-floor-missing", "2-07"],
    )
    vlek = tall("Milan", 3, "vlek")
    met = b.vary(
        "floor-vlek",
        "REPORTED_TCB under a VLEK is at its floor",
        ["VRF-070"],
        _bases.base(b, vlek),
        rules(tcb_min=floor(vlek)),
        layer="tcb",
    )
    b.refuse(
        "floor-vlek-snp",
        "SNP of REPORTED_TCB under a VLEK is one below its floor",
        ["VRF-070"],
        met,
        {"policy.tcb_min.snp": (vlek.tcb.snp + 1, "", None)},
        stage="tcb",
        layer="tcb",
        flags=["tcb-component-sweep"],
    )


def _number(which: str, value: tuple[int, int, int]) -> dict[str, int | bytes]:
    names = (f"{which}_MAJOR", f"{which}_MINOR", f"{which}_BUILD")
    return dict(zip(names, value, strict=True))


def _firmware(b: Book) -> None:
    w = world("Genoa", 5)
    base = b.base(w)

    def running(*value: int) -> dict[str, Change]:
        number = (value[0], value[1], value[2])
        return report(w, **_number("CURRENT", number), **_number("COMMITTED", number))

    least = b.vary(
        "firmware-equal",
        "The current version is the least, 1.55.40",
        ["VRF-072"],
        base,
        running(1, 55, 40) | rules(firmware_min="1.55.40"),
        layer="tcb",
    )
    for name, number, text in (
        ("build-above", (1, 55, 41), "its build above"),
        ("minor-above", (1, 56, 0), "its minor above, its build below"),
        ("major-above", (2, 0, 0), "its major above, the rest below"),
    ):
        b.vary(
            f"firmware-{name}",
            f"The current version is above 1.55.40, {text}",
            ["VRF-072"],
            least,
            running(*number),
            layer="tcb",
            flags=["tcb-version-byte-order"],
        )
    for name, number, text in (
        ("build-below", (1, 55, 39), "its build below"),
        ("build-as-text", (1, 55, 9), "its build below but above as text"),
        ("minor-below", (1, 54, 255), "its minor below, its build above"),
        ("minor-as-text", (1, 9, 40), "its minor below but above as text"),
        ("major-below", (0, 255, 255), "its major below, the rest above"),
    ):
        b.refuse(
            f"firmware-{name}",
            "The current version is below the policy's",
            ["VRF-072"],
            least,
            running(*number),
            title=f"The current version is below 1.55.40, {text}",
            boundary=text,
            stage="tcb",
            layer="tcb",
            flags=["tcb-version-byte-order"],
        )
    b.refuse(
        "firmware-committed",
        "The current version is below the policy's",
        ["VRF-072"],
        b.vary(
            "firmware-own",
            "The current version is the least, the report's own",
            ["VRF-072"],
            base,
            rules(firmware_min="1.55.49"),
            layer="tcb",
        ),
        rules(firmware_min="1.55.50"),
        stage="tcb",
        layer="tcb",
        boundary="the floor moves, not the report",
    )
    for name, committed, text in (
        ("build", (1, 55, 50), "build"),
        ("minor", (1, 56, 0), "minor"),
        ("major", (2, 0, 0), "major"),
    ):
        b.refuse(
            f"committed-{name}",
            "The committed version is above the current one",
            ["VRF-114"],
            base,
            report(w, **_number("COMMITTED", committed)),
            title=f"The committed version is above the current one in its {text}",
            boundary=f"the {text}",
            stage="tcb",
            layer="tcb",
            flags=["tcb-order-violations"],
        )
    b.vary(
        "committed-build-higher",
        "The committed version is below the current one by its minor, its build is higher",
        ["VRF-114"],
        base,
        report(w, **_number("COMMITTED", (1, 54, 200))) | rules(allow_provisional=True),
        layer="tcb",
        flags=["tcb-version-byte-order"],
    )


def _provisional(b: Book) -> None:
    w = tall("Milan", 3)
    base = _bases.base(b, w)
    rows: tuple[tuple[str, str, dict[str, Change]], ...] = (
        ("snp", "SNP of COMMITTED_TCB is below CURRENT_TCB's", tcb(w, current=off_by(w, "snp", 1))),
        ("ucode", "Microcode of COMMITTED_TCB is below CURRENT_TCB's", tcb(w, current=off_by(w, "ucode", 1))),
        ("build", "The committed build is below the current one", report(w, COMMITTED_BUILD=28)),
        ("minor", "The committed minor is below the current one", report(w, COMMITTED_MINOR=54)),
    )
    settled = b.vary(
        "committed-is-current",
        "COMMITTED is CURRENT, and the policy takes nothing else",
        ["VRF-069"],
        base,
        rules(allow_provisional=False),
    )
    for name, text, change in rows:
        flags = ["tcb-provisional-firmware", "2-28"]
        question(
            b,
            f"provisional-{name}",
            "COMMITTED is below CURRENT",
            ["VRF-069"],
            base,
            change,
            title=text,
            accept={"allow_provisional": True},
            refuse={"allow_provisional": False},
            boundary=text,
            flags=flags,
        )
        b.refuse(
            f"provisional-{name}-refused",
            "COMMITTED is below CURRENT",
            ["VRF-069"],
            settled,
            change,
            title=f"{text}, which the policy does not allow",
            boundary=text,
            flags=flags,
        )
    high = b.vary(
        "settled-over-127",
        "COMMITTED_TCB's and CURRENT_TCB's SNP are 0x81, and the policy takes nothing provisional",
        ["VRF-069"],
        settled,
        tcb(w, committed=raw(w, snp=0x81), current=raw(w, snp=0x81)),
    )
    b.refuse(
        "provisional-over-127",
        "COMMITTED_TCB's SNP is 0x80, CURRENT_TCB's 0x81, and the policy takes nothing provisional",
        ["VRF-069"],
        high,
        {
            "report": (
                w.puts({"CURRENT_TCB": raw(w, snp=0x81), "COMMITTED_TCB": raw(w, snp=0x80)}),
                "COMMITTED_TCB",
                "vcek",
            )
        },
        flags=["ext-spl-over-127"],
    )
    b.vary(
        "settled-reported-behind",
        "COMMITTED is CURRENT, REPORTED is below: that is not provisional",
        ["VRF-069"],
        settled,
        tcb(w, committed=off_by(w, "snp", 1), current=off_by(w, "snp", 1)),
    )


def add(b: Book) -> None:
    _order(b)
    _reserved(b)
    _floors(b)
    _firmware(b)
    _provisional(b)
