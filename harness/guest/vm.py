"""One running guest: pspd on the host, QEMU, the folder in which they meet.

    DIR/pspd.sock, DIR/pspd.sock.control   the emulator (docs/socket.md)
    DIR/agent.sock                         the guest's agent, for suite-runner
    DIR/console.log                        what the guest has written
    DIR/out.tar                            files that came back

Neither program outlives this one, however it ends: each asks the kernel to be killed with its parent.
"""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from guest.image import Image
from guest.kernel import MissingError, need

# Virtual time: an instruction takes 2**SHIFT ns, and idle waits pass at once.
ICOUNT = "shift=1,sleep=off"
MEMORY_MIB = 512
SECRETS = 0x6000000  # a page of the guest's memory that Linux leaves alone, below where QEMU puts the initrd
BOOT_SECONDS = 120.0
END_SECONDS = 30.0  # from the last word of a command to the power's end
TAIL_LINES = 20
READY_SIZE = 0x30  # the message with which an agent begins

QEMU = "qemu-system-x86_64"
KVM = Path("/dev/kvm")
BEGIN, PREFIX = "sevkit-guest: begin", "sevkit-guest: "
# A command whose last line is not ended has it on the same one.
END = re.compile(r"(?P<rest>.*)sevkit-guest: end (?P<status>[0-9]+)")

Mode = Literal["agent", "command", "shell"]


class GuestError(Exception):
    """There is no guest, or no more; CODE is the exit code for it."""

    def __init__(self, text: str, code: int = 3) -> None:
        super().__init__(text)
        self.code = code


class GuestTimeoutError(GuestError):
    """The guest did not get ready in time; TAIL is the end of its console."""

    def __init__(self, seconds: float, tail: list[str]) -> None:
        said = "; the console's last lines:\n" + "\n".join(tail) if tail else "; the console is empty"
        super().__init__(f"the guest was not ready after {seconds:g} s{said}")


@dataclass(frozen=True)
class World:
    """Options of pspd: what the guest's machine is. None: pspd's default."""

    profile: str | None = None
    scenario: str | None = None
    seed: int | None = None

    def options(self) -> list[str]:
        """As pspd takes them."""
        pairs = {"--profile": self.profile, "--scenario": self.scenario, "--seed": self.seed}
        return [text for name, value in pairs.items() if value is not None for text in (name, str(value))]


def qemu_program() -> str:
    """The path of QEMU."""
    return need(QEMU, "qemu-system-x86")


def qemu_version() -> str:
    """QEMU's version, as in "7.2.22"."""
    done = subprocess.run([qemu_program(), "--version"], capture_output=True, text=True, check=False)
    words = done.stdout.split()
    return words[3] if words[:3] == ["QEMU", "emulator", "version"] and len(words) > 3 else "unknown"


def check_accel(accel: str) -> None:
    """KVM only where this user may open it."""
    if accel != "kvm":
        return
    try:
        KVM.open("r+b", buffering=0).close()
    except OSError as error:
        raise MissingError(f"--accel kvm: {KVM}: {error.strerror}; --accel tcg needs nothing") from error


def cpu_options(accel: str, virtual_time: bool) -> list[str]:
    """How QEMU runs the guest's processor. KVM has the host's clock only."""
    if accel == "kvm":
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg", *(("-icount", ICOUNT) if virtual_time else ())]


def _value(path: Path) -> str:
    """A path in one of QEMU's options, where a comma ends a value."""
    return str(path).replace(",", ",,")


