"""The archive of the vectors: what is in it, the same bytes from any tree, its links and its schemas."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import pkgutil
import re
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pack import __main__ as packer
from reference import device, machine, ops, policy, rmp_moves, rmp_types, verify
from reference.bundle import read
from reference.ops import rmp as rmp_op

ROOT = Path(__file__).resolve().parents[2]
BUNDLE_MAX = 12 << 20
FILE_MAX = 2 << 20


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, extracted."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "a.tar.gz").write_bytes(packer.pack(packer.collect(ROOT), "top"))
    with tarfile.open(folder / "a.tar.gz") as archive:
        # Debian 12's first Python 3.11 has no filters yet.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(folder)
    return folder / "top"


# ---- the same bytes from any tree ----


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """A clone, as far as git's index goes, and the same files without git."""
    clone, export = tmp_path / "clone", tmp_path / "export"
    for pattern in packer.LISTED:
        for name in packer.names(ROOT, pattern):
            for tree in (clone, export):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, tree / name)
    subprocess.run(["git", "init", "--quiet", str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "add", "--all"], check=True)
    return clone, export


def _leave(tree: Path, *names: str) -> None:
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("{}")


def _hash(tree: Path) -> str:
    return hashlib.sha256(packer.pack(packer.collect(tree), "top")).hexdigest()


def test_junk_is_not_packed(trees: tuple[Path, Path]) -> None:
    clone, export = trees
    products = [f"harness/pack/loaders/{name}" for name in ("c/loader", "rust/target/x.json", "go/main")]
    _leave(export, *products, "vectors/cases/x.json~", "docs/vectors/x.html")
    _leave(clone, *products, "vectors/cases/mine.json", "docs/vectors/mine.md")
    assert _hash(clone) == _hash(export) == _hash(ROOT)


def test_a_tracked_file_is_packed(trees: tuple[Path, Path]) -> None:
    clone, _ = trees
    _leave(clone, "vectors/cases/new.json")
    subprocess.run(["git", "-C", str(clone), "add", "vectors/cases/new.json"], check=True)
    assert "vectors/cases/new.json" in packer.collect(clone)


