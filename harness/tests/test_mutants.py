"""`make mutants`: what is broken, how a mutant is named and judged, and what an explanation is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import __main__ as command
from mutants import choice, explained, operators, source, workshop
from mutants.operators import Mutant

from sevkit import tools

CODE = """\
#define LIMIT UINT32_C(16) /* a constant */
#define TWICE(x) ((x)*2)

static const struct {
    unsigned id;
    const char *name;
} table[] = {
    {0x0A, "ten"},
    {LIMIT, "limit"},
};

_Static_assert(LIMIT == 16, "notes");

int check(struct box *b, unsigned n) {
    char text[40];
    if (n > LIMIT) return -1; /* @req SNP-MSG-001, SNP-MSG-002 */
    if (b->ready && n == 0) {
        reset(b, n);
    }
    b->first = n;
    b->second = b->first ? n : LIMIT;
    memcpy(text, b->text, sizeof text);
    return true;
}
"""


def ids(code: str, tagged_only: bool = False) -> list[str]:
    return [
        m.id.removeprefix("emulator/abi/x.c: ")
        for m in operators.of_file("emulator/abi/x.c", code, tagged_only)
    ]


def test_every_kind_of_change() -> None:
    check = "check: {}: if (n > LIMIT) return -1;"
    both = "check: {}: if (b->ready && n == 0)"
    copy = "memcpy(text, b->text, sizeof text);"
    second = "b->second = b->first ? n : LIMIT;"
    assert set(ids(CODE)) == {
        "LIMIT: constant 16 to 17: #define LIMIT UINT32_C(16)",
        "LIMIT: constant 16 to 15: #define LIMIT UINT32_C(16)",
        'table: constant 0x0A to 0x0B: {0x0A, "ten"},',
        'table: constant 0x0A to 0x09: {0x0A, "ten"},',
        'table: remove {0x0A, "ten"}: {0x0A, "ten"},',
        'table: remove {LIMIT, "limit"}: {LIMIT, "limit"},',
        *(check.format(kind) for kind in ("drop", "invert", "bound > to >=")),
        *(check.format(kind) for kind in ("constant 1 to 2", "constant 1 to 0")),
        *(both.format(kind) for kind in ("drop", "invert", "logic && to ||", "bound == to !=")),
        both.format("constant 0 to 1"),
        "check: remove: reset(b, n);",
        "check: swap arguments 1 and 2 of reset: reset(b, n);",
        "check: remove: b->first = n;",
        f"check: swap values with [{second}]: b->first = n;",
        f"check: remove: {second}",
        f"check: swap choices: {second}",
        f"check: remove: {copy}",
        f"check: swap arguments 1 and 2 of memcpy: {copy}",
        "check: flip true to false: return true;",
    }


def test_the_text_of_a_mutant() -> None:
    after = {
        m.id.removeprefix("emulator/abi/x.c: "): m.after
        for m in operators.of_file("emulator/abi/x.c", CODE, False)
    }
    dropped = after["check: drop: if (n > LIMIT) return -1;"]
    assert dropped == CODE.replace("if (n > LIMIT)", "if (0 && (n > LIMIT))")
    swapped = after["check: swap choices: b->second = b->first ? n : LIMIT;"]
    assert swapped == CODE.replace("? n : LIMIT", "? LIMIT : n")
    removed = after["check: remove: reset(b, n);"]
    assert removed == CODE.replace("reset(b, n);", ";")


def test_names_survive_edits_elsewhere() -> None:
    assert ids("/* A comment.\n * Two lines. */\nint more;\n" + CODE) == ids(CODE)


def test_the_same_statement_twice_has_two_names() -> None:
    found = ids("void f(void) {\n    step(1);\n    step(1);\n}\n")
    assert "f: remove: step(1);" in found
    assert "f: remove: step(1); #2" in found
    assert len(found) == len(set(found))


def test_tagged_lines_only() -> None:
    found = operators.of_file("emulator/pki/x.c", CODE, True)
    assert {m.line for m in found} == {CODE[: CODE.index("if (n > LIMIT)")].count("\n") + 1}
    assert {m.requirements for m in found} == {("SNP-MSG-001", "SNP-MSG-002")}


def test_a_tagged_return_of_a_case_is_dropped_and_a_tagged_comparison_inverted() -> None:
    code = (
        "int f(int x) {\n    switch (x) {\n    case 1: return a; /* @req A-1 */\n    }\n"
        "    return x < y; /* @req A-2 */\n}\n"
    )
    assert ids(code, True) == [
        "f: remove return a: case 1: return a;",
        "f: invert: return x < y;",
        "f: bound < to <=: return x < y;",
    ]


def test_fields_of_an_initialiser() -> None:
    found = ids("void f(void) {\n    struct s x = {.a = 1, .b = y};\n    use(&x);\n}\n")
    shown = "struct s x = {.a = 1, .b = y};"
    assert f"f: remove .a = 1: {shown}" in found
    assert f"f: swap values of .a and .b: {shown}" in found


def test_all_of_the_tree_is_read() -> None:
    root = tools.tree()
    for folder in ("abi", "psp", "pki", "rmp", "driver", "vmm", "crypto", "memory"):
        for path in (root / "emulator" / folder).glob("*.c"):
            code = source.read(path.read_text())
            tagged = {t.line for piece in code.pieces for t in piece.tokens}
            assert set(code.tags) <= tagged, f"{path}: a tagged line is in no statement"
    mutants = choice.find(root, ["abi", "psp"])
    assert len({m.id for m in mutants}) == len(mutants)
    assert {m.folder for m in mutants} == {"abi", "psp"}


def test_explanations_are_of_mutants_that_exist() -> None:
    rows = explained.load()
    root = tools.tree()
    made = {m.id for m in choice.find(root, sorted({name.split("/")[1] for name in rows}))}
    assert set(rows) <= made


@pytest.mark.parametrize(
    "row",
    [
        {"id": "a", "kind": "equivalent mutant"},
        {"id": "a", "kind": "equivalent mutant", "evidence": ""},
        {"id": "a", "kind": "our model is wrong", "evidence": "b"},
    ],
)
def test_a_bad_explanation_is_refused(tmp_path: Path, row: dict[str, str]) -> None:
    path = tmp_path / "explained.json"
    path.write_text(json.dumps({"rows": [row]}))
    with pytest.raises(explained.BadExplanationError):
        explained.load(path)


def git(where: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=where, check=True, capture_output=True)


def test_changed_lines(tmp_path: Path) -> None:
    folder = tmp_path / "emulator" / "abi"
    folder.mkdir(parents=True)
    (folder / "x.c").write_text("void f(void) {\n    one(1);\n    two(2);\n}\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    (folder / "x.c").write_text("void f(void) {\n    one(1);\n    three(3);\n}\n")
    (folder / "new.c").write_text("void g(void) {\n    four(4);\n}\n")
    mutants = choice.find(tmp_path, ["abi"])
    names = [m.id for m in choice.changed(tmp_path, "HEAD", mutants)]
    assert any("three(3)" in name for name in names)
    assert any("four(4)" in name for name in names)
    assert not any("constant 1 " in name for name in names)
    assert [m.id for m in choice.find(tmp_path, ["abi"], "new.*")] == [
        m.id for m in mutants if "new.c" in m.file
    ]


def test_a_cap_takes_from_everywhere() -> None:
    mutants = [Mutant("emulator/abi/x.c", str(n), n, (), "") for n in range(10)]
    assert [m.id for m in choice.thin(mutants, 4)] == ["0", "2", "5", "7"]
    assert choice.thin(mutants, 10) == mutants


# A tree as small as the judge allows: one object, its unit test and a runner of one area.
MAKEFILE = """\
obj = $(BUILD)/obj/emulator/abi/x.o
$(obj): emulator/abi/x.c
\tmkdir -p $(@D)
\tcc $(WARN) $(OPT) -c -o $@ $<
$(BUILD)/tests/unit-abi: test.c $(obj)
\tmkdir -p $(@D)
\tcc -DUNIT -o $@ $^
$(BUILD)/bin/suite-runner: test.c $(obj)
\tmkdir -p $(@D)
\tcc -o $@ $^
"""

TESTED = """\
int checked(int n) {
    if (n > 3) return -1; /* @req T-1 */
    return 1;
}

