"""What a guest is made from: the cache, the archive, modules and their order, the driver's rebinding, the
packages, and QEMU's command line. Nothing is fetched, no guest is booted."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import stat
import struct
import subprocess
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from guest import cache, image, kernel, rebind, session, vm


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the user's cache."""
    place = tmp_path / "cache"
    monkeypatch.setenv("SEVKIT_CACHE", str(place))
    return place


def write_program(folder: Path, name: str, script: str) -> Path:
    """A program of the test's."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


# ---- the archive ----


@dataclass
class Entry:
    """One entry of a cpio archive."""

    inode: int
    mode: int
    links: int
    time: int
    device: tuple[int, int]
    data: bytes
    owner: tuple[int, int]


def entries(archive: bytes) -> list[tuple[str, Entry]]:
    """The entries up to the trailer; every padding is zeros."""
    data = gzip.decompress(archive)
    found: list[tuple[str, Entry]] = []
    at = 0

    def take(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        assert len(piece) == size
        at += size
        pad = -at % 4
        assert data[at : at + pad] == bytes(pad)
        at += pad
        return piece

    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        head = take(110 + fields[11])
        assert head[-1] == 0 and fields[7:9] == [0, 0] and fields[12] == 0
        name = head[110:-1].decode()
        entry = Entry(
            fields[0],
            fields[1],
            fields[4],
            fields[5],
            (fields[9], fields[10]),
            take(fields[6]),
            (fields[2], fields[3]),
        )
        if name == "TRAILER!!!":
            assert at == len(data)
            return found
        found.append((name, entry))


def some_archive() -> image.Archive:
    """Every kind of entry, added in no order."""
    archive = image.Archive()
    archive.link("/init", "/guest/init")
    archive.character("/dev/console", 5, 1)
    for size in range(5):
        archive.file(f"/d/e/{'f' * (size + 1)}", b"x" * size, 0o644)
    archive.folder("/empty")
    archive.file("/d/tool", b"#!")
    return archive


def test_an_archive_read_back() -> None:
    """Folders come before what lies in them, sorted; nothing depends on who makes it and when."""
    packed = some_archive().bytes()
    assert packed[4:8] == bytes(4), "gzip's own time"
    found = entries(packed)
    assert [name for name, _ in found] == [
        *("d", "d/e", "d/e/f", "d/e/ff", "d/e/fff", "d/e/ffff", "d/e/fffff", "d/tool"),
        *("dev", "dev/console", "empty", "init"),
    ]
    by_name = dict(found)
    assert {e.inode for e in by_name.values()} == set(range(1, len(found) + 1))
    assert all((e.owner, e.time, e.links) == ((0, 0), 0, 1) for e in by_name.values())
    folders = [name for name, e in found if e.mode == stat.S_IFDIR | 0o755]
    assert folders == ["d", "d/e", "dev", "empty"]
    assert [by_name[f"d/e/{'f' * (n + 1)}"].data for n in range(5)] == [b"x" * n for n in range(5)]
    assert by_name["d/e/f"].mode == stat.S_IFREG | 0o644
    assert (by_name["d/tool"].mode, by_name["d/tool"].data) == (stat.S_IFREG | 0o755, b"#!")
    assert (by_name["init"].mode, by_name["init"].data) == (stat.S_IFLNK | 0o777, b"/guest/init")
    console = by_name["dev/console"]
    assert (console.mode, console.device, console.data) == (stat.S_IFCHR | 0o600, (5, 1), b"")
    assert {e.device for name, e in found if name != "dev/console"} == {(0, 0)}


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is missing")
def test_an_archive_for_cpio() -> None:
    """Another reader sees the same."""
    done = subprocess.run(
        ["cpio", "-itv", "--quiet", "--numeric-uid-gid"],
        input=gzip.decompress(some_archive().bytes()),
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    assert done.stderr == b""
    by_name = {line[-3] if "->" in line else line[-1]: line for line in lines}
    assert by_name["dev/console"][0] == "crw-------" and by_name["dev/console"][4:6] == ["5,", "1"]
    assert by_name["init"][0] == "lrwxrwxrwx" and by_name["init"][-1] == "/guest/init"
    assert by_name["d/e/fffff"][:5] == ["-rw-r--r--", "1", "0", "0", "4"]
    assert by_name["d/e"][0] == "drwxr-xr-x"


@pytest.mark.parametrize("path", ["", "/", "/a/../b", "/a/./b", "/a//b", "..", "/../etc"])
def test_a_path_that_leads_elsewhere(path: str) -> None:
    """It is refused, whatever is put there."""
    archive = image.Archive()
    adds: tuple[Callable[[], None], ...] = (
        lambda: archive.file(path, b""),
        lambda: archive.folder(path),
        lambda: archive.link(path, "x"),
        lambda: archive.character(path, 1, 3),
    )
    for add in adds:
        with pytest.raises(ValueError, match="must be an absolute path without . and .."):
            add()
    assert entries(archive.bytes()) == []


def test_the_last_file_of_a_name_counts() -> None:
    """A folder that is there already stays as it is."""
    archive = image.Archive()
    for data in (b"one", b"two"):
        archive.file("/d/f", data)
    archive.folder("/d")
    found = entries(archive.bytes())
    assert [name for name, _ in found] == ["d", "d/f"] and found[1][1].data == b"two"


# ---- the image ----


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel and our programs, made up; build() puts them together."""
    made = tmp_path / "kernel-6.12-0"
    (made / "modules").mkdir(parents=True)
    for name in ("b.ko", "sev-guest.ko"):
        (made / "modules" / name).write_bytes(name.encode())
    (made / "modules" / "order").write_text("b.ko\n")
    (made / "release").write_text("6.12.0-none\n")
    (made / "vmlinuz").write_bytes(b"linux")
    write_program(made, "busybox", "printf 'busybox\\nls\\ncat\\n'")
    write_program(tmp_path / "bin", "suite-runner-static", "")
    write_program(tmp_path / "bin", "pspd", "")
    write_program(tmp_path, "pump", "")
    monkeypatch.setattr(image, "kernel", lambda _series, _say: kernel.Kernel(made))
    monkeypatch.setattr(image, "pump", lambda: tmp_path / "pump")
    return tmp_path


