"""Cases of the family policy about the policy file itself: what is not in order never means "not checked"."""

from __future__ import annotations

from typing import Any

from reference.families._book import Book
from reference.families._policy_bits import rules, under
from reference.families._policy_expected import with_author
from reference.families._policy_tcb import floor
from reference.world import CSP, FIELDS, World, world

STAGE = "policy-file"
REQUIREMENT = ["VRF-099"]

# Member, good value, then: name, bad value, defect.
Bad = tuple[str, Any, str]
VALUES: tuple[tuple[str, Any, tuple[Bad, ...]], ...] = (
    (
        "allow_debug",
        False,
        (
            ("number", 1, "allow_debug is the number 1"),
            ("text", "false", "allow_debug is the text false"),
        ),
    ),
    (
        "vmpl_max",
        3,
        (
            ("four", 4, "vmpl_max is 4"),
            ("negative", -1, "vmpl_max is -1"),
            ("text", "3", "vmpl_max is a text"),
            ("fraction", 0.5, "vmpl_max is 0.5"),
            ("true", True, "vmpl_max is true"),
        ),
    ),
    (
        "guest_svn_min",
        7,
        (
            ("too-large", 1 << 32, "guest_svn_min is 2^32"),
            ("negative", -1, "guest_svn_min is -1"),
            ("list", [7], "guest_svn_min is a list"),
        ),
    ),
    (
        "platform_required",
        "0x20",
        (
            ("decimal", "32", "platform_required is a decimal number as text"),
            ("empty", "", "platform_required is an empty text"),
            ("bare", "0x", "platform_required is 0x without digits"),
            ("long", "0x10000000000000000", "platform_required has 17 digits"),
            ("digits", "0x2g", "platform_required has a digit that is none"),
            ("negative", -1, "platform_required is -1"),
        ),
    ),
    ("platform_forbidden", "0x2", (("decimal", "2", "platform_forbidden is a decimal number as text"),)),
    ("launch_mit_required", "0x1", (("true", True, "launch_mit_required is true"),)),
    ("current_mit_required", "0x1", (("empty", "", "current_mit_required is an empty text"),)),
    (
        "abi_min",
        "0.0",
        (
            ("one", "1", "abi_min is one number"),
            ("three", "0.0.0", "abi_min is three numbers"),
            ("number", 1.55, "abi_min is a number"),
            ("large", "0.256", "abi_min has a number above 255"),
            ("empty", "", "abi_min is empty"),
            ("hex", "0x0.0", "abi_min is hexadecimal"),
        ),
    ),
    (
        "firmware_min",
        "1.55.49",
        (
            ("two", "1.55", "firmware_min is two numbers"),
            ("four", "1.55.49.0", "firmware_min is four numbers"),
            ("large", "1.55.256", "firmware_min has a number above 255"),
            ("gap", "1..49", "firmware_min lacks a number"),
            ("text", "1.55.x", "firmware_min has a letter"),
            ("space", "1.55.49 ", "firmware_min ends in a space"),
        ),
    ),
    (
        "report_data",
        None,
        (
            ("empty", "", "report_data is empty"),
            ("short", "00" * 63, "report_data is a byte short"),
            ("long", "00" * 65, "report_data is a byte long"),
            ("half", "00" * 32, "report_data is 32 bytes"),
        ),
    ),
    (
        "measurement",
        None,
        (
            ("empty", "", "measurement is empty"),
            ("short", "a0" * 47, "measurement is a byte short"),
            ("half", "a0" * 32, "measurement is 32 bytes"),
            ("long", "a0" * 49, "measurement is a byte long"),
            ("odd", "a0" * 47 + "a", "measurement has an odd number of digits"),
            ("digits", "a0" * 47 + "ag", "measurement has a digit that is none"),
            ("prefix", "0x" + "a0" * 47, "measurement begins with 0x"),
            ("space", "a0" * 47 + "a ", "measurement ends in a space"),
            ("list", [], "measurement is an empty list"),
            ("number", 0, "measurement is a number"),
            ("base64", "oKCg" * 16, "measurement is base64"),
        ),
    ),
    (
        "host_data",
        None,
        (
            ("empty", "", "host_data is empty"),
            ("long", "70" * 48, "host_data is a digest of 48 bytes"),
        ),
    ),
    (
        "id_key_digest",
        None,
        (("empty", "", "id_key_digest is empty"), ("short", "d0" * 32, "id_key_digest is 32 bytes")),
    ),
    ("author_key_digest", None, (("empty", "", "author_key_digest is empty"),)),
    ("chip_id", None, (("empty", "", "chip_id is empty"), ("short", "c1" * 8, "chip_id is 8 bytes"))),
    ("report_id", None, (("empty", "", "report_id is empty"),)),
    ("report_id_ma", None, (("empty", "", "report_id_ma is empty"),)),
    (
        "family_id",
        None,
        (("empty", "", "family_id is empty"), ("long", "10" * 17, "family_id is a byte long")),
    ),
    ("image_id", None, (("empty", "", "image_id is empty"),)),
    (
        "product",
        "Genoa",
        (
            ("case", "genoa", "product is not spelled as it has to be"),
            ("stepping", "Genoa-B1", "product has a stepping"),
            ("unknown", "Venice", "product is no line that is known"),
            ("empty", "", "product is empty"),
            ("chip", "Bergamo", "product is a chip's name"),
        ),
    ),
)


