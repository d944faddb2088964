"""What families message and key say of the machine that a case starts (harness/reference/machine.py)."""

MACHINE = """
- `guest`, the guest's context: `policy`, `host_data`, `measurement`, `id_block` (null: none; else
  `family_id`, `image_id`, `guest_svn`, `id_key_digest`, `author_key_digest`, null for none), `vcek_dis`,
  `launch_mit_vector`, `tsc_desired_khz`, `tsc_offset`, `state` (`INIT`, `LAUNCH` or `RUNNING`, the default);
- `platform`: `chip_id`, `committed_tcb`, `reported_tcb` (TCB_VERSION as a number), `mask_chip_key`, `csp_id`
  (the provider whose VLEK is loaded; null: none);
- `policy`, open questions, as the profile's `messages`: `key_req_max_version`, `key_req_v2_sizes`,
  `key_rsp_v2_version`, `launch_mit_always_checked`, `launch_mit_status`, `enforce_header_mbz`,
  `vmpl_max_3`, `report_size_on_failure`.

Byte strings are in hex; what is absent is as in the profile.
"""
