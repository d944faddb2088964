"""Cases of the family policy about numbers: VMPL, mitigation vectors, ABI version, GUEST_SVN."""

from __future__ import annotations

from reference.families._bases import question
from reference.families._book import Book
from reference.families._policy_bits import PLAIN, both, report, rules, under
from reference.world import world


def _vmpl(b: Book) -> None:
    w = world("Genoa", 5)
    for vmpl in (1, 2, 3):
        b.vary(
            f"vmpl-{vmpl}",
            f"VMPL {vmpl} where 3 is the most",
            ["VRF-079"],
            b.base(w),
            report(w, VMPL=vmpl) | rules(vmpl_max=3),
            flags=["2-29"],
        )
    for most in (0, 1, 2):
        twin = b.vary(
            f"vmpl-max-{most}",
            f"VMPL {most} where {most} is the most",
            ["VRF-079"],
            b.base(w),
            report(w, VMPL=most) | rules(vmpl_max=most),
        )
        b.refuse(
            f"vmpl-above-{most}",
            "VMPL is above the policy's most",
            ["VRF-079"],
            twin,
            report(w, VMPL=most + 1),
            title=f"VMPL is {most + 1} where {most} is the most",
            boundary=f"a most of {most}",
            flags=["policy-vmpl", "2-29"],
        )
    question(
        b,
        "vmpl-decided",
        "VMPL is 1",
        ["VRF-079"],
        b.base(w),
        report(w, VMPL=1),
        accept={"vmpl_max": 3},
        refuse={"vmpl_max": 0},
        flags=["policy-vmpl", "2-29"],
    )
    for name, vmpl, text in (
        ("4", 4, "4"),
        ("100h", 0x100, "0x100: its low byte is 0"),
        ("1000000h", 0x01000000, "0x1000000: 1 in the other byte order"),
        ("80000000h", 0x80000000, "0x80000000: negative as a signed number"),
        ("fffffffe", 0xFFFFFFFE, "0xFFFFFFFE: one below the host's"),
    ):
        b.refuse(
            f"vmpl-{name}",
            "VMPL is above 3 and not the host's",
            ["VRF-115"],
            b.base(w),
            report(w, VMPL=vmpl),
            title=f"VMPL is {text}",
            boundary=f"the value {vmpl:#x}",
            flags=["policy-vmpl"],
        )
    strict = under(b, w, "vmpl-max-3", "VMPL 0 where 3 is the most", "VRF-115", vmpl_max=3)
    b.refuse(
        "vmpl-4-max-3",
        "VMPL is above 3 and not the host's",
        ["VRF-115"],
        strict,
        report(w, VMPL=4),
        title="VMPL is 4 where the policy says 3",
        boundary="the policy states its most",
        flags=["policy-vmpl"],
    )
    both(
        b,
        w,
        "host-report",
        "VRF-080",
        {"VMPL": 0xFFFFFFFF},
        title="VMPL is FFFFFFFF: the host asked for the report",
        defect="The host asked for the report",
        member="allow_host_report",
        flags=("policy-vmpl", "2-29"),
    )


def _mitigations(b: Book) -> None:
    w = world("Genoa", 5)  # both vectors are 0x0B
    for which in ("launch", "current"):
        field, member, requirement = (
            f"{which.upper()}_MIT_VECTOR",
            f"{which}_mit_required",
            {"launch": "VRF-085", "current": "VRF-086"}[which],
        )
        flags = ["policy-mitigation-vector-v5", "policy-launch-vs-current-mit"]
        twin = b.vary(
            f"{which}-mit",
            f"{field} has the bits that are required, and more",
            [requirement],
            b.base(w),
            rules(**{member: 3}),
        )
        b.refuse(
            f"{which}-mit-absent",
            f"{field} lacks a bit that is required",
            [requirement],
            twin,
            report(w, **{field: 0x09}),
            flags=flags,
        )
        high = b.vary(
            f"{which}-mit-63",
            f"{field} has bit 63, which is required",
            [requirement],
            b.base(w),
            report(w, **{field: 1 << 63}) | rules(**{member: "0x8000000000000000"}),
        )
        b.refuse(
            f"{which}-mit-63-absent",
            f"{field} lacks a bit that is required",
            [requirement],
            high,
            report(w, **{field: 1 << 31}),
            title=f"{field} lacks bit 63, which is required",
            boundary="bit 63, where bit 31 is set",
            flags=flags,
        )
        for version, text in ((2, "version 2"), (3, "version 3")):
            old = world("Genoa", version)
            none = b.vary(
                f"{which}-mit-none-v{version}",
                f"No bit of {field} is required of a report of {text}",
                [requirement],
                b.base(old),
                rules(**{member: 0}),
            )
            b.refuse(
                f"{which}-mit-v{version}",
                f"A bit of {field} is required of a report that has no such field",
                [requirement],
                none,
                rules(**{member: 1}),
                title=f"{field} is required of a report of {text}, which has none",
                flags=flags,
            )
        milan = world("Milan", 3)
        v4 = b.vary(
            f"{which}-mit-none-v4",
            f"No bit of {field} is required of a report of version 4",
            [requirement],
            b.base(milan),
            report(milan, VERSION=4, LAUNCH_MIT_VECTOR=1, CURRENT_MIT_VECTOR=1) | rules(**{member: 0}),
        )
        b.refuse(
            f"{which}-mit-v4",
            f"A bit of {field} is required of a report that has no such field",
            [requirement],
            v4,
            rules(**{member: 1}),
            title=f"{field} is required of a report of version 4, whose bytes there have no known meaning",
            flags=flags,
        )


