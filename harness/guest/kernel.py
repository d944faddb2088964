"""A distribution's kernel for the guest: image, modules, the shim built for it, the driver rebound.

Everything comes from Debian's packages, unpacked into a folder of its own by mmdebstrap (no package is
installed, no source list of this system is edited); that release's own compiler builds the shim in there.
"""

import lzma
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from guest import cache, rebind

HERE = Path(__file__).parent
SHIM = (HERE / "shim" / "sevkit_shim.c", HERE / "shim" / "Kbuild")

SUITES = {"6.1": "bookworm", "6.12": "trixie"}

# base-files brings the release's links of /bin and the like; from `make` on, what kbuild calls.
PACKAGES = (
    *("base-files", "linux-image-amd64", "linux-headers-amd64", "busybox-static"),
    *("make", "dash", "bash", "coreutils", "sed", "grep", "mawk", "findutils", "diffutils"),
)

# What the guest loads before the shim, in this order, each after what it depends on. One that a kernel has
# built in, or does not know, is left out.
MODULES = (
    *("virtio_pci", "virtio_console", "crypto_null", "gf128mul", "ghash-generic", "ctr", "gcm"),
    *("configfs", "tsm", "fuse", "cuse"),
)
DRIVER = "sev-guest"

# What it is all made with, and the packages that they are in.
TOOLS = (("objcopy", "binutils"), ("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux"))


class MissingError(Exception):
    """A program that is needed is not here; the text says how to get it."""


def need(program: str, package: str) -> str:
    """The path of PROGRAM."""
    path = shutil.which(program)
    if path is None:
        raise MissingError(f"{program} is missing: apt-get install -y --no-install-recommends {package}")
    return path


@dataclass(frozen=True)
class Kernel:
    """What kernel() left in its folder."""

    folder: Path

    @property
    def release(self) -> str:
        """What uname -r says in the guest."""
        return (self.folder / "release").read_text().strip()

    @property
    def vmlinuz(self) -> Path:
        """The kernel image."""
        return self.folder / "vmlinuz"

    @property
    def busybox(self) -> Path:
        """The guest's shell and tools."""
        return self.folder / "busybox"

    @property
    def order(self) -> list[str]:
        """Names of the modules to load, in order."""
        return (self.folder / "modules" / "order").read_text().split()

    @property
    def modules(self) -> list[Path]:
        """All module files, the shim and the rebound driver among them."""
        return sorted((self.folder / "modules").glob("*.ko"))


def own_namespace() -> list[str]:
    """Before a command that wants to be root: nothing for root, else a user and mount namespace."""
    return [] if os.geteuid() == 0 else [need("unshare", "util-linux"), "--map-root-user", "--mount"]


def fetch(suite: str, packages: Iterable[str], root: Path) -> None:
    """Debian SUITE's PACKAGES, and what they depend on, unpacked in ROOT."""
    command = [
        *own_namespace(),
        need("mmdebstrap", "mmdebstrap"),
        "--mode=root",
        '--aptopt=APT::Sandbox::User "root"',  # the only user that a namespace of one user has
        "--skip=chroot/mount",
        "--quiet",
        "--variant=extract",
        "--format=tar",
        "--include=" + ",".join(packages),
        suite,
        "-",
    ]
    # Its own tar would give files to users that such a namespace does not have.
    environment = {**os.environ, "TAR_OPTIONS": "--no-same-owner"}
    tar = ["tar", "-x", "--exclude=./dev/*", "-C", str(root)]
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment) as source:
            unpacked = subprocess.run(
                tar, stdin=source.stdout, stderr=errors, env=environment, check=False
            ).returncode
        if source.returncode != 0 or unpacked != 0:
            errors.seek(0)
            lines = errors.read().decode(errors="replace").splitlines()
            raise MissingError(f"Debian {suite} could not be fetched: " + "; ".join(lines[-5:]))


def unpack(suite: str, root: Path) -> None:
    """What a kernel of Debian SUITE is made of, in ROOT."""
    fetch(suite, PACKAGES, root)
    awk = root / "usr/bin/awk"  # an alternative, made when the package is installed
    if not awk.is_symlink():
        awk.symlink_to("mawk")


def module_paths(tree: Path) -> dict[str, Path]:
    """Each module's name, with underscores, and its file."""
    files = [*tree.rglob("*.ko"), *tree.rglob("*.ko.xz")]
    return {f.name.split(".")[0].replace("-", "_"): f for f in files}


