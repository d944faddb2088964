"""Whether configfs-tsm can be there under psp-run on this machine."""

from __future__ import annotations

import subprocess

from pspd_client import BIN

# psp-run's words for what a machine forbids; anything else is a failure.
FORBIDDEN = (
    *("/dev/fuse: ", "no new namespaces: ", "/proc/self/uid_map: "),
    *("mounts cannot be made private: ", "cannot change root filesystem propagation"),  # in a chroot
)


def forbidden(said: str) -> str:
    """What psp-run has SAID, if it is that the machine forbids configfs-tsm; else ""."""
    return said.strip() if any(reason in said for reason in FORBIDDEN) else ""


def why_not() -> str:
    """Why this machine has no configfs-tsm under psp-run; "" if it has."""
    done = subprocess.run([str(BIN / "psp-run"), "--", "true"], capture_output=True, text=True, check=False)
    return forbidden(done.stderr)