int run(int n) {
    int sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += n;
    }
    (void)(sum == 0);
    return n < 100;
}

int untested(int n) {
    return n < 7;
}
"""

TEST = r"""
#include <stdio.h>
#include <string.h>
int checked(int n);
int run(int n);
int main(int argc, char **argv) {
#ifdef UNIT
    (void)argc;
    (void)argv;
    const int good = run(5);
#else
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        puts("{\"id\":\"a.b.c\",\"area\":\"a\",\"requirements\":[\"T-1\"]}");
        puts("{\"id\":\"a.b.skipped\",\"area\":\"a\",\"requirements\":[\"T-1\"]}");
        return 0;
    }
    if (argc > 2 && strcmp(argv[2], "a.b.skipped") == 0) return 77;
    if (argc > 4) {
        FILE *f = fopen(argv[4], "w");
        fputs("{\"type\":\"result\",\"id\":\"a.b.c\",\"verdict\":\"PASS\",\"duration_ms\":1}\n", f);
        fputs("{\"type\":\"result\",\"id\":\"a.b.skipped\",\"verdict\":\"SKIP\",\"duration_ms\":0}\n", f);
        fclose(f);
    }
    const int good = checked(4) == -1 && checked(3) == 1;
#endif
    puts(good ? "PASS a.b.c" : "FAIL a.b.c");
    return !good;
}
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What the judge says of every mutant of TESTED, by name."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "emulator" / "abi").mkdir(parents=True)
    (tree / "emulator" / "abi" / "x.c").write_text(TESTED)
    (tree / "test.c").write_text(TEST)
    (tree / "Makefile").write_text(MAKEFILE)
    shop = workshop.Workshop(tree, workshop.MAKE, "build")
    shop.prepare(["abi"])
    plan = workshop.plan(shop, ["abi"])
    hung = TESTED.replace("i++", "i = 0")
    extra = [
        Mutant("emulator/abi/x.c", "hang", 8, (), hung.replace("sum += n", 'sum += n; __asm__ volatile("")')),
        Mutant("emulator/abi/x.c", "nonsense", 2, (), TESTED.replace("return 1", "return one")),
    ]
    found = {
        m.id.removeprefix("emulator/abi/x.c: "): workshop.judge(shop, plan, m)
        for m in operators.of_file("emulator/abi/x.c", TESTED, False) + extra
    }
    assert (tree / "emulator" / "abi" / "x.c").read_text() == TESTED
    return found