def module_bytes(path: Path) -> bytes:
    """The module as the kernel loads it."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def depends(module: bytes) -> list[str]:
    """The modules that must be loaded before it: `depends` in .modinfo."""
    match = re.search(rb"\0depends=([^\0]*)\0", module)
    names = match.group(1).decode() if match else ""
    return [name.replace("-", "_") for name in names.split(",") if name]


def closure(names: Iterable[str], read: Callable[[str], bytes | None]) -> list[str]:
    """NAMES and what they depend on, each after its own. READ gives a module, None for a built-in one."""
    order: list[str] = []

    def add(name: str, users: tuple[str, ...]) -> None:
        if name in users:
            raise ValueError(f"{name}: depends on itself by way of {', '.join(users)}; must not")
        module = None if name in order else read(name)
        if module is None:
            return
        for other in depends(module):
            add(other, (*users, name))
        order.append(name)

    for name in names:
        add(name.replace("-", "_"), ())
    return order


def build_shim(root: Path, release: str) -> None:
    """/build/sevkit_shim.ko in ROOT, by ROOT's own compiler."""
    build = root / "build"
    build.mkdir()
    for source in SHIM:
        shutil.copy(source, build)
    # The compiler needs /dev/null. Only root can make one; in a namespace the system's is lent.
    null = root / "dev" / "null"
    if os.geteuid() == 0:
        null.parent.mkdir(exist_ok=True)
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        lend = ""
    else:
        lend = 'mount --rbind /dev "$1/dev" && '
    make = f"/usr/bin/make -s -C /usr/src/linux-headers-{release} M=/build modules"
    script = (
        f'{lend}exec chroot "$1" /usr/bin/env -i PATH=/usr/bin:/bin LC_ALL=C KBUILD_BUILD_TIMESTAMP=@0 {make}'
    )
    done = subprocess.run(
        [*own_namespace(), "sh", "-c", script, "sh", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the shim does not build for {release}:\n{done.stdout}{done.stderr}")


def gather(root: Path, out: Path) -> None:
    """From ROOT to OUT: the few files that a guest needs."""
    (vmlinuz,) = (root / "boot").glob("vmlinuz-*")
    release = vmlinuz.name.removeprefix("vmlinuz-")
    build_shim(root, release)
    paths = module_paths(next(p for p in root.glob("**/lib/modules") if p.is_dir()) / release)
    order = closure(MODULES, lambda name: module_bytes(paths[name]) if name in paths else None)
    modules = out / "modules"
    modules.mkdir()
    for name in order:
        (modules / f"{name}.ko").write_bytes(module_bytes(paths[name]))
    driver = modules / f"{DRIVER}.ko"
    driver.write_bytes(module_bytes(paths[DRIVER.replace("-", "_")]))
    rebound = rebind.rebind(driver, root / "build" / "Module.symvers")
    if not {"cc_platform_has", "snp_issue_guest_request"} <= set(rebound):
        raise RuntimeError(
            f"{release}: {DRIVER} imports only {', '.join(rebound) or 'nothing'} of what the shim has"
        )
    (modules / "order").write_text("".join(f"{name}.ko\n" for name in order))
    shutil.copy(root / "build" / "sevkit_shim.ko", modules)
    shutil.copy(vmlinuz, out / "vmlinuz")
    busybox = next(p for p in (root / "bin/busybox", root / "usr/bin/busybox") if p.is_file())
    shutil.copy(busybox, out / "busybox")
    (out / "release").write_text(release + "\n")
    (out / "rebound").write_text("".join(f"{name}\n" for name in rebound))


def kernel(series: str, say: Callable[[str], None]) -> Kernel:
    """The kernel of SERIES, "6.1" or "6.12", from the cache or made now."""
    suite = SUITES[series]
    for program, package in TOOLS:
        need(program, package)

    def make(work: Path) -> None:
        say(f"guest: fetching Debian {suite}'s kernel and building the shim for it")
        with tempfile.TemporaryDirectory(dir=work.parent) as folder:
            root = Path(folder)
            try:
                unpack(suite, root)
                gather(root, work)
            except (RuntimeError, ValueError, LookupError, subprocess.SubprocessError) as error:
                raise MissingError(f"Linux {series} cannot be made ready for the guest: {error}") from error

    name = cache.key(*SHIM, HERE / "rebind.py", HERE / "kernel.py")
    return Kernel(cache.kept(f"kernel-{series}-{name}", make))
