"""How the cases of family device are made: inputs, and outputs of which the author states what matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reference.bundle import Case, Change, Family
from reference.families._device import KEPT, KEYS, NONCE, OLDER, SINCE_6_3, report_response, sealed

Step = dict[str, Any]


def answered(seqno: int = 1, payload: bytes | None = None, **more: Any) -> Step:
    """The host has the firmware answer request SEQNO."""
    return {"response": sealed(report_response() if payload is None else payload, seqno=seqno + 1, **more)}


def get_report(*host: Step, **more: Any) -> Step:
    return {"ioctl": "GET_REPORT", "user_data": NONCE.hex(), "vmpl": 0} | more | {"host": list(host)}


def get_ext(*host: Step, certs_len: int = 0x4000, **more: Any) -> Step:
    step = {"ioctl": "GET_EXT_REPORT", "user_data": NONCE.hex(), "vmpl": 0, "certs_len": certs_len}
    return step | more | {"host": list(host)}


def get_key(*host: Step, **more: Any) -> Step:
    return {"ioctl": "GET_DERIVED_KEY", "request": "00" * 32} | more | {"host": list(host)}


def keys(*indexes: int) -> dict[str, str]:
    """The VMPCKs of the secrets page; the others are 32 zero bytes."""
    return {str(index): KEYS[index].hex() for index in indexes}


def guest(kernels: list[str] = SINCE_6_3, **more: Any) -> dict[str, Any]:
    """A guest with VMPCK0 whose kernel runs at VMPL 0."""
    return {"kernels": kernels, "vmpcks": keys(0)} | more


def _holds(stated: Mapping[str, Any], seen: Mapping[str, Any], where: str) -> None:
    for name, value in stated.items():
        if seen.get(name) != value:
            raise ValueError(f"{where}: {name} is {seen.get(name)!r}, stated as {value!r}")


def _known(output: dict[str, Any], kernels: list[str]) -> dict[str, Any]:
    """OUTPUT without what the notes leave open of old drivers."""
    steps = output["steps"]
    if set(kernels) & set(OLDER):
        # AMB-103: a variable that is set by a host's error alone
        for step in steps:
            called = step.get("plain", 0) + step.get("ext", 0) > 0
            if called and step["exitinfo2"] == KEPT:
                del step["exitinfo2"]
    if "6.1.0" in kernels and any(step.get("wiped") for step in steps):
        # AMB-105: the counter after a failed request
        del output["secrets"]
        for step in steps:
            step.pop("counter", None)
    return output


def _moved(steps: list[Step], twins: list[Step]) -> Iterable[str]:
    """What is not as in the twin: steps that were added or are missing, and members of the others, as
    "1.host" of the second step."""
    same = [step.get("call") == twin.get("call") for step, twin in zip(steps, twins, strict=False)]
    at = same.index(False) if False in same else len(same)
    more, fewer = max(len(steps) - len(twins), 0), max(len(twins) - len(steps), 0)
    yield from (f"{at + index} added" for index in range(more))
    yield from (f"{at + index} missing" for index in range(fewer))
    pairs = zip(
        [*steps[:at], *steps[at + more :]],
        [*twins[:at], *twins[at + fewer :]],
        [*range(at), *range(at + more, len(steps))],
        strict=True,
    )
    for step, twin, index in pairs:
        yield from (
            f"{index}.{name}" for name in {**twin, **step} if step.get(name, ...) != twin.get(name, ...)
        )


def changes(given: Mapping[str, Any], twin: Mapping[str, Any]) -> list[Change]:
    """The members of GIVEN that are not as in its twin."""
    found: list[Change] = []
    for member in {**twin, **given}:
        if given.get(member) == twin.get(member):
            continue
        field = ", ".join(_moved(given["steps"], twin["steps"])) if member == "steps" else member
        found.append((member, field, None))
    return found


class Maker:
    """Adds cases of one op and layer."""

    def __init__(self, family: Family, op: str, layer: str) -> None:
        self.family, self.op, self.layer = family, op, layer

    def _output(self, name: str, given: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
        """All that is seen and is known, by the reference; LAST is what the author says of the last step."""
        from reference import ops

        case = Case(self.family.name, name, "", (), self.layer, dict(given), {"result": "valid"})
        output = ops.run(case).output
        _holds(last, output["steps"][-1] if output["steps"] else {}, name)
        return _known(output, given["kernels"])

    def valid(
        self,
        name: str,
        title: str,
        requirement: list[str],
        steps: Iterable[Step],
        *,
        last: Mapping[str, Any] | None = None,
        with_guest: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        given = {"op": self.op} | (with_guest or self.guest()) | {"steps": list(steps)}
        output = self._output(name, given, last or {})
        self.family.valid(name, title, requirement, self.layer, given, output, **more)

    def invalid(
        self,
        name: str,
        requirement: list[str],
        steps: Iterable[Step],
        defect: str,
        reason: str,
        *,
        twin: str,
        title: str | None = None,
        last: Mapping[str, Any] | None = None,
        with_guest: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """`changes` follows from the twin, which is added before. TITLE where it is not DEFECT."""
        given = {"op": self.op} | (with_guest or self.guest()) | {"steps": list(steps)}
        output = self._output(name, given, last or {})
        self.family.invalid(
            name,
            title or defect,
            requirement,
            self.layer,
            given,
            twin=twin,
            defect=defect,
            changes=changes(given, self._case(twin).input),
            reason=reason,
            output=output,
            **more,
        )

    def _case(self, name: str) -> Case:
        for case in self.family.cases:
            if case.id == f"{self.family.name}.{name}":
                return case
        raise ValueError(f"no case {name}")

    def guest(self) -> dict[str, Any]:
        return guest()