def test_a_broken_check_is_killed_by_the_test_of_its_requirement(
    verdicts: dict[str, tuple[str, str]],
) -> None:
    for kind in ("drop", "invert", "bound > to >=", "constant 3 to 4"):
        assert verdicts[f"checked: {kind}: if (n > 3) return -1;"] == ("killed", "a.b.c")


def test_without_a_requirement_the_units_come_first_then_the_areas(
    verdicts: dict[str, tuple[str, str]],
) -> None:
    assert verdicts["run: bound < to <=: return n < 100;"][0] == "survived"
    assert verdicts["checked: constant 1 to 2: return 1;"] == ("killed", "a")


def test_what_no_test_sees_survives(verdicts: dict[str, tuple[str, str]]) -> None:
    assert verdicts["untested: bound < to <=: return n < 7;"] == ("survived", "")


def test_the_same_object_code_is_no_mutant(verdicts: dict[str, tuple[str, str]]) -> None:
    assert verdicts["run: bound == to !=: (void)(sum == 0);"] == ("equivalent", "same object code")


def test_a_hang_is_killed(verdicts: dict[str, tuple[str, str]]) -> None:
    assert verdicts["hang"] == ("killed", "unit-abi")


def test_what_does_not_compile_is_counted_apart(verdicts: dict[str, tuple[str, str]]) -> None:
    assert verdicts["nonsense"] == ("does not compile", "compiler")


