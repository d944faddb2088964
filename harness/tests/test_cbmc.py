"""The proofs' tool and runner: where CBMC is looked for, why it cannot be had, command lines, what is read
from its output; a tiny proof and a tiny failing one where the cache has CBMC. Nothing is fetched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from guest import cache, kernel
from prove import cbmc, limit, proofs

HOLDS = 'int main(void) { unsigned char x; __CPROVER_assert(x <= 255, "a byte"); return 0; }\n'
FAILS = 'int main(void) { unsigned char x; __CPROVER_assert(x < 255, "too small"); return 0; }\n'
PLACES = """[main.coverage.1] file a.c line 3 function main condition 'a.eax == 1': SATISFIED
[main.coverage.2] file a.c line 4 function main condition 'a.eax == 2': FAILED
"""


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which nothing is."""
    place = tmp_path / "cache"
    monkeypatch.setenv("SEVKIT_CACHE", str(place))
    return place


@pytest.fixture
def tool() -> cbmc.Cbmc:
    """CBMC, if the user's cache has it."""
    found = cbmc.cached()
    if found is None:
        pytest.skip(f"CBMC is not in {cache.folder()}: make prove fetches it")
    return found


def test_an_empty_cache_has_no_cbmc(own_cache: Path) -> None:
    assert cbmc.cached() is None
    (own_cache / cbmc.cache_name()).mkdir(parents=True)
    assert cbmc.cached() == cbmc.Cbmc(own_cache / cbmc.cache_name())


def test_a_cached_cbmc_is_used(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_cache / cbmc.cache_name()).mkdir(parents=True)
    tools = own_cache / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(kernel, "fetch", lambda *_: pytest.fail("fetched again"))
    with pytest.raises(cbmc.MissingError, match="gcc is missing: apt-get install"):
        cbmc.cbmc(lambda _text: None)
    (tools / "gcc").touch(0o755)  # all that a cached one needs
    assert cbmc.cbmc(lambda _text: None) == cbmc.cached()


def test_what_the_cache_has_is_named_by_what_it_is(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = cbmc.cache_name()
    monkeypatch.setattr(cbmc, "FETCH_TOOLS", ())
    assert cbmc.cache_name() == name
    for constant, other in (("PACKAGES", ("base-files",)), ("SUITE", "forky"), ("LAYOUT", "2")):
        with monkeypatch.context() as changed:
            changed.setattr(cbmc, constant, other)
            assert cbmc.cache_name() != name
    assert not own_cache.exists()


def test_a_program_that_is_missing_is_named(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cbmc, "TOOLS", ())
    monkeypatch.setenv("PATH", str(own_cache))
    with pytest.raises(cbmc.MissingError, match="mmdebstrap is missing: apt-get install"):
        cbmc.cbmc(lambda _text: None)


def test_a_failed_fetch_leaves_nothing(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_arguments: object) -> None:
        raise cbmc.MissingError("Debian trixie could not be fetched: no network")

    monkeypatch.setattr(cbmc, "TOOLS", ())
    monkeypatch.setattr(cbmc, "FETCH_TOOLS", ())
    monkeypatch.setattr(kernel, "fetch", fetch)
    with pytest.raises(cbmc.MissingError, match="no network"):
        cbmc.cbmc(lambda _text: None)
    assert list(own_cache.iterdir()) == []


def test_proofs_without_cbmc_are_skipped_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_say: object) -> cbmc.Cbmc:
        raise cbmc.MissingError("no network")

    monkeypatch.setattr(proofs, "cbmc", missing)
    assert proofs.main([]) == 0
    closing = capsys.readouterr().out.splitlines()[-1]
    assert closing == f"prove: 0 proved, 0 failed, {len(proofs.HARNESSES)} skipped (no network)"


def test_a_proof_without_an_answer_says_which_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Slow(cbmc.Cbmc):
        """Compiles, and never answers."""

        def run(
            self, program: str, *arguments: str, cwd: Path, seconds: float | None = None
        ) -> subprocess.CompletedProcess[str]:
            if seconds is not None:
                raise subprocess.TimeoutExpired(program, seconds)
            return subprocess.CompletedProcess(arguments, 0, str(cwd), "")

    monkeypatch.setenv(limit.VARIABLE, "7")
    outcome = proofs.prove(Slow(tmp_path), proofs.HARNESSES[0], proofs.TREE, False)
    assert outcome.problems == ("no answer within 7 s on this machine (PROVE_SECONDS sets the limit)",)
    monkeypatch.setenv(limit.VARIABLE, "never")
    with pytest.raises(SystemExit):
        proofs.main(["--only", "read"])


def test_programs_run_by_their_own_loader(tmp_path: Path) -> None:
    command = cbmc.Cbmc(tmp_path).command("cbmc", "--version")
    library = str(tmp_path / "lib")
    program = str(tmp_path / "bin" / "cbmc")
    assert command == [f"{library}/loader", "--library-path", library, program, "--version"]


def test_each_harness_has_its_file() -> None:
    apart = {"table"}  # what they share
    assert {h.name for h in proofs.HARNESSES} == {p.stem for p in proofs.SOURCES.glob("*.c")} - apart
    assert any(h.cut for h in proofs.HARNESSES)


def test_all_of_the_rmp_is_compiled_but_for_its_mappings(tmp_path: Path) -> None:
    arguments = proofs.compile_arguments(proofs.HARNESSES[0], proofs.TREE, True, tmp_path / "out.gb")
    named = {Path(a).name for a in arguments if a.startswith(str(proofs.TREE / "emulator/rmp"))}
    assert named == {p.name for p in (proofs.TREE / "emulator/rmp").glob("*.c")} - {"map.c"}
    assert "-DPROVE_COVER" in arguments
    plain = arguments.index(f"-I{proofs.SOURCES / 'plain'}")
    assert plain < arguments.index(f"-I{proofs.TREE / 'emulator'}")


def test_loops_that_wait_run_once() -> None:
    loops = "Loop rmp_record_load$link3.0:\n  file\n\nLoop make_live.0:\n  file\n\nLoop main.0:\n  file\n"
    options = proofs.unwinding(loops, 2)
    assert options == ["--unwind", "20", "--unwindset", "rmp_record_load$link3.0:1,make_live.0:2"]
    assert proofs.unwinding("", 2) == ["--unwind", "20"]


def test_a_place_out_of_reach_is_a_problem() -> None:
    count, problems = proofs.reach_problems(PLACES, 0)
    assert count == 2
    assert len(problems) == 1
    assert "a.eax == 2" in problems[0]
    assert proofs.reach_problems("", 6)[1] == ["no place to reach; CBMC ended with 6"]


def test_output_without_a_summary_is_a_problem() -> None:
    assert proofs.proof_problems("one\ntwo\n", 6) == (0, ["CBMC ended with 6: one; two"])


@pytest.mark.parametrize(("source", "failed"), [(HOLDS, 0), (FAILS, 1)])
def test_a_tiny_proof(tool: cbmc.Cbmc, tmp_path: Path, source: str, failed: int) -> None:
    (tmp_path / "tiny.c").write_text(source)
    done = tool.run("cbmc", "tiny.c", cwd=tmp_path, seconds=60)
    properties, problems = proofs.proof_problems(done.stdout, done.returncode)
    assert properties > 0
    assert len(problems) == failed
    assert not failed or "too small" in problems[0]
