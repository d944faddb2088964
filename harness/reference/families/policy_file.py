"""Family policy-file: the policy file itself. What is not in order never means "not checked"."""

from __future__ import annotations

from typing import Any

from reference.bundle import Family
from reference.families import _verify_notes
from reference.families._book import Book
from reference.families._policy_bits import report, rules
from reference.families._policy_tcb import floor
from reference.world import CSP, FIELDS, World, steps, world

TEXT = """
sevkit's own policy file (docs/verifier.md) and what is wrong with one: not for other verifiers, unless they
read this file. A policy file that is not in order is refused at the stage `policy-file`, before the report is
looked at: it never means that something is not checked.

Op `verify`: see the family `signature`. In `every-member` each member is stated and met; nearly every case
puts another value in the place of one.
"""

REQUIREMENT = ["VRF-099"]
STAGE = "policy-file"

# What is wrong with a value.
TYPE = "A value has another type"
RANGE = "A number is out of its range"
FORM = "A text has another form"
LENGTH = "A value has another length"
EMPTY = "A value is empty"
CHOICE = "A name is none of those that there are"
PART = "A floor has other components"

# Member, then: name, wrong value, defect, title.
Wrong = tuple[str, Any, str, str]
VALUES: tuple[tuple[str, tuple[Wrong, ...]], ...] = (
    (
        "allow_debug",
        (
            ("number", 1, TYPE, "allow_debug is the number 1"),
            ("text", "false", TYPE, "allow_debug is the text false"),
        ),
    ),
    (
        "report_version_min",
        (
            ("one", 1, RANGE, "report_version_min is 1"),
            ("six", 6, RANGE, "report_version_min is 6"),
        ),
    ),
    (
        "vmpl_max",
        (
            ("four", 4, RANGE, "vmpl_max is 4"),
            ("negative", -1, RANGE, "vmpl_max is -1"),
            ("text", "3", TYPE, "vmpl_max is a text"),
            ("fraction", 0.5, TYPE, "vmpl_max is 0.5"),
            ("true", True, TYPE, "vmpl_max is true"),
        ),
    ),
    (
        "guest_svn_min",
        (
            ("too-large", 1 << 32, RANGE, "guest_svn_min is 2^32"),
            ("negative", -1, RANGE, "guest_svn_min is -1"),
            ("list", [7], TYPE, "guest_svn_min is a list"),
        ),
    ),
    (
        "platform_required",
        (
            ("decimal", "32", FORM, "platform_required is a decimal number as text"),
            ("empty", "", EMPTY, "platform_required is an empty text"),
            ("bare", "0x", FORM, "platform_required is 0x without digits"),
            ("long", "0x10000000000000000", RANGE, "platform_required has 17 digits"),
            ("digits", "0x2g", FORM, "platform_required has a digit that is none"),
            ("negative", -1, RANGE, "platform_required is -1"),
        ),
    ),
    ("platform_forbidden", (("decimal", "2", FORM, "platform_forbidden is a decimal number as text"),)),
    ("launch_mit_required", (("true", True, TYPE, "launch_mit_required is true"),)),
    ("current_mit_required", (("empty", "", EMPTY, "current_mit_required is an empty text"),)),
    (
        "abi_min",
        (
            ("one", "1", FORM, "abi_min is one number"),
            ("three", "0.0.0", FORM, "abi_min is three numbers"),
            ("number", 1.55, TYPE, "abi_min is a number"),
            ("large", "0.256", RANGE, "abi_min has a number above 255"),
            ("empty", "", EMPTY, "abi_min is empty"),
            ("hex", "0x0.0", FORM, "abi_min is hexadecimal"),
        ),
    ),
    (
        "firmware_min",
        (
            ("two", "1.55", FORM, "firmware_min is two numbers"),
            ("four", "1.55.49.0", FORM, "firmware_min is four numbers"),
            ("large", "1.55.256", RANGE, "firmware_min has a number above 255"),
            ("gap", "1..49", FORM, "firmware_min lacks a number"),
            ("text", "1.55.x", FORM, "firmware_min has a letter"),
            ("space", "1.55.49 ", FORM, "firmware_min ends in a space"),
        ),
    ),
    (
        "report_data",
        (
            ("empty", "", EMPTY, "report_data is empty"),
            ("short", "00" * 63, LENGTH, "report_data is a byte short"),
            ("long", "00" * 65, LENGTH, "report_data is a byte long"),
            ("half", "00" * 32, LENGTH, "report_data is 32 bytes"),
        ),
    ),
    (
        "measurement",
        (
            ("empty", "", EMPTY, "measurement is empty"),
            ("short", "a0" * 47, LENGTH, "measurement is a byte short"),
            ("half", "a0" * 32, LENGTH, "measurement is 32 bytes"),
            ("long", "a0" * 49, LENGTH, "measurement is a byte long"),
            ("odd", "a0" * 47 + "a", LENGTH, "measurement has an odd number of digits"),
            ("digits", "a0" * 47 + "ag", FORM, "measurement has a digit that is none"),
            ("prefix", "0x" + "a0" * 47, FORM, "measurement begins with 0x"),
            ("space", "a0" * 47 + "a ", FORM, "measurement ends in a space"),
            ("list", [], TYPE, "measurement is an empty list"),
            ("number", 0, TYPE, "measurement is a number"),
            ("base64", "oKCg" * 16, FORM, "measurement is base64"),
        ),
    ),
    (
        "host_data",
        (
            ("empty", "", EMPTY, "host_data is empty"),
            ("long", "70" * 48, LENGTH, "host_data is a digest of 48 bytes"),
        ),
    ),
    (
        "id_key_digest",
        (
            ("empty", "", EMPTY, "id_key_digest is empty"),
            ("short", "d0" * 32, LENGTH, "id_key_digest is 32 bytes"),
        ),
    ),
    ("author_key_digest", (("empty", "", EMPTY, "author_key_digest is empty"),)),
    (
        "chip_id",
        (("empty", "", EMPTY, "chip_id is empty"), ("short", "c1" * 8, LENGTH, "chip_id is 8 bytes")),
    ),
    ("report_id", (("empty", "", EMPTY, "report_id is empty"),)),
    ("report_id_ma", (("empty", "", EMPTY, "report_id_ma is empty"),)),
    (
        "family_id",
        (("empty", "", EMPTY, "family_id is empty"), ("long", "10" * 17, LENGTH, "family_id is a byte long")),
    ),
    ("image_id", (("empty", "", EMPTY, "image_id is empty"),)),
    (
        "product",
        (
            ("case", "genoa", CHOICE, "product is not spelled as it has to be"),
            ("stepping", "Genoa-B1", CHOICE, "product has a stepping"),
            ("unknown", "Venice", CHOICE, "product is no line that is known"),
            ("empty", "", EMPTY, "product is empty"),
            ("chip", "Bergamo", CHOICE, "product is a chip's name"),
        ),
    ),
    (
        "csp_id",
        (("empty", "", EMPTY, "csp_id is empty"), ("list", [CSP], TYPE, "csp_id is a list")),
    ),
)

