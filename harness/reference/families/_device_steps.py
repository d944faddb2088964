"""How the cases of family device are made: inputs, and outputs of which the author states what matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reference.bundle import Case, Change, Family
from reference.families._device import KEYS, NONCE, SINCE_6_3, report_response, sealed

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


class Maker:
    """Adds cases of one op and layer."""

    def __init__(self, family: Family, op: str, layer: str) -> None:
        self.family, self.op, self.layer = family, op, layer

    def _output(self, name: str, given: Mapping[str, Any], last: Mapping[str, Any]) -> dict[str, Any]:
        """All that is to be seen, by the reference; LAST is what the author says of the last step."""
        from reference import ops

        case = Case(self.family.name, name, "", (), self.layer, dict(given), {"result": "valid"})
        output = ops.run(case).output
        _holds(last, output["steps"][-1] if output["steps"] else {}, name)
        return output

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
        change: Change | str,
        *,
        twin: str,
        last: Mapping[str, Any] | None = None,
        with_guest: dict[str, Any] | None = None,
        changes: Iterable[Change] = (),
        **more: Any,
    ) -> None:
        """CHANGE: the field of steps that is changed, or the whole change."""
        given = {"op": self.op} | (with_guest or self.guest()) | {"steps": list(steps)}
        output = self._output(name, given, last or {})
        first = ("steps", change, None) if isinstance(change, str) else change
        self.family.invalid(
            name,
            defect,
            requirement,
            self.layer,
            given,
            twin=twin,
            defect=defect,
            changes=[first, *changes],
            reason=reason,
            output=output,
            **more,
        )

    def guest(self) -> dict[str, Any]:
        return guest()