def test_a_missing_file_is_an_error(trees: tuple[Path, Path]) -> None:
    clone, export = trees
    for tree in trees:
        (tree / "LICENSE").unlink()
    with pytest.raises(FileNotFoundError):
        packer.collect(clone)
    with pytest.raises(SystemExit, match="LICENSE is missing"):
        packer.collect(export)


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed pins SHA256SUMS."""
    monkeypatch.setattr("sys.argv", ["pack", str(tmp_path)])
    assert packer.main() == 0
    (archive,) = tmp_path.glob("sevkit-vectors-*.tar.gz")
    with tarfile.open(archive) as members:
        sums = members.extractfile(f"{archive.name.removesuffix('.tar.gz')}/SHA256SUMS")
        assert sums is not None
        assert f"{hashlib.sha256(sums.read()).hexdigest()}  SHA256SUMS" in capsys.readouterr().out


# ---- what is in it ----


def test_sums(bundle: Path) -> None:
    listed = {line[66:]: line[:64] for line in (bundle / "SHA256SUMS").read_text().splitlines()}
    files = {p.relative_to(bundle).as_posix(): p for p in bundle.rglob("*") if p.is_file()}
    del files["SHA256SUMS"]
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_sizes(bundle: Path) -> None:
    sizes = [p.stat().st_size for p in bundle.rglob("*") if p.is_file()]
    assert max(sizes) <= FILE_MAX
    assert sum(sizes) <= BUNDLE_MAX


def test_keys_are_marked(bundle: Path) -> None:
    assert "Never trust them outside tests" in (bundle / "vectors" / "README.md").read_text()
    assert len(list((bundle / "vectors" / "keys").glob("*.key.pem"))) == 9
    assert len(list((bundle / "vectors" / "keys").glob("*.cert.pem"))) == 3


def test_changes_name_every_family(bundle: Path) -> None:
    text = (bundle / "vectors" / "CHANGES.md").read_text()
    named = re.split(r",\s+", re.findall(r"Families ([^.]*)\.", text)[-1])
    assert named == sorted(path.stem for path in (bundle / "vectors" / "cases").glob("*.json"))


def test_readme_names_every_member(bundle: Path) -> None:
    schema = json.loads((bundle / "vectors" / "schema" / "cases.schema.json").read_text())
    rows = re.findall(r"^\|(.*?)\|", (bundle / "vectors" / "README.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(schema["$defs"]["case"]["properties"]) <= named


def _section(page: Path, title: str) -> str:
    """The part of PAGE under TITLE."""
    return re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:][_titles(page).index(title)]


def _titles(page: Path) -> list[str]:
    return re.findall(r"^## (.*)$", page.read_text(), re.MULTILINE)


def _cases(bundle: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((bundle / "vectors" / "cases").glob("*.json")):
        yield from json.loads(path.read_text())["cases"]


def test_readme_names_every_signer(bundle: Path) -> None:
    text = _section(bundle / "vectors" / "README.md", "Signers")
    named = set(re.findall(r"`([^`]+)`", text)) | {f"vmpck{n}" for n in range(4)}
    used = {change["signer"] for case in _cases(bundle) for change in case.get("changes", [])}
    assert used - {None} <= named


# Sources that say of themselves what they are.
PLAIN = r"IETF .*|RFC \d+|(\w|[/-])+( (issue|pull|PR) |#)\d+( comment)?"


def test_readme_names_every_source(bundle: Path) -> None:
    text = _section(bundle / "vectors" / "README.md", "Requirements")
    forms = [re.escape(name).replace(r"\.\.\.", ".*") for name in re.findall(r"`([^`]+)`", text)]
    rows = [
        row
        for path in (bundle / "vectors" / "requirements").glob("*.json")
        for row in json.loads(path.read_text())["rows"]
    ]
    used = {source for row in rows for source in row["sources"]}
    form = re.compile("|".join([PLAIN, r"real R.*", *forms]))
    assert sorted(source for source in used if not form.fullmatch(source)) == []


def test_ambiguities_that_are_named_are_there(bundle: Path) -> None:
    rows = set(re.findall(r"^\| (AMB-\d+) ", (bundle / "docs" / "ambiguities.md").read_text(), re.MULTILINE))
    for path in (*bundle.rglob("*.json"), *bundle.rglob("*.md")):
        assert set(re.findall(r"AMB-\d+", path.read_text())) <= rows, path.name


def test_ten_minutes_names_every_member(bundle: Path) -> None:
    text = (bundle / "docs" / "ten-minutes.md").read_text()
    named = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    used = {
        name
        for path in (bundle / "vectors" / "cases").glob("*.json")
        for case in json.loads(path.read_text())["cases"]
        if case["input"]["op"] == "verify"
        for name in case["input"]
    }
    assert used - {"op"} == named


# ---- links ----


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(top: Path) -> Iterator[str]:
    """Links of pages below TOP that lead nowhere."""
    for page in sorted(top.rglob("*.md")):
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            place, _, anchor = link.partition("#")
            target = page.parent / place if place else page
            if re.match(r"[a-z]+:", link):
                continue
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                yield f"{page.relative_to(top)}: {link}"


FOLDERS = "docs|emulator|harness|loaders|suites|vectors"
# What a reader of the archive has before him; the other texts name places in the repository, too.
ALONE = ("docs/vectors/", "vectors/cases/", "vectors/README.md")
BUILT = {"loaders/c/loader"}


def dead_paths(top: Path, root: Path) -> Iterator[str]:
    """Paths that texts below TOP name and TOP has not, nor, but for ALONE and pages, the tree at ROOT."""
    form = re.compile(rf"(?<![\w./-])(?:{FOLDERS})/[\w.*/-]*[\w*/]")
    for page in sorted((*top.rglob("*.md"), *top.rglob("*.json"))):
        name = page.relative_to(top).as_posix()
        text = re.sub(r"\]\([^)\s]+\)", "]", page.read_text())  # test_links has these
        for path in sorted({path for path in form.findall(text) if "NAME" not in path} - BUILT):
            strict = name.startswith(ALONE) or path.startswith(("docs/", "vectors/"))
            if not any(any(tree.glob(path.rstrip("/"))) for tree in ([top] if strict else [top, root])):
                yield f"{name}: {path}"


def test_paths(bundle: Path) -> None:
    assert list(dead_paths(bundle, ROOT)) == []


def test_dead_paths_are_found(tmp_path: Path) -> None:
    top, root = tmp_path / "top", tmp_path / "root"
    for name in ("top/docs/a.md", "root/docs/b.md", "root/emulator/c.c", "top/vectors/cases/d.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("see docs/a.md, `docs/b.md`, emulator/c.c, emulator/*.c and suites/e.c.")
    found = ["docs/a.md: docs/b.md", "docs/a.md: suites/e.c"]
    places = ["docs/b.md", "emulator/*.c", "emulator/c.c", "suites/e.c"]
    assert list(dead_paths(top, root)) == found + [f"vectors/cases/d.json: {place}" for place in places]


def test_links(bundle: Path) -> None:
    assert list(dead_links(bundle)) == []


def test_other_pages_are_named_without_links(trees: tuple[Path, Path]) -> None:
    tree = trees[1]
    for name in ("limits", "profiles"):
        (tree / f"docs/{name}.md").write_text("[a](verifier.md#stages), [b](kds.md#x), [c](https://a.b/c)\n")
    files = packer.collect(tree)
    assert files["docs/limits.md"] == b"[a](verifier.md#stages), b, [c](https://a.b/c)\n"
    assert files["docs/profiles.md"] == (tree / "docs/profiles.md").read_bytes()


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A title\n[x](b.md) [y](#a-title) [z](a.md#other) [w](https://a.b/c)\n")
    assert list(dead_links(tmp_path)) == ["a.md: b.md", "a.md: a.md#other"]


# ---- schemas ----


def _schema(bundle: Path, name: str) -> Any:
    return json.loads((bundle / "vectors" / "schema" / f"{name}.schema.json").read_text())


def _references(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and {"blob", "base64"} & set(value):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _references(inner)


def test_files_fit_their_schemas(bundle: Path) -> None:
    for name, glob in (
        ("cases", "cases/*.json"),
        ("requirements", "requirements/*.json"),
        ("rmp-decisions", "rmp/*.json"),
    ):
        validator = jsonschema.Draft202012Validator(_schema(bundle, name))
        for path in sorted((bundle / "vectors").glob(glob)):
            errors = [error.message for error in validator.iter_errors(json.loads(path.read_text()))]
            assert errors == [], path.name


def test_references_fit_the_schema(bundle: Path) -> None:
    """What loaders take for a reference is one."""
    schema = _schema(bundle, "cases")
    rule = jsonschema.Draft202012Validator({"$ref": "#/$defs/bytes", "$defs": schema["$defs"]})
    for path in sorted((bundle / "vectors" / "cases").glob("*.json")):
        family = json.loads(path.read_text())
        for reference in _references([case["input"] for case in family["cases"]]):
            assert rule.is_valid(reference), (path.name, reference)
            assert reference.get("blob", "") in {"", *family["blobs"]}, (path.name, reference)


Fault = Callable[[dict[str, Any]], Any]


def _bare_policy(case: dict[str, Any]) -> None:
    case["expect"] = {"result": "policy"}


def _status(case: dict[str, Any]) -> None:
    del case["expect"]["stage"]
    case["expect"]["status"] = "INVALID_PARAM"


def _input(**members: Any) -> Fault:
    return lambda case: case["input"].update(members)


def _renamed(old: str, new: str) -> Fault:
    return lambda case: case["input"].update({new: case["input"].pop(old)})


# What the schema must refuse, done to the first case with this op and result.
FAULTS: dict[str, tuple[str, str, Fault]] = {
    "unknown member": ("verify", "invalid", lambda case: case.update(acceptable=True)),
    "unknown result": ("verify", "invalid", lambda case: case["expect"].update(result="acceptable")),
    "no twin": ("verify", "invalid", lambda case: case.pop("twin")),
    "no defect": ("verify", "invalid", lambda case: case.pop("defect")),
    "no changes": ("verify", "invalid", lambda case: case.pop("changes")),
    "no requirement": ("verify", "invalid", lambda case: case.update(requirement=[])),
    "no op": ("verify", "invalid", lambda case: case["input"].pop("op")),
    "bare policy": ("verify", "invalid", _bare_policy),
    "valid with a twin": ("verify", "invalid", lambda case: case["expect"].update(result="valid")),
    "id of another form": ("verify", "invalid", lambda case: case.update(id="Upper.case")),
    "unknown op": ("verify", "valid", _input(op="verfy")),
    "another op's input": ("verify", "valid", _input(op="certtable")),
    "misspelt roots": ("verify", "valid", _renamed("roots", "rots")),
    "no certificates": ("verify", "valid", lambda case: case["input"].pop("certs")),
    "certificates twice": ("verify", "valid", _input(table={"base64": ""})),
    "unknown slot": ("verify", "valid", _input(certs={"vceck": {"base64": ""}})),
    "no report": ("verify", "valid", lambda case: case["input"].pop("report")),
    "odd base64": ("verify", "valid", _input(report={"base64": "A"})),
    "month 99": ("verify", "valid", _input(at="2026-99-01T00:00:00Z")),
    "hour 24": ("verify", "valid", _input(at="2026-01-01T24:00:00Z")),
    "unknown policy": ("verify", "valid", _input(policy={"allow_debugging": True})),
    "policy of another type": ("verify", "valid", _input(policy={"vmpl_max": "3"})),
    "unknown option": ("verify", "policy", lambda case: case["expect"]["policy"].update(accept={"x": True})),
    "twin without defect": ("parse", "policy", lambda case: case.update(twin=case["id"])),
    "unknown stage": ("verify", "invalid", lambda case: case["expect"].update(stage="bindng")),
    "status for a verifier": ("verify", "invalid", _status),
    "stage that parsing has not": ("parse", "invalid", lambda case: case["expect"].update(stage="chain")),
    "stage for a table": (
        "certtable",
        "invalid",
        lambda case: case.update(expect={"result": "invalid", "stage": "chain"}),
    ),
    "unknown kernel": ("device", "valid", _input(kernels=["6.1"])),
    "step of both kinds": ("device", "valid", lambda case: case["input"]["steps"][0].update(probe=1)),
    "unknown call": ("tsm", "valid", lambda case: case["input"]["steps"][0].update(call="openat")),
    "unknown instruction": ("rmp", "valid", lambda case: case["input"]["do"].update(instruction="PSMSH")),
    "misspelt operand": ("rmp", "valid", lambda case: case["input"]["do"].update(sap="0x1000")),
    "short key": ("request", "valid", lambda case: case["input"]["vmpck"].__setitem__(0, "00")),
    "three requests": ("key", "valid", lambda case: case["input"].update(requests=[{}, {}, {}])),
    "no claimed type": ("pages", "valid", lambda case: case["input"]["pages"][0].pop("type")),
    "both tables": (
        "rmp_location",
        "valid",
        _input(shift=36, shift_min=30, shift_max=40, table={}, end="0x0"),
    ),
}


def _first(bundle: Path, op: str, result: str) -> dict[str, Any]:
    """The family of one case, the first of the files with OP and RESULT."""
    for path in sorted((bundle / "vectors" / "cases").glob("*.json")):
        family: dict[str, Any] = json.loads(path.read_text())
        for case in family["cases"]:
            if case["input"]["op"] == op and case["expect"]["result"] == result:
                return family | {"cases": [case]}
    raise AssertionError((op, result))


@pytest.mark.parametrize("fault", FAULTS)
def test_schema_refuses(bundle: Path, fault: str) -> None:
    op, result, spoil = FAULTS[fault]
    family = _first(bundle, op, result)
    validator = jsonschema.Draft202012Validator(_schema(bundle, "cases"))
    assert validator.is_valid(family)
    spoil(family["cases"][0])
    assert not validator.is_valid(family)


def test_schema_has_the_names_of_the_reference(bundle: Path) -> None:
    defs = _schema(bundle, "cases")["$defs"]

    def members(name: str) -> set[str]:
        return set(defs[name]["properties"])

    assert {name.removeprefix("op_") for name in defs if name.startswith("op_")} == {
        module.name for module in pkgutil.iter_modules(ops.__path__)
    }
    assert members("policy_verify") == set(policy.MEMBERS)
    assert members("policy_machine") == {field.name for field in dataclasses.fields(machine.Switches)}
    assert members("policy_rmp") == {field.name for field in dataclasses.fields(rmp_types.Rules)}
    assert defs["by_stage"]["properties"]["stage"]["enum"] == [*verify.STAGES, "policy-file"]
    assert set(defs["kernels"]["items"]["enum"]) == set(device.GENERATIONS)
    instructions = defs["rmp_call"]["properties"]["instruction"]["enum"]
    assert set(instructions) == {*rmp_op.CALLS, *rmp_moves.COMMANDS}


# ---- loaders: the commands of docs/ten-minutes.md ----

CASES = "vectors/cases"
LOADERS = {
    re.findall(r"loaders/(\w+)", line)[0]: line
    for line in (ROOT / "docs" / "ten-minutes.md").read_text().splitlines()
    if line.endswith(f" {CASES}")
}


@functools.cache
def _why_not(tool: str) -> str:
    """Why TOOL cannot be used here, "" if it can: one that is there may still want to be set up."""
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    asked = [tool, "version" if tool == "go" else "--version"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{tool} does not start: {done.stderr.strip()[:200]}"


def _load(bundle: Path, name: str, cases: Path | str = CASES) -> subprocess.CompletedProcess[str]:
    """Loader NAME on the folder CASES, where its toolchain can be used."""
    command = LOADERS[name]
    if why := _why_not(command.split()[0]):
        pytest.skip(why)
    line = command.removesuffix(CASES) + shlex.quote(str(cases))
    return subprocess.run(["bash", "-c", line], cwd=bundle, capture_output=True, text=True, check=False)


def _made(folder: Path, value: Any) -> Path:
    """A folder of one case with VALUE in its input, and of a file that is none."""
    blobs = {"large": base64.b64encode(bytes(range(256)) * 8192).decode(), "small": "AQIDBA=="}
    family = {"blobs": blobs, "cases": [{"input": {"op": "x", "deep": value}, "expect": {}}]}
    (folder / "a.json").write_text(json.dumps(family))
    (folder / "notes.txt").write_text("no JSON")
    return folder


def test_every_loader_is_in_the_text(bundle: Path) -> None:
    assert set(LOADERS) == {path.name for path in (bundle / "loaders").iterdir()}


@pytest.mark.parametrize("name", LOADERS)
def test_loaders_agree(bundle: Path, name: str) -> None:
    """With the reference's reader, over every byte string of every input."""
    families = [read(path) for path in sorted((bundle / CASES).glob("*.json"))]
    inputs = [case.input for family in families for case in family.cases]
    strings = list(_strings(inputs))
    total = sum(map(sum, strings)) % 2**32
    wanted = f"{len(inputs)} cases, {sum(map(len, strings))} bytes, sum {total}\n"
    run = _load(bundle, name)
    assert (run.returncode, run.stdout) == (0, wanted), run.stderr