# Name, the file's text, defect, title.
JSON, OBJECT, MEMBER = "The file is no JSON", "The file is no object", "A member is not known"
TWICE = "A member is given twice"
TEXTS = (
    ("unknown", '{"allow_debug": true, "measurment": "00"}', MEMBER, "A misspelling"),
    ("unknown-case", '{"Allow_debug": true}', MEMBER, "A member with a capital"),
    ("twice", '{"allow_debug": true, "allow_debug": false}', TWICE, "A member twice, with two values"),
    ("twice-alike", '{"allow_debug": true, "allow_debug": true}', TWICE, "A member twice, with one value"),
    (
        "twice-inside",
        '{"tcb_min": {"fmc": 0, "boot_loader": 0, "tee": 0, "snp": 99, "microcode": 0, "snp": 0}}',
        TWICE,
        "A component of a floor twice",
    ),
    ("null", '{"measurement": null}', TYPE, "measurement is null"),
    ("null-flag", '{"allow_debug": null}', TYPE, "allow_debug is null"),
    ("empty", "", JSON, "The file is empty"),
    ("list", "[]", OBJECT, "The file is a list"),
    ("word", "null", OBJECT, "The file is null"),
    ("string", '"allow_debug"', OBJECT, "The file is a string"),
    ("cut", '{"allow_debug": tru', JSON, "The file is cut off"),
    ("behind", '{"allow_debug": true} x', JSON, "Something stands behind the object"),
    ("two", '{"allow_debug": true}{"allow_debug": false}', JSON, "The file is two objects"),
    ("comma", '{"allow_debug": true,}', JSON, "A comma stands before the end"),
    ("quotes", "{'allow_debug': true}", JSON, "The quotes are single ones"),
    ("bare", "{allow_debug: true}", JSON, "A member's name has no quotes"),
    ("comment", '{"allow_debug": true} // allowed', JSON, "A comment stands behind the object"),
    ("nan", '{"vmpl_max": NaN}', JSON, "A number is NaN"),
)