EMPTY: tuple[Any, ...] = ("", [])


def _refuse(b: Book, name: str, defect: str, twin: str, member: str, wrong: Any, *flags: str) -> None:
    change = {member: (wrong, "", None)}
    b.refuse(name, defect, REQUIREMENT, twin, change, stage=STAGE, layer=STAGE, flags=flags)


def _values(b: Book, w: World) -> None:
    for member, good, bad in VALUES:
        word = member.replace("_", "-")
        of = with_author(b, w) if member == "author_key_digest" else b.base(w)
        if good is None:
            start, size = FIELDS[member.upper()]
            good = b.inputs[of]["report"][start : start + size].hex()
        twin = under(b, w, f"file-{word}", f"{member} is in order", "VRF-099", of=of, **{member: good})
        for name, wrong, defect in bad:
            flags = ["bind-expected-truncated"] if name in ("short", "long", "half") else []
            if wrong in EMPTY:
                flags = ["bind-empty-expected-skips", "2-08"]
            _refuse(b, f"file-{word}-{name}", defect, twin, f"policy.{member}", wrong, *flags)


def _csp(b: Book) -> None:
    w = world("Milan", 3, "vlek")
    twin = under(b, w, "file-csp-id", "csp_id is in order", "VRF-099", csp_id=CSP)
    _refuse(
        b,
        "file-csp-id-empty",
        "csp_id is empty",
        twin,
        "policy.csp_id",
        "",
        "bind-empty-expected-skips",
        "2-08",
    )
    _refuse(b, "file-csp-id-list", "csp_id is a list", twin, "policy.csp_id", [CSP])


def _floors(b: Book, w: World) -> None:
    for member in ("tcb_min", "launch_tcb_min"):
        word = member.replace("_", "-")
        good = floor(w)
        twin = b.vary(
            f"file-{word}", f"{member} is in order", REQUIREMENT, b.base(w), rules(**{member: good})
        )
        rows: tuple[tuple[str, Any, str], ...] = (
            ("empty", {}, "is an empty object"),
            ("no-microcode", {k: v for k, v in good.items() if k != "microcode"}, "lacks microcode"),
            ("no-fmc", {k: v for k, v in good.items() if k != "fmc"}, "lacks fmc"),
            ("more", good | {"spl_4": 0}, "has a component that there is not"),
            ("large", good | {"snp": 256}, "has a component of 256"),
            ("negative", good | {"tee": -1}, "has a component of -1"),
            ("text", good | {"snp": "23"}, "has a component as text"),
            ("raw", "0a00000000001754", "is the bytes of a TCB_VERSION"),
            ("list", list(good.values()), "is a list"),
        )
        for name, wrong, text in rows if member == "tcb_min" else rows[:2]:
            flags = ["tcb-empty-floor"] if name in ("empty", "no-microcode", "no-fmc") else []
            _refuse(b, f"file-{word}-{name}", f"{member} {text}", twin, f"policy.{member}", wrong, *flags)


TEXTS = (
    ("unknown", '{"allow_debug": true, "measurment": "00"}', "A member is not known: a misspelling"),
    ("unknown-case", '{"Allow_debug": true}', "A member is not known: another spelling"),
    ("twice", '{"allow_debug": true, "allow_debug": false}', "A member is given twice, with two values"),
    ("twice-alike", '{"allow_debug": true, "allow_debug": true}', "A member is given twice, with one value"),
    (
        "twice-inside",
        '{"tcb_min": {"fmc": 0, "boot_loader": 0, "tee": 0, "snp": 99, "microcode": 0, "snp": 0}}',
        "A component of a floor is given twice",
    ),
    ("null", '{"measurement": null}', "measurement is null"),
    ("null-flag", '{"allow_debug": null}', "allow_debug is null"),
    ("empty", "", "The file is empty"),
    ("list", "[]", "The file is a list"),
    ("word", "null", "The file is null"),
    ("string", '"allow_debug"', "The file is a string"),
    ("cut", '{"allow_debug": tru', "The file is cut off"),
    ("behind", '{"allow_debug": true} x', "Something stands behind the object"),
    ("two", '{"allow_debug": true}{"allow_debug": false}', "The file is two objects"),
    ("comma", '{"allow_debug": true,}', "A comma stands before the end"),
    ("quotes", "{'allow_debug': true}", "The quotes are single ones"),
    ("bare", "{allow_debug: true}", "A member's name has no quotes"),
    ("comment", '{"allow_debug": true} // allowed', "A comment stands behind the object"),
    ("nan", '{"vmpl_max": NaN}', "A number is NaN"),
)


def _texts(b: Book, w: World) -> None:
    def text(name: str, title: str, value: str) -> str:
        return b.vary(name, title, REQUIREMENT, b.base(w), {"policy_text": (value, "", None)}, layer=STAGE)

    twin = text("file-text", "A policy file with one member", '{"allow_debug": true}')
    text("file-text-spaces", "White space around members and the object", ' {\n\t"allow_debug" : true }\n')
    text("file-text-nothing", "A policy file without members: everything as by default", "{}")
    for name, value, defect in TEXTS:
        flags = ["2-08"] if name in ("null", "empty") else []
        _refuse(b, f"file-text-{name}", defect, twin, "policy_text", value, *flags)


def add(b: Book) -> None:
    w = world("Genoa", 5)
    _values(b, w)
    _csp(b)
    _floors(b, w)
    _texts(b, w)
