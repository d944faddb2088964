"""Outside witnesses for measurement and idblock: sev-snp-measure, which shares no code with us, and OpenSSL
for the signatures, which the reference verifies in its own integers.

The tool predicts launches; it neither refuses pages nor checks ID blocks. A case that it cannot judge has a
reason (why_not), and a test holds the reasons against the cases.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from reference import id_block, ops
from reference.bundle import Case, read

CASES = Path(__file__).resolve().parents[2] / "vectors" / "cases"
MEASUREMENT = read(CASES / "measurement.json").cases
IDBLOCK = read(CASES / "idblock.json").cases
ZERO_PERMS = {"vmpl1": 0, "vmpl2": 0, "vmpl3": 0}
KVM_VMSA_GPA = 0xFFFFFFFFF000
HOSTS = {"QEMU": "QEMU", "EC2": "ec2", "GCE": "gce"}


needs_tool = pytest.mark.skipif(
    importlib.util.find_spec("sevsnpmeasure") is None,
    reason="sev-snp-measure is not installed (make deps-dev)",
)


def module(name: str) -> Any:
    return importlib.import_module(f"sevsnpmeasure.{name}")


# ---- what the tool has no word for ----

PERMISSIONS = "the tool has no permissions: it hashes four zero bytes there"
IMI = "the tool knows neither IMI_PAGE nor IMD"
VMSA_GPA = "the tool has KVM's GPA of VMSAs only"
VMSA_TSC = "the tool hashes VMSAs as its own code makes them, with TSC fields of zero"
REFUSED = "the tool has no refusals of the firmware"
OPTION = "the tool has one of the two values"


def why_not_pages(case: Case) -> str | None:
    rows = case.input["pages"]
    if case.expect.get("status"):
        return REFUSED
    if any(row.get("imi") for row in rows) or "claimed_imd" in case.input:
        return IMI
    if any(row.get(name, 0) for row in rows for name in ZERO_PERMS):
        return PERMISSIONS
    vmsas = [row for row in rows if row["type"] == "VMSA"]
    if any(int(row["gpa"], 16) != KVM_VMSA_GPA for row in vmsas):
        return VMSA_GPA
    if any(any((row["contents"] or b"")[0x2F0:0x300]) for row in vmsas):
        return VMSA_TSC
    return None


def why_not(case: Case) -> str | None:
    """Why the tool cannot judge CASE of the family measurement."""
    if case.op == "pages":
        return why_not_pages(case)
    return OPTION if case.result == "policy" else None


def by_tool(pages: list[dict[str, Any]]) -> str:
    """LD of a list of pages."""
    context = module("gctx").GCTX()
    for row in pages:
        size = 0x200000 if row.get("size") == "2M" else 0x1000
        gpa, data = int(row["gpa"], 16), (row["contents"] or b"").ljust(size, b"\0")
        match row["type"]:
            case "NORMAL":
                context.update_normal_pages(gpa, data)
            case "VMSA":
                context.update_vmsa_page(data)
            case "ZERO":
                context.update_zero_pages(gpa, size)
            case "UNMEASURED":
                context.update_unmeasured_pages(gpa, size)
            case "SECRETS":
                context.update_secrets_page(gpa)
            case "CPUID":
                context.update_cpuid_page(gpa)
    return str(context.hex_ld())


def launch_by_tool(case: Case, folder: Path) -> str:
    """LD of a whole guest; the tool reads files, and raises various errors on an image it does not take."""
    given = case.input
    for name in ("ovmf", "svsm", "kernel", "initrd"):
        if given.get(name) is not None:
            (folder / name).write_bytes(given[name])
    guest, modes, hosts = module("guest"), module("sev_mode").SevMode, module("vmm_types").VMMType
    digest = guest.calc_launch_digest(
        modes.SEV_SNP_SVSM if given.get("svsm") else modes.SEV_SNP,
        given["vcpus"],
        module("vcpu_types").CPU_SIGS[given["vcpu_type"]],
        str(folder / "ovmf"),
        str(folder / "kernel") if given.get("kernel") else "",
        str(folder / "initrd") if given.get("initrd") else "",
        given.get("append") or "",
        int(given["guest_features"], 16),
        vmm_type=hosts[HOSTS[given["vmm"]]],
        svsm_file=str(folder / "svsm"),
        ovmf_vars_size=given.get("vars_size", 0),
    )
    return bytes(digest).hex()


def broken_image(case: Case) -> bool:
    return case.result == "invalid" and case.expect.get("reason") != "measurement"


JUDGED = [case for case in MEASUREMENT if why_not(case) is None]


@needs_tool
@pytest.mark.parametrize("case", JUDGED, ids=lambda case: str(case.id))
def test_the_tool_measures_the_same(case: Case, tmp_path: Path) -> None:
    if case.op == "ovmf" and broken_image(case):
        with pytest.raises((RuntimeError, ValueError, AssertionError)):
            launch_by_tool(case, tmp_path)
        return
    got = by_tool(case.input["pages"]) if case.op == "pages" else launch_by_tool(case, tmp_path)
    assert got == case.expect["output"]["measurement"]
    assert (got == case.input["claimed"]) == (case.result == "valid")


def test_what_the_tool_cannot_judge() -> None:
    """No case falls out unseen, and a reason that has no case any more goes."""
    reasons = [why_not(case) for case in MEASUREMENT]
    assert set(reasons) - {None} == {PERMISSIONS, IMI, VMSA_GPA, VMSA_TSC, REFUSED, OPTION}
    assert reasons.count(None) > len(reasons) / 2


# ---- ID block ----

WITH_BLOCK = [case for case in IDBLOCK if case.input["id_block"] is not None]


@needs_tool
@pytest.mark.parametrize("case", WITH_BLOCK, ids=lambda case: str(case.id))
def test_the_tool_reads_the_same_fields(case: Case) -> None:
    tool = module("id_block")
    block = tool.IdBlock.from_buffer_copy(case.input["id_block"])
    auth = tool.IdAuth.from_buffer_copy(case.input["id_auth"])
    ours, page = id_block.IdBlock.parse(case.input["id_block"]), id_block.IdAuth.parse(case.input["id_auth"])
    assert (bytes(block.launch_digest), block.version, block.policy) == (ours.ld, ours.version, ours.policy)
    assert (auth.id_key_algo, auth.auth_key_algo) == (page.id_key_algo, page.auth_key_algo)
    assert bytes(auth.block_sig) == page.id_block_sig
    assert bytes(auth.id_key) == page.id_key
    assert bytes(auth.id_key_sig) == page.id_key_sig
    assert bytes(auth.author_key) == page.author_key


@needs_tool
def test_the_tool_s_blocks_are_accepted(tmp_path: Path) -> None:
    """Made by the tool with our keys, its own nonces and its fixed policy; its digests are ours."""
    for name in ("id", "author"):
        key = id_block.id_key(name).private()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (tmp_path / name).write_bytes(pem)
    ld = bytes(range(48))
    text = module("id_block").snp_calc_id_block(ld, str(tmp_path / "id"), str(tmp_path / "author"))
    first, *rest = text.split("\n")
    made = dict(item.split("=", 1) for item in first.split(","))
    digests = dict(line.split(": ", 1) for line in rest)
    case = Case("idblock", "idblock.tool", "", (), "", {}, {})
    case.input = {
        "op": "idblock",
        "id_block": base64.b64decode(made["id-block"]),
        "id_auth": base64.b64decode(made["id-auth"]),
        "auth_key_en": True,
        "ld": ld.hex(),
        "guest_policy": "0x30000",
    }
    seen = ops.run(case)
    assert seen.result == "valid", seen.where
    assert seen.output["id_key_digest"] == base64.b64decode(digests["id_key_hash"]).hex()
    assert seen.output["author_key_digest"] == base64.b64decode(digests["author_key"]).hex()


# ---- signatures, by OpenSSL ----


def openssl_accepts(key: bytes, message: bytes, signed: bytes) -> bool:
    def number(data: bytes, at: int) -> int:
        return int.from_bytes(data[at : at + 72], "little")

    if int.from_bytes(key[:4], "little") != 2:
        return False
    try:
        point = ec.EllipticCurvePublicNumbers(number(key, 4), number(key, 76), ec.SECP384R1()).public_key()
        signature = utils.encode_dss_signature(number(signed, 0), number(signed, 72))
        point.verify(signature, message, ec.ECDSA(SHA384()))
    except (ValueError, InvalidSignature):
        return False
    return True


@pytest.mark.parametrize("case", WITH_BLOCK, ids=lambda case: str(case.id))
def test_openssl_says_the_same_of_signatures(case: Case) -> None:
    if case.expect.get("status") not in (None, "BAD_SIGNATURE") and case.result == "invalid":
        pytest.skip("refused before signatures are looked at")
    if case.id.endswith("-key-upper-bytes"):
        pytest.skip("openssl has no opinion on bytes of a key that nobody reads")
    page = id_block.IdAuth.parse(case.input["id_auth"])
    good = openssl_accepts(page.id_key, case.input["id_block"], page.id_block_sig)
    if case.input["auth_key_en"]:
        good = good and openssl_accepts(page.author_key, page.id_key, page.id_key_sig)
    assert good == (case.result != "invalid")