def _strings(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


# Patches of the four bytes 1, 2, 3, 4, and the sum of what comes out.
PATCHES: dict[str, tuple[Any, tuple[int, int]]] = {
    "insert and cut": ({"blob": "small", "patch": [[0, 0, "0a0b"], [1, 2, ""], [4, 0, "0c"]]}, (5, 38)),
    "replace all": ({"blob": "small", "patch": [[0, 4, "ff"]]}, (1, 255)),
    "large": ({"blob": "large", "patch": [[1 << 21, 0, "01"]]}, (2097153, 267386881)),
    "in lists": ([[{"base64": "AQI="}], {"a": [{"b": {"blob": "small"}}, None, 3, "blob"]}], (6, 13)),
}


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("name", LOADERS)
def test_loaders_patch(bundle: Path, tmp_path: Path, name: str, patch: str) -> None:
    value, (size, total) = PATCHES[patch]
    run = _load(bundle, name, _made(tmp_path, value))
    assert (run.returncode, run.stdout) == (0, f"1 cases, {size} bytes, sum {total}\n"), run.stderr


BAD = {
    "behind the end": {"blob": "small", "patch": [[4, 1, ""]]},
    "far behind the end": {"blob": "small", "patch": [[1 << 40, 0, "00"]]},
    "not ascending": {"blob": "small", "patch": [[2, 1, "00"], [1, 1, "00"]]},
    "overlapping": {"blob": "small", "patch": [[0, 2, "00"], [1, 1, "00"]]},
    "negative offset": {"blob": "small", "patch": [[-1, 1, "00"]]},
    "negative count": {"blob": "small", "patch": [[2, -1, "00"]]},
    "no such blob": {"blob": "other"},
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", LOADERS)
def test_loaders_refuse(bundle: Path, tmp_path: Path, name: str, bad: str) -> None:
    """With a message and a failure, neither a wrong answer nor a signal."""
    run = _load(bundle, name, _made(tmp_path, BAD[bad]))
    assert 0 < run.returncode < 128, run
    assert run.stdout == ""
    assert run.stderr


def test_unusable_toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").write_text("#!/bin/sh\necho not set up >&2\nexit 1\n")
    (tmp_path / "broken").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert _why_not("broken") == "broken does not start: not set up"
    assert _why_not("no-such-tool") == "no-such-tool is not installed"
