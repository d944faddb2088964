"""Reads every case of the bundle: python3 loader.py FOLDER/cases"""

import base64
import json
import pathlib
import sys
from typing import Any

count = size = total = 0


def resolve(value: Any, blobs: dict[str, bytes]) -> Any:
    """VALUE with bytes in place of references."""
    if isinstance(value, list):
        return [resolve(v, blobs) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"base64"}:
        return base64.b64decode(value["base64"])
    if "blob" not in value:
        return {k: resolve(v, blobs) for k, v in value.items()}
    out, done, data = b"", 0, blobs[value["blob"]]
    for at, gone, new in value.get("patch", ()):
        out, done = out + data[done:at] + bytes.fromhex(new), at + gone
    return out + data[done:]


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    family = json.loads(path.read_text())
    blobs = {name: base64.b64decode(text) for name, text in family["blobs"].items()}
    for case in family["cases"]:
        given = resolve(case["input"], blobs)
        report = given.get(
            "report", b""
        )  # ... here your verifier judges it; case["expect"] says what is right
        report = report if isinstance(report, bytes) else b""
        count, size, total = count + 1, size + len(report), total + sum(report)
print(f"{count} cases, {size} bytes of reports, sum {total}")
