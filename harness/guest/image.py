"""The guest's initramfs: busybox, modules, the pump, the suites' agent, scripts.

The same inputs give the same bytes.
"""

import gzip
import stat
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from guest import cache
from guest.kernel import MissingError as MissingError
from guest.kernel import kernel, need

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Image:
    """What QEMU is given."""

    kernel: Path
    initrd: Path
    release: str


# ---- cpio, the format "newc" ----


def record(inode: int, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> bytes:
    """One entry, padded to four bytes: owner root, time 0."""
    encoded = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


class Archive:
    """An initramfs in the making; folders come with what lies in them."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[int, bytes, tuple[int, int]]] = {}

    def _add(self, path: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        name = path.strip("/")
        parts = name.split("/")
        if not name or any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"{path}: must be an absolute path without . and ..")
        for i in range(1, len(parts)):
            self._entries.setdefault("/".join(parts[:i]), (stat.S_IFDIR | 0o755, b"", (0, 0)))
        self._entries[name] = (mode, data, device)

    def folder(self, path: str) -> None:
        """An empty folder."""
        self._add(path, stat.S_IFDIR | 0o755)

    def file(self, path: str, data: bytes, mode: int = 0o755) -> None:
        """A file with DATA."""
        self._add(path, stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def character(self, path: str, major: int, minor: int) -> None:
        """A character device."""
        self._add(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def bytes(self) -> bytes:
        """The archive, compressed."""
        out = bytearray()
        for inode, name in enumerate(sorted(self._entries), 1):
            out += record(inode, name, *self._entries[name])
        out += record(0, "TRAILER!!!", 0)
        return gzip.compress(bytes(out), compresslevel=1, mtime=0)


# ---- what is in it ----


def libraries(program: Path) -> list[Path]:
    """The shared libraries of PROGRAM and its loader; none for a static one."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return []
    words = [word for line in done.stdout.splitlines() for word in line.split()]
    return [Path(word) for word in words if word.startswith("/")]


def add_program(archive: Archive, program: Path, path: str) -> None:
    """PROGRAM at PATH, with the libraries that it needs where its loader looks for them."""
    archive.file(path, program.read_bytes())
    for library in libraries(program):
        archive.file(str(library), library.read_bytes())


def applets(busybox: Path) -> list[str]:
    """The names that busybox answers to."""
    done = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split() if name != "busybox"]


def pump() -> Path:
    """The pump, compiled."""
    source = HERE / "pump.c"

    def make(work: Path) -> None:
        command = [
            need("cc", "gcc"),
            "-std=gnu17",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-static",
            "-o",
            str(work / "pump"),
            str(source),
        ]
        subprocess.run(command, check=True)

    return cache.kept(f"pump-{cache.key(source)}", make) / "pump"


def programs(bin_dir: Path) -> list[tuple[Path, str]]:
    """Ours: host file and path in the guest."""
    pairs = [(bin_dir / "suite-runner-static", "/guest/suite-runner"), (bin_dir / "pspd", "/guest/pspd")]
    for program, _ in pairs:
        if not program.is_file():
            raise MissingError(f"{program} is missing: make {program}")
    return [(pump(), "/guest/pump"), *pairs]


def build(series: str, *, bin_dir: Path, say: Callable[[str], None]) -> Image:
    """The image of SERIES, "6.1" or "6.12"."""
    source = kernel(series, say)
    ours = programs(bin_dir)
    scripts = [(HERE / name, f"/guest/{name}") for name in ("init", "boot")]
    everything = [*ours, *scripts]

    def make(work: Path) -> None:
        archive = Archive()
        archive.character("/dev/console", 5, 1)
        for folder in ("/proc", "/sys", "/dev", "/run", "/tmp", "/out", "/root"):
            archive.folder(folder)
        add_busybox(archive, source.busybox)
        for module in source.modules:
            archive.file(f"/modules/{module.name}", module.read_bytes(), 0o644)
        archive.file("/modules/order", (source.folder / "modules" / "order").read_bytes(), 0o644)
        for program, path in everything:
            add_program(archive, program, path)
        archive.link("/init", "/guest/init")
        (work / "initrd").write_bytes(archive.bytes())

    place = cache.kept(f"image-{series}-{image_key(source.folder.name, everything)}", make)
    return Image(source.vmlinuz, place / "initrd", source.release)


def image_key(source: str, files: Iterable[tuple[Path, str]]) -> str:
    """What an image is made from."""
    parts: list[Path | str] = [source, HERE / "image.py"]
    for program, path in files:
        parts += [program, path, *libraries(program)]
    return cache.key(*parts)


def add_busybox(archive: Archive, busybox: Path) -> None:
    """The shell and all its applets."""
    archive.file("/bin/busybox", busybox.read_bytes())
    for name in applets(busybox):
        archive.link(f"/bin/{name}", "busybox")
