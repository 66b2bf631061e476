"""Empty databases for tests: migrated once a run, then copied."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from storage.opening import open_database

MASTER_KEY = "a master key that is only for tests"


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="karo-template-")
    open_database(f"sqlite:///{folder.name}/karo.db", [MASTER_KEY]).close()
    return folder


def fresh_sqlite(folder: Path) -> str:
    """The URL of a new SQLite database in that folder, at the newest schema, under MASTER_KEY."""
    file = folder / "karo.db"
    shutil.copyfile(Path(_template().name) / "karo.db", file)
    return f"sqlite:///{file}"
