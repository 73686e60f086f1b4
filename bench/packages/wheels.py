"""Wheels to publish, as small or large as is wanted, each with bytes of its own."""

from __future__ import annotations

import io
import random
import zipfile


def make_wheel(name: str, version: str, build: int, *, size: int = 1024) -> tuple[str, bytes]:
    """The name and the bytes of a wheel whose payload can't be packed."""
    info = f"{name}-{version}.dist-info"
    members: dict[str, bytes | str] = {
        f"{name}/data.bin": random.Random(f"{name} {version} {build}").randbytes(size),  # noqa: S311 - not secret
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path), data)  # without the time of day
    return f"{name}-{version}-{build}-py3-none-any.whl", raw.getvalue()