def test_a_red_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emulator" / "abi").mkdir(parents=True)
    (tmp_path / "emulator" / "abi" / "x.c").write_text(TESTED.replace("n < 100", "n > 100"))
    (tmp_path / "test.c").write_text(TEST)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    shop = workshop.Workshop(tmp_path, workshop.MAKE, "build")
    shop.prepare(["abi"])
    with pytest.raises(workshop.BrokenTreeError, match="unit-abi fails"):
        workshop.plan(shop, ["abi"])


def test_a_survivor_is_judged_again_by_more_tests(tmp_path: Path) -> None:
    (tmp_path / "emulator" / "abi").mkdir(parents=True)
    (tmp_path / "emulator" / "abi" / "x.c").write_text(TESTED)
    (tmp_path / "test.c").write_text(TEST)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    shop = workshop.Workshop(tmp_path, workshop.MAKE, "build")
    shop.prepare(["abi"])
    job = workshop.Job("late", ["build/bin/suite-runner"], 5)
    kinds = {
        m.id.split(": ")[1] + m.id.split(": ")[2]: m
        for m in operators.of_file("emulator/abi/x.c", TESTED, False)
    }
    assert workshop.judge_again(shop, [job], kinds["checkeddrop"]) == "late"
    assert workshop.judge_again(shop, [job], kinds["runbound == to !="]) == ""


@pytest.mark.parametrize(
    ("arguments", "variables", "says"),
    [
        (["abi"], {"MUTANTS": "some"}, "MUTANTS is all or changed, not some"),
        (["abi"], {"MUTANTS": "changed", "MUTANTS_BASE": "no-such-revision"}, "no-such-revision"),
        (["docs"], {}, "emulator/docs is no folder with unit tests"),
    ],
)
def test_bad_usage(tmp_path: Path, arguments: list[str], variables: dict[str, str], says: str) -> None:
    if not (tools.tree() / ".git").exists():
        pytest.skip("not a git work tree")
    environment = {**os.environ, **variables, "PYTHONPATH": str(tools.tree() / "harness")}
    done = subprocess.run(
        [sys.executable, "-m", "mutants", str(tmp_path), *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert says in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("killed", "survived", "explained_rows", "complete", "code"),
    [
        (19, 0, 1, True, 0),
        (18, 0, 1, True, 1),  # 1 of 19 is more than 5 %
        (18, 0, 1, False, 0),  # a part of a folder has no score
        (19, 1, 0, True, 1),
    ],
)
def test_the_exit_code(
    tmp_path: Path, killed: int, survived: int, explained_rows: int, complete: bool, code: int
) -> None:
    verdicts = ["killed"] * killed + ["survived"] * survived + ["survived"] * explained_rows
    mutants = [Mutant("emulator/abi/x.c", f"emulator/abi/x.c: {n}", 1, (), "") for n in range(len(verdicts))]
    known = {m.id: "equivalent mutant" for m in mutants[killed + survived :]}
    run = command.Run(mutants, known)
    for mutant, verdict in zip(mutants, verdicts, strict=True):
        run.note(mutant, verdict, "", 0)
    assert command.close(run, ["abi"], complete, tmp_path / "mutants.json") == code
    rows = json.loads((tmp_path / "mutants.json").read_text())["mutants"]
    assert sum(row["verdict"] == "explained" for row in rows) == explained_rows


@pytest.mark.parametrize("verdict", ["killed", None])
def test_a_stale_explanation_fails(tmp_path: Path, verdict: str | None) -> None:
    mutant = Mutant("emulator/abi/x.c", "emulator/abi/x.c: a", 1, (), "")
    run = command.Run([mutant], {mutant.id: "equivalent mutant"})
    if verdict:
        run.note(mutant, verdict, "unit-abi", 0)
    assert command.close(run, ["abi"], True, tmp_path / "mutants.json") == 1
