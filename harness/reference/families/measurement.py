"""The family "measurement": launch digests (launch notes, sections 2 and 3)."""

from __future__ import annotations

from reference.bundle import Family
from reference.families._measure_chain import Claims
from reference.families._measure_vmsa import AllGuests

TEXT = """

Launch digests: which bytes of a launch the firmware measures, and what a host's launch of an OVMF image
comes to. A case gives the digest that somebody claims. It is invalid, with reason `measurement` (`imd` for
the initial migration image's digest), where the right one is another: what a tool with the named defect
would claim. All these claims are one class a layer, as the verdict is one comparison; their titles name the
wrong way, so that whoever gets another digest finds out by which mistake.

Op `pages`: a list of SNP_LAUNCH_UPDATE calls on a guest whose digests are zero.

| member | meaning |
| --- | --- |
| `pages[].type` | `NORMAL`, `VMSA`, `ZERO`, `UNMEASURED`, `SECRETS`, `CPUID`, or an unknown number |
| `pages[].gpa` | guest physical address |
| `pages[].contents` | the page's bytes, zeros behind them; null: all zero |
| `pages[].size` | `4K` (default) or `2M` |
| `pages[].vmpl1`, `vmpl2`, `vmpl3` | permission bytes, default 0 |
| `pages[].imi`, `imi_en` | IMI_PAGE; the guest's IMI_EN |
| `claimed`, `claimed_imd` | the digest that is claimed of LD, of IMD; optional |

A refused page ends the list with its firmware status, and the output is what the pages before it made of LD
and IMD.

Op `ovmf`: a host launches a guest from an image of OVMF (or, with `svsm`, from an SVSM below it).

| member | meaning |
| --- | --- |
| `ovmf`, `svsm`, `vars_size` | the images; bytes of variables between them, default 0 |
| `kernel`, `initrd`, `append` | what -kernel, -initrd and -append give; optional |
| `vcpus`, `vcpu_type`, `guest_features` | vCPUs, QEMU's name of their type, SEV_FEATURES |
| `vmm` | `QEMU`, `EC2` or `GCE` |
| `policy.ec2_rdx` | sources disagree: RDX of EC2's VMSA, default 0x600 |
| `policy.svsm_fcw` | sources disagree: FCW of an SVSM's VMSA, default 0 |
| `claimed` | the digest that is claimed |

Reasons besides `measurement`: `image` (size), `footer` (GUID table), `metadata`, `kernel-hashes`,
`reset-block`, `svsm-info`. The images are ours: nothing in them runs.
"""


def build() -> Family:
    f = Family("measurement", "Launch digests", TEXT)
    f.note(
        "ld-vmpl-order",
        bug_class="PAGE_INFO's permission bytes in another order",
        effect="a wrong digest where VMPL1 to VMPL3 have permissions; launches without them do not show it",
    )
    Claims(f).all()
    AllGuests(f).all()
    return f