def _every(w: World, given: bytes) -> dict[str, Any]:
    """A policy that states every member, and that GIVEN meets."""
    fields = (
        *("report_data", "measurement", "host_data", "family_id", "image_id", "report_id", "report_id_ma"),
        *("chip_id", "id_key_digest", "author_key_digest"),
    )
    places = {name: FIELDS[name.upper()] for name in fields}
    return {
        "future_versions": False,
        "report_version_min": 2,
        "allow_long_report": False,
        "allow_unknown_reserved": False,
        "allow_unknown_product": False,
        "allow_debug": False,
        "allow_migration_agent": False,
        "allow_smt": True,
        "require_single_socket": False,
        "allow_unknown_policy": False,
        "allow_unknown_platform": False,
        "allow_host_report": False,
        "allow_provisional": False,
        "allow_masked_chip_id": False,
        "allow_mask_chip_key": False,
        "require_revocation": False,
        "vmpl_max": 3,
        "guest_svn_min": 7,
        "platform_required": "0x20",
        "platform_forbidden": "0x2",
        "launch_mit_required": "0x1",
        "current_mit_required": 1,
        "abi_min": "0.0",
        "firmware_min": "1.55.49",
        "tcb_min": floor(w),
        "launch_tcb_min": floor(w),
        "csp_id": CSP,
        "product": w.product,
    } | {name: given[at : at + size].hex() for name, (at, size) in places.items()}


def _refuse(
    b: Book, name: str, defect: str, title: str, of: str, member: str, wrong: Any, *flags: str
) -> None:
    b.refuse(
        name,
        defect,
        REQUIREMENT,
        of,
        {member: (wrong, "", None)},
        title=title,
        boundary=title,
        flags=flags,
    )


def _flags(defect: str) -> tuple[str, ...]:
    """The mistakes that a value of this kind is made for."""
    return {EMPTY: ("bind-empty-expected-skips", "2-08"), LENGTH: ("bind-expected-truncated",)}.get(
        defect, ()
    )


def _values(b: Book, of: str) -> None:
    for member, wrong in VALUES:
        for name, value, defect, title in wrong:
            word = f"{member.replace('_', '-')}-{name}"
            _refuse(b, word, defect, title, of, f"policy.{member}", value, *_flags(defect))


def _floors(b: Book, of: str, w: World) -> None:
    good = floor(w)
    rows: tuple[Wrong, ...] = (
        ("empty", {}, PART, "is an empty object"),
        ("no-microcode", {k: v for k, v in good.items() if k != "microcode"}, PART, "lacks microcode"),
        ("no-fmc", {k: v for k, v in good.items() if k != "fmc"}, PART, "lacks fmc"),
        ("more", good | {"spl_4": 0}, PART, "has a component that there is not"),
        ("large", good | {"snp": 256}, RANGE, "has a component of 256"),
        ("negative", good | {"tee": -1}, RANGE, "has a component of -1"),
        ("text", good | {"snp": "23"}, TYPE, "has a component as text"),
        ("raw", "0a00000000001754", TYPE, "is the bytes of a TCB_VERSION"),
        ("list", list(good.values()), TYPE, "is a list"),
    )
    for member in ("tcb_min", "launch_tcb_min"):
        for name, wrong, defect, text in rows if member == "tcb_min" else rows[:2]:
            flags = ["tcb-empty-floor"] if name in ("empty", "no-microcode", "no-fmc") else []
            word = f"{member.replace('_', '-')}-{name}"
            _refuse(b, word, defect, f"{member} {text}", of, f"policy.{member}", wrong, *flags)


def _texts(b: Book, w: World) -> None:
    def text(name: str, title: str, value: str) -> str:
        return b.vary(name, title, REQUIREMENT, b.base(w), {"policy_text": (value, "", None)})

    twin = text("text", "A policy file with one member", '{"allow_debug": true}')
    text("text-spaces", "White space around members and the object", ' {\n\t"allow_debug" : true }\n')
    text("text-nothing", "A policy file without members: everything as by default", "{}")
    for name, value, defect, title in TEXTS:
        flags = ["2-08"] if name in ("null", "empty") else []
        _refuse(b, f"text-{name}", defect, title, twin, "policy_text", value, *flags)


def build() -> Family:
    f = Family("policy-file", "The policy file itself", TEXT)
    b = Book(f, stage=STAGE)
    w = world("Genoa", 5, "vlek")
    change = report(w, KEY_INFO=5, AUTHOR_KEY_DIGEST=steps(0x40, 48))
    title = "A policy that states every member, and a report that meets it"
    every = b.vary(
        "every-member", title, REQUIREMENT, b.base(w), change | rules(**_every(w, change["report"][0]))
    )
    _values(b, every)
    _floors(b, every, w)
    _texts(b, world("Genoa", 5))
    return _verify_notes.add(f)
