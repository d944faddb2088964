"""The adapter of the Python reference (docs/adapters.md): one JSON object a line in and out."""

from __future__ import annotations

import base64
import json
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reference.bundle import Case, Seen  # noqa: E402 - where it is, is known only now
from reference.ops import certtable, kds_url, parse, verify  # noqa: E402

LAYERS = (
    "parse version signer chain revocation binding signature tcb policy policy-file certtable table extension"
    " forward-compat kds-request"
)
POLICY = (
    "future_versions report_version_min allow_long_report allow_unknown_reserved allow_unknown_product"
    " allow_debug allow_migration_agent allow_smt require_single_socket allow_unknown_policy"
    " allow_unknown_platform allow_host_report allow_provisional allow_masked_chip_id allow_mask_chip_key"
    " require_revocation vmpl_max guest_svn_min platform_required platform_forbidden launch_mit_required"
    " current_mit_required abi_min firmware_min tcb_min launch_tcb_min report_data chip_id measurement"
    " id_key_digest author_key_digest host_data report_id report_id_ma family_id image_id csp_id product"
)
HELLO = {
    "name": "reference",
    "version": "0.1.0",
    "language": "python",
    "ops": ["verify", "parse", "kds_url"],
    "layers": LAYERS.split(),
    "options": ["at", "pem", "trust_dir", "policy_text", "url", "method", "what", *POLICY.split()],
    "anchors": "configurable",
}
# Kind of a parse request -> the op of the reference, and the member that it wants the bytes in.
KINDS: dict[str, tuple[Callable[[Case], Seen], str]] = {
    "report": (parse.run, "report"),
    "certtable": (certtable.run, "table"),
}
BYTES = ("report", "crl", "table")


def input_of(request: dict[str, Any]) -> dict[str, Any]:
    """The op's input, bytes in place of text."""
    out = {name: value for name, value in request.items() if name != "id"}
    out |= {name: base64.b64decode(request[name]) for name in BYTES if name in request}
    out["certs"] = {slot: base64.b64decode(text) for slot, text in request.get("certs", {}).items()}
    out["roots"] = [ssl.PEM_cert_to_DER_cert(pem) for pem in request.get("roots", ())]
    return out


def seen(request: dict[str, Any]) -> Seen | None:
    """What the reference makes of REQUEST, None if it has no op for it."""
    run: Callable[[Case], Seen]
    if request["op"] == "verify":
        run, source = verify.run, input_of(request)
    elif request["op"] == "kds_url":
        run, source = kds_url.run, input_of(request)
    elif request["op"] == "parse" and request["kind"] in KINDS:
        run, member = KINDS[request["kind"]]
        source = {member: base64.b64decode(request["data"]), "policy": request.get("policy", {})}
    else:
        return None
    expect = {"result": "valid"}  # what the file expects is not for an adapter to know
    return run(Case("", request["id"], "", (), "", source, expect))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["op"] == "hello":
        return HELLO
    found = seen(request)
    if found is None:
        return {"id": request["id"], "verdict": "unsupported", "stage": None, "detail": "no such op"}
    verdict = "accept" if found.result == "valid" else "reject"
    out = {"id": request["id"], "verdict": verdict, "stage": found.stage, "detail": found.where}
    return {**out, "output": found.output}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
