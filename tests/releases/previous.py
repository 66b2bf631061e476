"""The previous release, as it was shipped: a wheel that is kept beside this file."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

(WHEEL,) = Path(__file__).parent.glob("karo-*-py3-none-any.whl")


def newest_revision() -> str:
    """The newest revision that it knows."""
    with zipfile.ZipFile(WHEEL) as wheel:
        found = (re.match(r"storage/migrations/versions/(\d{4})_", name) for name in wheel.namelist())
        return max(revision[1] for revision in found if revision)


def unpack(folder: Path) -> Path:
    """Its packages in that folder, for PYTHONPATH; the folder."""
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    return folder