def qemu_command(image: Image, mode: Mode, cpu: list[str], folder: Path, agent_fd: int) -> list[str]:
    """QEMU's command line. AGENT_FD is a socket that listens at DIR/agent.sock."""
    words = f"console=ttyS0 quiet panic=-1 memmap=4K${SECRETS:#x} sevkit.secrets={SECRETS:#x}"
    # The user's ^C is the guest's; ^A x ends a shell's guest.
    console = "stdio,id=console,signal=off" + (",mux=on" if mode == "shell" else "")
    chardevs = [
        f"socket,id=door,path={_value(folder)}/pspd.sock",
        f"socket,id=agent,fd={agent_fd},server=on,wait=off",
        f"file,id=out,path={_value(folder)}/out.tar",
        console,
    ]
    ports = [f"virtserialport,nr={n},chardev={c},name={c}" for n, c in enumerate(("door", "agent", "out"), 1)]
    return [
        *(qemu_program(), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
        *("-machine", "q35", *cpu, "-m", str(MEMORY_MIB), "-smp", "1"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-append", f"{words} sevkit.mode={mode}"),
        *(text for chardev in chardevs for text in ("-chardev", chardev)),
        *("-device", "virtio-serial-pci"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),  # a guest that gives up: init's stop
        *(text for port in ports for text in ("-device", port)),
        *("-serial", "chardev:console"),
    ]


def _with_parent(command: list[str]) -> list[str]:
    """COMMAND, killed when this process ends."""
    return [need("setpriv", "util-linux"), "--pdeathsig", "KILL", *command]


class Console:
    """The guest's console: kept in a file, its lines handed on as they come, None at the end."""

    def __init__(self, stream: IO[bytes], log: Path) -> None:
        self.lines: queue.Queue[str | None] = queue.Queue()
        self._log = log
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream, self._log.open("wb", buffering=0) as log:
            for raw in stream:
                log.write(raw)
                self.lines.put(raw.decode(errors="replace").rstrip("\r\n"))
        self.lines.put(None)

    def close(self) -> None:
        """Waits for the last line. The stream must be at its end."""
        self._reader.join()

    def tail(self) -> list[str]:
        """The last lines of the console."""
        try:
            text = self._log.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return []
        return [line.rstrip() for line in text.splitlines()][-TAIL_LINES:]


class Guest:
    """A guest from its start to its end: `with Guest(...) as guest`."""

    def __init__(
        self,
        image: Image,
        mode: Mode,
        *,
        bin_dir: Path,
        world: World,
        accel: str = "tcg",
        virtual_time: bool = True,
        boot_seconds: float = BOOT_SECONDS,
    ) -> None:
        self.image = image
        self._mode: Mode = mode
        self._bin = bin_dir
        self._world = world
        self._cpu = cpu_options(accel, virtual_time)
        self._boot_seconds = boot_seconds
        self._deadline = 0.0
        self._stack = contextlib.ExitStack()
        self.folder = Path()
        self.pspd: subprocess.Popen[str]
        self.qemu: subprocess.Popen[bytes]
        self._console: Console | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sevkit-guest-")))
            self._start_pspd(stack)
            self._start_qemu(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start_pspd(self, stack: contextlib.ExitStack) -> None:
        command = [str(self._bin / "pspd"), "--listen", str(self.folder / "pspd.sock")]
        log = self.folder / "pspd.log"
        with log.open("wb") as errors:
            self.pspd = subprocess.Popen(
                _with_parent([*command, *self._world.options()]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        stack.callback(_end, self.pspd)
        assert self.pspd.stdout is not None
        for line in self.pspd.stdout:
            if line == "pspd: ready\n":
                return
        code = self.pspd.wait()
        raise GuestError(log.read_text(errors="replace").strip() or f"pspd ended ({code})", code or 3)

    def _start_qemu(self, stack: contextlib.ExitStack) -> None:
        shell = self._mode == "shell"
        # Listening before QEMU starts, so that nobody has to wait for the socket to appear.
        with socket.socket(socket.AF_UNIX) as agent, (self.folder / "qemu.log").open("wb") as errors:
            agent.bind(str(self.folder / "agent.sock"))
            agent.listen(1)
            command = qemu_command(self.image, self._mode, self._cpu, self.folder, agent.fileno())
            self.qemu = subprocess.Popen(
                _with_parent(command),
                pass_fds=[agent.fileno()],
                stdin=None if shell else subprocess.DEVNULL,
                stdout=None if shell else subprocess.PIPE,
                stderr=None if shell else errors,
            )
        self._deadline = time.monotonic() + self._boot_seconds
        if self.qemu.stdout is not None:
            self._console = Console(self.qemu.stdout, self.folder / "console.log")
            stack.callback(self._console.close)
        stack.callback(_end, self.qemu)

    def tail(self) -> list[str]:
        """The last lines of the console."""
        return [] if self._console is None else self._console.tail()

    def _ended(self) -> GuestError:
        """QEMU is gone before its time: why, in its own words or the guest's."""
        try:
            code = self.qemu.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return GuestError("the guest went silent: QEMU closed its ports and runs on")
        if self._console is not None:
            self._console.close()
        said = (self.folder / "qemu.log").read_text(errors="replace").strip()
        tail = self.tail()
        ours = [line for line in tail if line.startswith(PREFIX) and line != BEGIN]
        text = said or "\n".join(ours or tail) or "it said nothing"
        return GuestError(f"the guest ended too early (QEMU's exit code {code}): {text}")

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 0.001)

    def wait_for_agent(self) -> None:
        """Returns when the guest's agent serves DIR/agent.sock."""
        got = 0
        with socket.socket(socket.AF_UNIX) as agent:
            try:
                agent.connect(str(self.folder / "agent.sock"))
            except ConnectionError:
                raise self._ended() from None
            while got < READY_SIZE:  # all of it, so that the next one finds no rest
                agent.settimeout(self._left())
                try:
                    more = len(agent.recv(READY_SIZE - got))
                except TimeoutError:
                    raise GuestTimeoutError(self._boot_seconds, self.tail()) from None
                except ConnectionError:
                    more = 0
                if more == 0:
                    raise self._ended()
                got += more

    def _line(self, timeout: float | None) -> str:
        assert self._console is not None
        try:
            line = self._console.lines.get(timeout=timeout)
        except queue.Empty:
            raise GuestTimeoutError(self._boot_seconds, self.tail()) from None
        if line is None:
            raise self._ended()
        return line

    def output(self) -> Iterator[str]:
        """The lines that the command prints, as they come; then status() is its status."""
        while self._line(self._left()) != BEGIN:
            pass
        while (match := END.fullmatch(line := self._line(None))) is None:
            yield line
        if match["rest"]:
            yield match["rest"]
        self._status = int(match["status"])

    def status(self) -> int:
        """The command's status, after output(); the power is off then."""
        try:
            self.qemu.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise GuestError(f"the guest did not power off within {END_SECONDS:g} s") from None
        return self._status


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Ends a child; there is nothing in it that would be worth a farewell."""
    process.kill()
    process.wait()
