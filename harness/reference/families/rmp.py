"""Family rmp: known answers of the reverse map table."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import (
    _rmp_access,
    _rmp_guest,
    _rmp_host,
    _rmp_memory,
    _rmp_move,
    _rmp_page_move,
    _rmp_swap,
    _rmp_vmrun,
)
from reference.families._rmp import UNCONFIRMED, cite_twins

TEXT = """
A small reverse map table, one instruction or access, and what becomes of the table. The millions of cases
that both models agree on are in `vectors/rmp/decisions.json`; these are the ones to read. Op `rmp`:

- The table covers 8 MiB of memory from 0. All pages are Hypervisor pages of 4 KiB but `entries`, which are
  put in this order: `at`, `size` ("4K", "2M"), `assigned`, `immutable`, `validated`, `vmsa`, `asid`, `gpa`,
  `perms` (the masks of VMPL 0 to 3 in hex), `mark` ("metadata": firmware's tag) and `in_use` (how many
  processors use the page after VMRUN); `count`: of so many pages, with GPAs that follow. Pages from
  `own.start` to `own.end` hold the RMP itself.
- What no source settles is decided by switches (docs/ambiguities.md, section RMP). A case whose result is
  `policy` accepts either answer of those who cannot turn its switch. A case that states switches in
  `input.policy` says what one value makes of the table: skip it where the switch cannot be turned so.
- `cpu` executes, in 64-bit mode at CPL 0: `snp` (of a host: SYSCFG.SNPEn), `vmpl`, `asid` (0: the host).
  Without `cpu`: a host with SNP.
- `do.instruction` is RMPUPDATE (`spa`, `new`), PSMASH or RMPREAD (`spa`), PVALIDATE (`gva`, `size`,
  `validate`, `map`), RMPADJUST (`gva`, `size`, `vmpl`, `mask`, `vmsa`, `map`),
  VMRUN (`snp_guest`, `vmcb`, `avic`, `vmsa`, `asid`, `gpa` of the VMSA; `no_hsave`: VM_HSAVE_PA is 0;
  `vmexit`: the guest leaves again),
  access (`actor` "host", "guest" without SNP or "snp"; `kind` "read", "write", "fetch-U", "fetch-S",
  "walk", "walk-AD" or "SSS"; `spa`, `gpa`, `size`, `asid`, `vmpl`, `c`, `vmpl_sss`), guest access (by the SNP
  guest of `cpu`, nested mapping included: `kind`, `map`, `vtom`: VIRTUAL_TOM of a guest that has one) or
  structure (`structure`, `spa`). `map` is what the page walk made of the guest's address: `gpa`, `spa`,
  `size`, `c` (1 if absent), `present`. What is absent is 0, false, or 4 KiB.
- `do.instruction` may also be a command of firmware, of which only the part that the RMP plays is run:
  SNP_GCTX_CREATE, SNP_DECOMMISSION, SNP_LAUNCH_UPDATE, SNP_PAGE_RECLAIM, SNP_PAGE_SWAP_OUT,
  SNP_PAGE_SWAP_IN, SNP_PAGE_MD_INIT, SNP_PAGE_SET_STATE, SNP_PAGE_MOVE or SNP_PAGE_UNSMASH, on the page
  `spa` (SNP_PAGE_MOVE: to `dst`) of `size`, for the guest with `asid` whose context is the page `owner`;
  `type` is "data", "metadata" or "VMSA", `gpa`, `perms` and `validated` are what comes back with a page.
  `expect.status` is the command's.
- `expect.status` is a fault ("#UD", "#GP(0)", "#PF", "#VMEXIT(NPF)", "#VC", "VMEXIT_INVALID",
  "VMEXIT(VMSAVE)") with the bits that the RMP brings in `output.error`, or what EAX says: FAIL_INPUT 1,
  FAIL_PERMISSION 2, FAIL_INUSE 3, FAIL_OVERLAP 4, FAIL_SIZEMISMATCH 6, FAIL_UNFIT 7.
- `expect.output`: `changed` (how many entries of the whole table differ afterwards), `entries` (of those,
  the pages 0x400000, 0x401000, 0x402000 and 0x5ff000; a member that no source tells is left out),
  `asid_pages` (how many pages are ASID 5's and 9's, one of 2 MiB as 512), `cf` of PVALIDATE, `read` of
  RMPREAD.
"""


def build() -> Family:
    f = Family("rmp", "The reverse map table", TEXT)
    f.note(
        UNCONFIRMED,
        bug_class="open point",
        effect="no source settles this rule, a switch does; docs/ambiguities.md says what a machine would",
    )
    _rmp_host.add(f)
    _rmp_guest.add(f)
    _rmp_access.add(f)
    _rmp_memory.add(f)
    _rmp_vmrun.add(f)
    _rmp_move.add(f)
    _rmp_page_move.add(f)
    _rmp_swap.add(f)
    cite_twins(f)
    return f
