"""What the families of op `verify` share: base cases, and a case as a change of one that stands already."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from reference.bundle import Family
from reference.world import World

# What a chain in which nothing is wrong shows: rules of the verifier, of each, and of a kind of leaf.
CHAIN = "VRF-022 VRF-026 VRF-027 VRF-028 VRF-029 VRF-030 VRF-032 VRF-035 VRF-036 VRF-037 VRF-105 VRF-106"
EXTENSIONS = "VRF-059 VRF-107 VRF-108 VRF-109 VRF-110 VRF-111"
CERTIFICATES = "003 006 008 011 013 015 018 019 021 022 023 028 030"
LEAF = {"vcek": "VRF-053 VRF-055 SNP-CERT-029 SNP-CERT-031", "vlek": "VRF-054 SNP-CERT-032"}
LIST = "VRF-042 VRF-043 VRF-045 VRF-046 VRF-047 VRF-048 SNP-CERT-034"

# The new value of a member of input (None: taken out), the field in it, the key that signed anew.
Change = tuple[Any, str, str | None]
Changes = Mapping[str, Change]


class Book:
    """A family whose cases are of one op and, refused, of one stage."""

    def __init__(self, family: Family, *, stage: str, layer: str = "") -> None:
        self.family = family
        self.stage = stage
        self.layer = layer or stage
        self.inputs: dict[str, dict[str, Any]] = {}
        self.worlds: dict[str, World] = {}

    def base(self, w: World, *, crl: bool = False, **more: Any) -> str:
        """The case in which nothing is wrong, made on first use, with MORE."""
        name = f"base-{w.name.lower()}-v{w.version}-{w.kind}" + ("-crl" if crl else "")
        if name not in self.inputs:
            self._blobs(w, crl)
            title = f"{w.name}, report version {w.version}, {w.kind.upper()}"
            title += ", with a CRL" if crl else ""
            source = w.input(crl=w.crl) if crl else w.input()
            self.accept(name, title, LIST.split() if crl else shown(w), w, source, **more)
        return name

    def known_anchor(self, w: World) -> str:
        """W without a root: the ARK that comes with the chain counts by its key. Made on first use."""
        name = "known-anchor"
        if name not in self.inputs:
            title = "Without a given root the published test ARK is known by its key"
            self.vary(name, title, ["VRF-023"], self.base(w), {"roots": (None, "roots", None)})
        return name

    def _blobs(self, w: World, crl: bool) -> None:
        line = w.product.lower()
        self.family.blob(f"report-{w.name.lower()}-v{w.version}-{w.kind}", w.report)
        self.family.blob(f"{w.kind}-{w.name.lower()}-v{w.version}", w.certs[w.kind])
        self.family.blob(f"{w.ca_kind}-{line}", w.certs[w.ca_kind])
        self.family.blob(f"ark-{line}", w.certs["ark"])
        if crl:
            self.family.blob(f"crl-{line}", w.crl)

    def accept(
        self,
        name: str,
        title: str,
        requirement: Iterable[str],
        w: World,
        source: Mapping[str, Any],
        **more: Any,
    ) -> str:
        """A case that must be accepted, with SOURCE as its input."""
        more = self._known(name, w, source) | more
        return self.family.valid(name, title, requirement, more.pop("layer"), source, **more)

    def vary(
        self, name: str, title: str, requirement: Iterable[str], of: str, changes: Changes, **more: Any
    ) -> str:
        """A case that must be accepted: OF with CHANGES."""
        source = self._changed(of, changes)
        return self.accept(name, title, requirement, self.worlds[of], source, **more)

    def refuse(
        self, name: str, defect: str, requirement: Iterable[str], of: str, changes: Changes, **more: Any
    ) -> str:
        """A case that must be refused: OF with CHANGES, which are the defect."""
        source = self._changed(of, changes)
        more = {"stage": self.stage, "title": defect} | self._known(name, self.worlds[of], source) | more
        title, layer = more.pop("title"), more.pop("layer")
        named = [(member, field, signer) for member, (_, field, signer) in changes.items()]
        return self.family.invalid(
            name, title, requirement, layer, source, twin=of, defect=defect, changes=named, **more
        )

    def decide(
        self,
        name: str,
        title: str,
        requirement: Iterable[str],
        of: str,
        changes: Changes,
        *,
        stage: str,
        accept: Mapping[str, Any],
        refuse: Mapping[str, Any],
        **more: Any,
    ) -> str:
        """A case that the policy decides: OF with CHANGES under either option."""
        source = self._changed(of, changes)
        more = self._known(name, self.worlds[of], source) | more
        layer = more.pop("layer")
        return self.family.policy(
            name, title, requirement, layer, source, stage=stage, accept=accept, refuse=refuse, **more
        )

    def _known(self, name: str, w: World, source: Mapping[str, Any]) -> dict[str, Any]:
        self.inputs[name] = dict(source)
        self.worlds[name] = w
        report = source["report"]
        version = int.from_bytes(report[:4], "little") if len(report) == 0x4A0 else w.version
        return {"layer": self.layer, "product": w.product, "version": version}

    def _changed(self, of: str, changes: Changes) -> dict[str, Any]:
        source = copy.deepcopy(self.inputs[of])
        for member, (value, _, _) in changes.items():
            *path, last = member.split(".")
            place = source
            for step in path:
                place = place.setdefault(step, {})
            if value is None:
                del place[last]
            else:
                place[last] = value
        return source


def shown(w: World) -> list[str]:
    """The requirements that W's base shows, that of a genuine chain first."""
    order = "027" if w.kind == "vcek" and w.product == "Turin" else "026"
    certificates = [f"SNP-CERT-{number}" for number in (*CERTIFICATES.split(), order)]
    return ["VRF-039", *CHAIN.split(), *EXTENSIONS.split(), *certificates, *LEAF[w.kind].split()]


def new_root(ark: bytes, field: str, signer: str | None = "ark") -> dict[str, Change]:
    """The changes for an ARK that is exchanged in the chain and as the anchor."""
    return {"certs.ark": (ark, field, signer), "roots": ([ark], field, signer)}
