"""That nothing but its defect refuses a verify case: without the check of its stage it is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from reference import ops, verify
from reference.__main__ import CASES
from reference.bundle import Case, read
from reference.check import with_policy

# The function of reference/verify.py that is a stage alone: parse, version, signer and chain also read.
CHECKS = {
    "revocation": "_revocation",
    "binding": "_binding",
    "signature": "_signature",
    "tcb": "check_tcb",
    "policy": "check_policy",
}

# Cases that a later stage refuses too, and options that lift that. No case states them, so that verifiers
# without them are asked.
LIFTED: Mapping[str, tuple[str, ...]] = {
    "signature": (
        *(f"signature.reserved-milan-{at}" for at in (2, 3, 4, 5)),
        *(f"signature.reserved-turin-{at}" for at in (4, 6)),
        *(f"signature.reserved-{which}-tcb" for which in ("current", "committed", "launch")),
        *(f"signature.unsigned-policy-{bit}" for bit in (26, 63)),
        *(f"signature.unsigned-platform-info-{bit}" for bit in (8, 63)),
        "signature.mask-chip-key-zero",
    ),
    "binding": ("binding.mask-chip-key-other-chip",),
}
OPTIONS: Mapping[str, bool] = dict.fromkeys(
    ("allow_unknown_policy", "allow_unknown_platform", "allow_unknown_reserved", "allow_mask_chip_key"), True
)


@cache
def _cases() -> tuple[Case, ...]:
    cases = (case for path in sorted(CASES.glob("*.json")) for case in read(path).cases)
    return tuple(case for case in cases if case.op == "verify")


def _refused(case: Case) -> str | None:
    seen = ops.run(case)
    return f"{case.id}: {seen.stage}: {seen.where}" if seen.result != "valid" else None


def _case(name: str) -> Case:
    return next(case for case in _cases() if case.id == name)


@pytest.fixture
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stage, whose check is left out."""
    monkeypatch.setattr(verify, CHECKS[request.param], lambda *_: None)
    return str(request.param)


@pytest.mark.parametrize("without", CHECKS, indirect=True)
def test_no_other_stage_refuses(without: str) -> None:
    cases = [case for case in _cases() if case.result == "invalid" and case.expect["stage"] == without]
    assert cases
    second = {case.id: text for case in cases if (text := _refused(case))}
    assert second.keys() == set(LIFTED.get(without, ())), second
    assert [text for name in second if (text := _refused(with_policy(_case(name), OPTIONS)))] == []


@pytest.mark.parametrize("without", ["signature"], indirect=True)
def test_second_reason_is_found(without: str) -> None:  # noqa: ARG001
    case = _case("signature.swapped")
    assert _refused(case) is None
    assert _refused(with_policy(case, {"report_data": "ff" * 64}))


# ---- family forwardcompat: where a verifier may be strict the case is a policy case ----

# Without floors, and without what refuses every base.
STRICT: Mapping[str, Any] = {
    "allow_masked_chip_id": False,
    "allow_debug": False,
    "allow_migration_agent": False,
    "allow_provisional": False,
    "vmpl_max": 0,
}


def test_strict_policy_refuses_no_valid_case() -> None:
    cases = [case for case in _cases() if case.family == "forwardcompat" and case.result == "valid"]
    assert cases
    assert [text for case in cases if (text := _refused(with_policy(case, STRICT)))] == []
