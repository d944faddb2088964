"""Reads every case of the vectors: python3 loader.py FOLDER (their cases/)"""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def resolve(value: Any, blobs: dict[str, bytes]) -> Any:
    """VALUE with bytes in place of references, at any depth."""
    if isinstance(value, list):
        return [resolve(v, blobs) for v in value]
    if not isinstance(value, dict):
        return value
    if "blob" not in value and "base64" not in value:
        return {name: resolve(v, blobs) for name, v in value.items()}
    data = blobs[value["blob"]] if "blob" in value else base64.b64decode(value["base64"])
    end = len(data)
    for at, count, new in reversed(value.get("patch", [])):
        if not 0 <= at <= at + count <= end:
            raise ValueError(f"patch: no {count} bytes at {at} below {end}")
        data, end = data[:at] + bytes.fromhex(new) + data[at + count :], at
    return data


def strings(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict | list):
        for v in value.values() if isinstance(value, dict) else value:
            yield from strings(v)


cases = size = total = 0
for path in Path(sys.argv[1]).glob("*.json"):
    family = json.loads(path.read_bytes())
    blobs = {name: base64.b64decode(text) for name, text in family["blobs"].items()}
    for case in family["cases"]:
        given = resolve(case["input"], blobs)
        cases += 1  # ... here your verifier judges it; case["expect"] says what is right
        for data in strings(given):
            size, total = size + len(data), total + sum(data)
print(f"{cases} cases, {size} bytes, sum {total % 2**32}")