def build(parts: Path) -> image.Image:
    return image.build("6.12", bin_dir=parts / "bin", say=pytest.fail)


def test_what_is_in_an_image(parts: Path) -> None:
    """All that init needs, and nothing that it would have to make."""
    made = build(parts)
    assert (made.release, made.kernel.read_bytes()) == ("6.12.0-none", b"linux")
    found = dict(entries(made.initrd.read_bytes()))
    assert found["init"].data == b"/guest/init"
    assert found["guest/init"].data == (image.HERE / "init").read_bytes()
    assert found["guest/boot"].mode == stat.S_IFREG | 0o755
    assert {found[f"bin/{name}"].data for name in ("ls", "cat")} == {b"busybox"}
    assert stat.S_ISREG(found["bin/busybox"].mode)
    assert (found["modules/b.ko"].data, found["modules/order"].data) == (b"b.ko", b"b.ko\n")
    assert {"guest/pump", "guest/pspd", "guest/suite-runner", "dev/console", "out", "proc"} <= set(found)


def test_the_same_inputs_give_the_same_bytes(
    parts: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    """Two caches, two images, one content; a cached one is not made again."""
    first = build(parts)
    monkeypatch.setenv("SEVKIT_CACHE", str(parts / "other"))
    for path in (parts / "bin").iterdir():
        os.utime(path, (1, 1))
    second = build(parts)
    assert first.initrd.is_relative_to(own_cache) and second.initrd.is_relative_to(parts / "other")
    assert first.initrd.parent.name == second.initrd.parent.name
    assert first.initrd.read_bytes() == second.initrd.read_bytes()
    second.initrd.write_bytes(b"kept")
    assert build(parts).initrd.read_bytes() == b"kept"


@pytest.mark.parametrize("changed", ["bin/suite-runner-static", "bin/pspd", "pump"])
def test_another_program_gives_another_image(parts: Path, changed: str) -> None:
    """The old one stays."""
    first = build(parts)
    (parts / changed).write_text("#!/bin/sh\ntrue\n")
    second = build(parts)
    assert first.initrd.parent != second.initrd.parent and first.initrd.is_file()


def test_what_an_images_name_depends_on(tmp_path: Path) -> None:
    """The kernel, each file's content and its place."""
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    first, second = tmp_path / "a", tmp_path / "b"
    keys = [
        image.image_key("kernel-1", [(first, "/x"), (second, "/y")]),
        image.image_key("kernel-2", [(first, "/x"), (second, "/y")]),
        image.image_key("kernel-1", [(second, "/x"), (first, "/y")]),
        image.image_key("kernel-1", [(first, "/x"), (second, "/z")]),
        image.image_key("kernel-1", [(first, "/x")]),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", ["suite-runner-static", "pspd"])
def test_a_program_that_was_not_built(parts: Path, name: str) -> None:
    """What makes it is named."""
    (parts / "bin" / name).unlink()
    with pytest.raises(kernel.MissingError, match=f"bin/{name} is missing: make .*bin/{name}$"):
        build(parts)


def test_a_program_brings_its_libraries() -> None:
    """Those of a dynamic program, its loader among them; a script has none."""
    shell = Path("/bin/sh").resolve()
    archive = image.Archive()
    image.add_program(archive, shell, "/x/sh")
    names = {name for name, _ in entries(archive.bytes())}
    assert "x/sh" in names and any("ld-linux" in name or "ld-musl" in name for name in names)
    assert image.libraries(image.HERE / "init") == []


# ---- the cache ----


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own variable, the user's cache, the user's home."""
    assert cache.folder().name == "cache"
    monkeypatch.delenv("SEVKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.folder() == Path("/x/sevkit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert cache.folder() == Path("/h/.cache/sevkit")


def test_keys(tmp_path: Path) -> None:
    """By content, and by where one part ends."""
    (tmp_path / "f").write_text("ab")
    assert cache.key("ab") == cache.key(b"ab") == cache.key(tmp_path / "f")
    assert len({cache.key("ab", "c"), cache.key("a", "bc"), cache.key("abc"), cache.key("abc", "")}) == 4


def test_what_is_kept_is_made_once(own_cache: Path) -> None:
    """Nothing lies in the cache before it is whole."""

    def make(work: Path) -> None:
        assert not (own_cache / "x").exists()
        (work / "f").write_text("made")

    assert (cache.kept("x", make) / "f").read_text() == "made"
    assert cache.kept("x", lambda _: pytest.fail("made again")) == own_cache / "x"
    assert [path.name for path in own_cache.iterdir()] == ["x"]


def test_a_failure_leaves_nothing(own_cache: Path) -> None:
    """The next one starts afresh."""

    def make(work: Path) -> None:
        (work / "half").write_text("")
        raise kernel.MissingError("no network")

    with pytest.raises(kernel.MissingError, match="no network"):
        cache.kept("x", make)
    assert list(own_cache.iterdir()) == []


def test_two_at_once_keep_one(own_cache: Path) -> None:
    """Both have it, whole, whoever was first."""
    both = threading.Barrier(2, timeout=20)
    got: list[str] = []

    def make(work: Path) -> None:
        (work / "f").write_text("made")
        (work / work.name).write_text("")
        both.wait()

    def run() -> None:
        place = cache.kept("x", make)
        got.append((place / "f").read_text())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == ["made", "made"]
    assert [path.name for path in own_cache.iterdir()] == ["x"]
    assert len(list((own_cache / "x").iterdir())) == 2


def test_a_cache_that_cannot_be_renamed_into(own_cache: Path) -> None:
    """A file where the folder should be is nobody's faster result."""
    own_cache.mkdir()
    (own_cache / "x").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        cache.kept("x", lambda _: None)
    assert [path.name for path in own_cache.iterdir()] == ["x"]


# ---- modules ----


def module(*names: str) -> bytes:
    """A module that depends on NAMES."""
    return b"\x7fELF\0license=GPL\0depends=" + ",".join(names).encode() + b"\0name=x\0"


def reader(**modules: bytes) -> Callable[[str], bytes | None]:
    """Gives MODULES; all else is built in."""
    return modules.get


def test_depends() -> None:
    """Names as the loader has them; none where there is no such field."""
    assert kernel.depends(module("a-b", "c")) == ["a_b", "c"]
    assert kernel.depends(module()) == []
    assert kernel.depends(b"\0mydepends=a\0") == []


def test_each_module_after_its_own() -> None:
    """A chain, a diamond, a built-in one, each once."""
    read = reader(a=module("b", "built_in"), b=module("c"), c=module(), d=module("c", "b"), x_y=module("a"))
    assert kernel.closure(["a"], read) == ["c", "b", "a"]
    assert kernel.closure(["d", "a", "d"], read) == ["c", "b", "d", "a"]
    assert kernel.closure(["x-y"], read) == ["c", "b", "a", "x_y"]
    assert kernel.closure(["built_in", "none"], read) == []


def test_modules_that_need_each_other() -> None:
    """Linux could not load them either; what counts is that it ends."""
    with pytest.raises(ValueError, match="a: depends on itself"):
        kernel.closure(["x", "a"], reader(x=module(), a=module("b"), b=module("c"), c=module("a")))


def test_module_files(tmp_path: Path) -> None:
    """Packed or not; by the name that the kernel has for them."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a-b.ko.xz").write_bytes(lzma.compress(b"packed"))
    (tmp_path / "c.ko").write_bytes(b"plain")
    paths = kernel.module_paths(tmp_path)
    assert {name: kernel.module_bytes(path) for name, path in paths.items()} == {
        "a_b": b"packed",
        "c": b"plain",
    }


# ---- the rebinding ----

DRIVER = """
struct { unsigned long long crc; char name[56]; } versions[]
    __attribute__((section("__versions"), used)) = {
    {0x1111, "cc_platform_has"}, {0x2222, "printk"}, {0x3333, "snp_vmpl"}};
int cc_platform_has(int attr);
int printk(const char *format);
extern unsigned char snp_vmpl;
int probe(void);
int probe(void) { return cc_platform_has(snp_vmpl) + printk("x"); }
"""
SYMVERS = (
    "0xaaaa0001\tshim_cc_platform_has\t/build/sevkit_shim\tEXPORT_SYMBOL_GPL\t\n"
    "0xaaaa0002\tshim_snp_vmpl\t/build/sevkit_shim\tEXPORT_SYMBOL_GPL\t\n"
)
TOOLS = ("cc", "nm", "objcopy")
with_tools = pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"{', '.join(TOOLS)} are needed")


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """An object with imports and their versions, and the shim's symvers beside it."""
    (tmp_path / "driver.c").write_text(DRIVER)
    (tmp_path / "symvers").write_text(SYMVERS)
    subprocess.run(["cc", "-c", "-o", "driver.ko", "driver.c"], cwd=tmp_path, check=True)
    return tmp_path / "driver.ko"


def symbols(path: Path, *options: str) -> set[str]:
    done = subprocess.run(["nm", *options, path], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in done.stdout.splitlines()}


def section(path: Path, name: str) -> bytes:
    out = path.with_suffix(".section")
    subprocess.run(["objcopy", "--dump-section", f"{name}={out}", path], check=True)
    return out.read_bytes()


@with_tools
def test_imports_are_bound_anew(driver: Path) -> None:
    """Ours and their checksums; all else stays, the code to its last byte."""
    code, defined = section(driver, ".text"), symbols(driver, "--defined-only")
    before = symbols(driver, "-u")
    assert before - {"_GLOBAL_OFFSET_TABLE_"} == {"cc_platform_has", "printk", "snp_vmpl"}
    assert rebind.rebind(driver, driver.parent / "symvers") == ["cc_platform_has", "snp_vmpl"]
    after = symbols(driver, "-u")
    assert after == before - {"cc_platform_has", "snp_vmpl"} | {"shim_cc_platform_has", "shim_snp_vmpl"}
    rows = [
        (crc, name.rstrip(b"\0")) for crc, name in struct.iter_unpack("<Q56s", section(driver, "__versions"))
    ]
    assert rows == [
        (0xAAAA0001, b"shim_cc_platform_has"),
        (0x2222, b"printk"),
        (0xAAAA0002, b"shim_snp_vmpl"),
    ]
    assert section(driver, ".text") == code and symbols(driver, "--defined-only") == defined


@with_tools
def test_a_shim_without_a_name(driver: Path) -> None:
    """It is named, and the driver stays as it was."""
    (driver.parent / "symvers").write_text(SYMVERS.splitlines(keepends=True)[0])
    before = driver.read_bytes()
    with pytest.raises(ValueError, match="^shim_snp_vmpl: must be a name that the shim's Module.symvers has"):
        rebind.rebind(driver, driver.parent / "symvers")
    assert driver.read_bytes() == before


@pytest.mark.parametrize("size", [1, 63, 65, 127])
def test_a_section_of_another_form(size: int) -> None:
    """Entries of 64 bytes only."""
    with pytest.raises(ValueError, match=f"__versions: {size} bytes are no entries of 64"):
        rebind.rebound_versions(bytes(size), {})


def test_a_section_without_ours() -> None:
    """Names that only begin like ours are not."""
    data = b"".join(struct.pack("<Q56s", 7, name) for name in (b"printk", b"snp_vmpl_x", b"cc_platform_ha"))
    assert rebind.rebound_versions(data, {}) == (data, [])
    assert rebind.rebound_versions(b"", {}) == (b"", [])


# ---- packages ----


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the PATH with an `unshare` that shares all."""
    folder = tmp_path / "tools"
    write_program(folder, "unshare", 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"')
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def test_packages_that_cannot_be_fetched(
    tools: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The last words of mmdebstrap are the message, and nobody else speaks."""
    write_program(tools, "mmdebstrap", "seq -f 'E: line %g' 9 >&2; exit 1")
    (tmp_path / "root").mkdir()
    with pytest.raises(kernel.MissingError) as caught:
        kernel.unpack("bookworm", tmp_path / "root")
    text = str(caught.value)
    assert text.startswith("Debian bookworm could not be fetched: ") and "E: line 9; tar: " in text
    assert "line 4" not in text
    assert capfd.readouterr().err == ""


def test_an_archive_that_breaks_off(tools: Path, tmp_path: Path) -> None:
    """Of mmdebstrap's success only its whole output is one."""
    write_program(tools, "mmdebstrap", f"head -c 700 {tmp_path}/whole.tar")
    (tmp_path / "root").mkdir()
    with tarfile.open(tmp_path / "whole.tar", "w") as tar:
        member = tarfile.TarInfo("./f")
        member.size = 2000
        tar.addfile(member, io.BytesIO(bytes(2000)))
    with pytest.raises(kernel.MissingError, match="could not be fetched: tar: "):
        kernel.unpack("bookworm", tmp_path / "root")


def test_packages_in_a_folder(tools: Path, tmp_path: Path) -> None:
    """Owned by whoever fetches them, without device nodes, with awk."""
    with tarfile.open(tmp_path / "whole.tar", "w") as tar:
        for name in ("./dev/null", "./usr/bin/mawk"):
            member = tarfile.TarInfo(name)
            member.size, member.uid, member.gid = 2, 4321, 4321
            tar.addfile(member, io.BytesIO(b"hi"))
    write_program(
        tools, "mmdebstrap", f'echo "$TAR_OPTIONS" "$@" > {tmp_path}/asked; cat {tmp_path}/whole.tar'
    )
    root = tmp_path / "root"
    root.mkdir()
    kernel.unpack("bookworm", root)
    mawk = root / "usr/bin/mawk"
    assert mawk.read_text() == "hi" and mawk.stat().st_uid == os.geteuid()
    assert (root / "usr/bin/awk").readlink() == Path("mawk")
    assert not (root / "dev/null").exists()
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == "--no-same-owner" and {"--skip=chroot/mount", "--variant=extract"} < set(asked)
    assert asked[-2:] == ["bookworm", "-"] and "linux-headers-amd64" in asked[-3]


@pytest.mark.parametrize(("uid", "options"), [(0, []), (12345, ["--map-root-user", "--mount"])])
def test_a_namespace(tools: Path, monkeypatch: pytest.MonkeyPatch, uid: int, options: list[str]) -> None:
    """Root needs none: it may stand in a root folder that is no mount point."""
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert kernel.own_namespace() == ([str(tools / "unshare"), *options] if options else [])


def test_a_shim_that_does_not_build(tools: Path, tmp_path: Path) -> None:
    """The compiler's words are in the message."""
    write_program(tools, "mount", "exit 0")
    write_program(tools, "chroot", "echo 'sevkit_shim.c:7: error: no such thing' >&2; exit 2")
    (tmp_path / "root").mkdir()
    with pytest.raises(RuntimeError, match="(?s)does not build for 6.1.0-1:.*c:7: error: no such thing"):
        kernel.build_shim(tmp_path / "root", "6.1.0-1")
    names = {path.name for path in (tmp_path / "root/build").iterdir()}
    assert names == {"Kbuild", "sevkit_shim.c"}


def test_need(monkeypatch: pytest.MonkeyPatch, tools: Path) -> None:
    """The path, or the line that installs it."""
    assert kernel.need("unshare", "util-linux") == str(tools / "unshare")
    monkeypatch.setenv("PATH", "/none")
    said = "^unshare is missing: apt-get install -y --no-install-recommends util-linux$"
    with pytest.raises(kernel.MissingError, match=said):
        kernel.need("unshare", "util-linux")


# ---- QEMU ----


def test_time_in_a_guest() -> None:
    """Virtual unless somebody measures; KVM has none."""
    assert vm.cpu_options("tcg", True) == ["-accel", "tcg", "-icount", "shift=1,sleep=off"]
    assert vm.cpu_options("tcg", False) == ["-accel", "tcg"]
    assert vm.cpu_options("kvm", True) == vm.cpu_options("kvm", False) == ["-accel", "kvm", "-cpu", "host"]
    assert session.Setup("6.12").virtual_time


@pytest.mark.parametrize(
    ("said", "lines", "status"),
    [
        (["sevkit-guest: end 0"], [], 0),
        (["hi", "sevkit-guest: end 7"], ["hi"], 7),
        (["a", "hisevkit-guest: end 3"], ["a", "hi"], 3),
        (["sevkit-guest: end of it", "sevkit-guest: end 0"], ["sevkit-guest: end of it"], 0),
    ],
)
def test_the_end_of_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], lines: list[str], status: int
) -> None:
    """Its last line may be without an end."""
    write_program(tmp_path / "q", vm.QEMU, "printf 'sevkit-guest: begin\\n'; printf '%s\\n' " + quoted(said))
    write_program(tmp_path / "q", "pspd", "echo 'pspd: ready'; exec sleep 1000")
    monkeypatch.setenv("PATH", f"{tmp_path / 'q'}:{os.environ['PATH']}")
    some = image.Image(Path("/none"), Path("/none"), "6.12.0-none")
    with vm.Guest(some, "command", bin_dir=tmp_path / "q", world=vm.World()) as guest:
        assert list(guest.output()) == lines
        assert guest.status() == status


def quoted(words: list[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


@pytest.mark.parametrize(
    "error", [RuntimeError("it does not build"), KeyError("sev_guest"), ValueError("odd")]
)
def test_a_kernel_that_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, tools: Path, tmp_path: Path, error: Exception
) -> None:
    """Whatever goes wrong is told in one line, and nothing is kept of it."""

    def fail(*_: object) -> None:
        raise error

    assert tools.is_dir()
    monkeypatch.setenv("SEVKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kernel, "TOOLS", ())
    monkeypatch.setattr(kernel, "unpack", lambda *_: None)
    monkeypatch.setattr(kernel, "gather", fail)
    with pytest.raises(kernel.MissingError, match="Linux 6.1 cannot be made ready for the guest: "):
        kernel.kernel("6.1", lambda _: None)
    assert list((tmp_path / "cache").iterdir()) == []
