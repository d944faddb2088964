"""Op "idblock": the checks of LAUNCH_FINISH. families/idblock.py says what the members mean."""

from __future__ import annotations

from reference.bundle import Case, Seen
from reference.id_block import AUTH_SIZE, Finish, RefusedError, check


def run(case: Case) -> Seen:
    given = case.input
    if given["id_block"] is not None and given["id_auth"] is None:
        raise ValueError("id_auth is null without an ID block only")
    finish = Finish(
        block=given["id_block"],
        auth=given["id_auth"] or bytes(AUTH_SIZE),
        auth_key_en=given["auth_key_en"],
        ld=bytes.fromhex(given["ld"]),
        policy=int(given["guest_policy"], 16),
        options=given.get("policy", {}),
    )
    try:
        return Seen("valid", output=check(finish))
    except RefusedError as refused:
        return Seen("invalid", status=refused.status, where=str(refused))