def _filled(b: Book) -> None:
    """Version 3 with the vectors' bytes set: reserved bytes that are left to newer firmware, no vectors."""
    w = world("Genoa", 3)
    ones: dict[str, int | bytes] = {"LAUNCH_MIT_VECTOR": b"\xff" * 8, "CURRENT_MIT_VECTOR": b"\xff" * 8}
    for member, requirement in (("launch_mit_required", "VRF-085"), ("current_mit_required", "VRF-086")):
        word = member.split("_")[0]
        filled = b.vary(
            f"{word}-mit-filled",
            f"Version 3 with all bits of {word.upper()}_MIT_VECTOR's bytes, of which none is required",
            [requirement, "VRF-121"],
            b.base(w),
            report(w, **ones) | rules(allow_unknown_reserved=True, **{member: 0}),
        )
        b.refuse(
            f"{word}-mit-filled-required",
            f"A bit of {word.upper()}_MIT_VECTOR is required of version 3, which has its bytes set",
            [requirement],
            filled,
            rules(**{member: 1}),
            flags=["policy-mitigation-vector-v5"],
        )


def _one_vector(b: Book) -> None:
    """One of the two vectors has a bit, and the policy demands it of that one or of the other."""
    w = world("Genoa", 5)
    for has, lacks in (("launch", "current"), ("current", "launch")):
        question(
            b,
            f"{lacks}-mit-decided",
            f"{lacks.upper()}_MIT_VECTOR lacks a bit that {has.upper()}_MIT_VECTOR has",
            ["VRF-085" if lacks == "launch" else "VRF-086"],
            b.base(w),
            report(w, **{f"{lacks.upper()}_MIT_VECTOR": 0x09}),
            accept={f"{has}_mit_required": 2},
            refuse={f"{lacks}_mit_required": 2},
            flags=["policy-launch-vs-current-mit"],
        )


def _versions(b: Book) -> None:
    w = world("Genoa", 5)
    of = b.vary(
        "abi-set", "POLICY demands ABI 1.55", ["VRF-083"], b.base(w), report(w, POLICY=PLAIN | 1 << 8 | 55)
    )
    least = under(
        b,
        w,
        "abi-equal",
        "POLICY demands the least ABI that the policy takes, 1.55",
        "VRF-083",
        of=of,
        abi_min="1.55",
    )
    for name, major, minor in (("minor-above", 1, 56), ("major-above", 2, 0)):
        numbers = {"MAJOR": major, "MINOR": minor}
        firmware = {f"{which}_{part}": n for which in ("CURRENT", "COMMITTED") for part, n in numbers.items()}
        b.vary(
            f"abi-{name}",
            f"POLICY demands ABI {major}.{minor}, above 1.55, and the firmware has it",
            ["VRF-083"],
            least,
            report(w, POLICY=PLAIN | major << 8 | minor, **firmware),
            flags=["policy-abi-min"],
        )
    for name, major, minor, text in (
        ("minor-below", 1, 54, ""),
        ("minor-one-digit", 1, 9, ", above as text"),
        ("major-below", 0, 255, ", its minor above"),
    ):
        b.refuse(
            f"abi-{name}",
            "POLICY demands an ABI below the policy's",
            ["VRF-083"],
            least,
            report(w, POLICY=PLAIN | major << 8 | minor),
            title=f"POLICY demands ABI {major}.{minor}, below 1.55{text}",
            boundary=f"{major}.{minor}",
            flags=["policy-abi-min"],
        )


def _svn(b: Book) -> None:
    w = world("Genoa", 5)
    for name, svn, least, text in (
        ("equal", 7, 7, "GUEST_SVN is the least"),
        ("above", 8, 7, "GUEST_SVN is above the least"),
        ("top-bit", 0x80000000, 5, "GUEST_SVN is 0x80000000, above 5 as an unsigned number"),
        ("no-floor", 0, 0, "GUEST_SVN is 0, and so is the least"),
        ("highest", 0xFFFFFFFF, 0xFFFFFFFF, "GUEST_SVN and the least are 0xFFFFFFFF"),
    ):
        b.vary(
            f"svn-{name}",
            text,
            ["VRF-084"],
            b.base(w),
            report(w, GUEST_SVN=svn) | rules(guest_svn_min=least),
            flags=["policy-guest-svn", "2-33"],
        )
    for name, svn, least, text in (
        ("below", 6, 7, "GUEST_SVN is one below the least"),
        ("zero", 0, 1, "GUEST_SVN is 0, the least is 1"),
        ("low-byte", 0x104, 0x105, "GUEST_SVN is 0x104, the least is 0x105"),
        ("signed", 5, 0x80000000, "GUEST_SVN is 5, the least is 0x80000000"),
    ):
        twin = "svn-equal"
        if name != "below":
            twin = b.vary(
                f"svn-{name}-twin",
                f"GUEST_SVN and the least are {least:#x}",
                ["VRF-084"],
                b.base(w),
                report(w, GUEST_SVN=least) | rules(guest_svn_min=least),
            )
        b.refuse(
            f"svn-{name}",
            "GUEST_SVN is below the policy's",
            ["VRF-084"],
            twin,
            report(w, GUEST_SVN=svn),
            title=text,
            boundary=f"{svn:#x} below {least:#x}",
            flags=["policy-guest-svn"],
        )


def add(b: Book) -> None:
    _vmpl(b)
    _mitigations(b)
    _filled(b)
    _one_vector(b)
    _versions(b)
    _svn(b)
