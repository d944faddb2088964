"""Family chain: validity."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reference import der, mint
from reference.families._book import Book
from reference.families._chain_profile import called, exchanged
from reference.pss import FORM_A
from reference.world import NOT_BEFORE, World, world

UTC = der.utc_time


def leaf_edges(b: Book) -> None:
    for w in (world("Genoa", 3), world("Turin", 5), world("Milan", 3, "vlek")):
        slot, name = w.kind, f"{w.kind}-{w.product.lower()}"
        last = mint.years_later(NOT_BEFORE, 7 if slot == "vcek" else 1)
        start = b.vary(
            f"{name}-first-second",
            f"{w.product}: the first second of the {slot.upper()}",
            ["VRF-033"],
            b.base(w),
            {"at": (NOT_BEFORE, "at", None)},
            flags=["fresh-time-edge"],
        )
        b.refuse(
            f"{name}-second-before",
            f"The time is one second before the {slot.upper()}'s notBefore",
            ["VRF-033"],
            start,
            {"at": ("2025-12-30T23:59:59Z", "at", None)},
            flags=["chain-expired-leaf"],
        )
        end = b.vary(
            f"{name}-last-second",
            f"{w.product}: the last second of the {slot.upper()}",
            ["VRF-033"],
            b.base(w),
            {"at": (last, "at", None)},
            flags=["fresh-time-edge"] + (["fresh-vlek-one-year"] if slot == "vlek" else []),
        )
        b.refuse(
            f"{name}-second-after",
            f"The time is one second after the {slot.upper()}'s notAfter",
            ["VRF-033"],
            end,
            {"at": (last.replace("00:00:00", "00:00:01"), "at", None)},
            flags=["chain-expired-leaf", "fresh-vlek-one-year" if slot == "vlek" else "2-16"],
        )
    w = world("Genoa", 3)
    expired = w.leaf(not_before=UTC("2018-01-01T00:00:00Z"), not_after=UTC("2025-01-01T00:00:00Z"))
    b.refuse(
        "vcek-expired-a-year-ago",
        "The VCEK expired a year ago",
        ["VRF-033"],
        b.base(w),
        exchanged("vcek", expired, "validity"),
        flags=["chain-expired-leaf"],
    )
    turned = w.leaf(not_before=w.leaf().not_after, not_after=w.leaf().not_before)
    b.refuse(
        "vcek-dates-swapped",
        "The VCEK's notBefore and notAfter are swapped",
        ["VRF-033"],
        b.base(w),
        exchanged("vcek", turned, "validity"),
    )


def long_leaf(w: World) -> bytes:
    """A leaf that is valid before and after every CA."""
    return w.leaf(
        not_before=UTC("2010-01-01T00:00:00Z"), not_after=UTC("2049-12-31T23:59:59Z"), algorithm=FORM_A
    ).der()


def ca_edges(b: Book) -> None:
    """At the edges of ASK and ARK, under leaves and, for the ARK, CAs that last longer."""
    flags = ["chain-ca-dates-unchecked"]
    for w in (world("Genoa", 3), world("Milan", 3, "vlek")):
        slot, kind = w.ca_kind, w.kind
        first = mint.NOT_BEFORE[slot][w.product]
        # The ARK of Genoa ends before its ASK does: a shorter ASK shows its own end.
        last = "2040-05-06T07:08:09Z"
        ca = w.ca(not_after=UTC(last)).der()
        source = w.input(**{kind: long_leaf(w), slot: ca})
        for name, edge, beyond, which, flag in (
            ("first", first, _second(first, -1), "before", "chain-expired-ask"),
            ("last", last, _second(last, 1), "after", "chain-expired-ask"),
        ):
            good = b.accept(
                f"{slot}-{name}-second",
                f"The {name} second of the {slot.upper()}, under a leaf that lasts longer",
                ["VRF-034"],
                w,
                source | {"at": edge},
            )
            b.refuse(
                f"{slot}-second-{which}",
                f"The time is one second {which} the {slot.upper()}'s validity",
                ["VRF-034"],
                good,
                {"at": (beyond, "at", None)},
                flags=[flag, *flags],
            )
    w = world("Genoa", 3)
    long_ask = w.ca(not_before=UTC("2010-01-01T00:00:00Z"), not_after=UTC("2049-12-31T23:59:59Z")).der()
    source = w.input(vcek=long_leaf(w), ask=long_ask)
    first = mint.NOT_BEFORE["ark"]["Genoa"]
    last = mint.years_later(first, 25)
    for name, edge, beyond, which in (
        ("first", first, _second(first, -1), "before"),
        ("last", last, _second(last, 1), "after"),
    ):
        good = b.accept(
            f"ark-{name}-second",
            f"The {name} second of the ARK, a given root, under certificates that last longer",
            ["VRF-034"],
            w,
            source | {"at": edge},
        )
        b.refuse(
            f"ark-second-{which}",
            f"The time is one second {which} the validity of the ARK, a given root",
            ["VRF-034"],
            good,
            {"at": (beyond, "at", None)},
            flags=flags,
        )


def _second(iso: str, by: int) -> str:

    return (der.moment(iso) + timedelta(seconds=by)).strftime("%Y-%m-%dT%H:%M:%SZ")


def forms(b: Book) -> None:
    """Times that are no DER times, or no times at all; read with good will the VCEK is valid."""
    w = world("Genoa", 3)
    base = b.base(w)
    no_date = "a notAfter of digits that are no date"
    for name, what, tag, text in (
        ("no-seconds", "a notAfter without seconds", der.UTC_TIME, "3212310000Z"),
        ("offset", "a notAfter with an offset in place of Z", der.UTC_TIME, "321231000000+0000"),
        ("no-zone", "a notAfter without a zone", der.UTC_TIME, "321231000000"),
        ("fraction", "a notAfter with fractional seconds", der.GENERALIZED_TIME, "20501231000000.5Z"),
        ("month-13", "a notAfter in month 13", der.UTC_TIME, "321331000000Z"),
        ("day-0", "a notAfter on day 0", der.UTC_TIME, "321200000000Z"),
        ("february-30", "a notAfter on 30 February", der.UTC_TIME, "320230000000Z"),
        ("february-29", "a notAfter on 29 February of a common year", der.UTC_TIME, "330229000000Z"),
        ("hour-24", "a notAfter at hour 24", der.UTC_TIME, "321231240000Z"),
        ("second-60", "a notAfter at second 60", der.UTC_TIME, "321231235960Z"),
        ("letters", "a notAfter that is text", der.UTC_TIME, "never, sorry!"),
        ("empty", "an empty notAfter", der.UTC_TIME, ""),
        ("string", "a notAfter that is a PrintableString", der.PRINTABLE, "321231000000Z"),
        ("year-4-in-utc", "a UTCTime with a year of four digits", der.UTC_TIME, "20321231000000Z"),
        (
            "year-2-in-generalized",
            "a GeneralizedTime with a year of two digits",
            der.GENERALIZED_TIME,
            "321231000000Z",
        ),
    ):
        made = replace(w.leaf(), not_after=der.tlv(tag, text.encode()))
        digits = name.startswith(("month", "day", "february", "hour", "second"))
        b.refuse(
            f"time-{name}",
            f"{called('vcek')} has {no_date if digits else what}",
            ["VRF-040"],
            base,
            exchanged("vcek", made, "notAfter"),
            title=f"{called('vcek')} has {what}",
            boundary=what if digits else None,
        )


def add(b: Book) -> None:
    leaf_edges(b)
    ca_edges(b)
    forms(b)
