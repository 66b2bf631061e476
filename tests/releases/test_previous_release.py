"""The previous release, as it was shipped, works on the newest schema; the present one goes on from there.

0.1.0 opens no revision that it does not know, so story.py puts its storage together behind that door. From
0.2.0 on a release asks the schema's floor instead (storage/schema_floor.py) and opens such a file by itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

from storage import checks, payments, receipts
from storage.database import Database
from storage.migrate import newest
from storage.opening import open_database
from storage.payment_state import PaymentStatus
from storage.unit import Unit
from tests.databases import MASTER_KEY, fresh_sqlite
from tests.releases.previous import WHEEL, newest_revision, unpack

STORY = Path(__file__).with_name("story.py")
WITHIN_S = 240


def lived_by_the_previous_release(folder: Path, file: Path) -> dict[str, object]:
    """What story.py tells of its day on that file."""
    packages = unpack(folder / "packages")
    done = subprocess.run(
        [sys.executable, STORY, file, MASTER_KEY],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    assert told["home"] == str(packages)
    return told


async def goes_on(database: Database, receipt: str, now: datetime) -> None:
    """The present release finds what was done, finds nothing wrong, and works on."""
    broken = await database.read(lambda unit: checks.run(unit, 1, now))
    assert broken == []

    def look(unit: Unit) -> tuple[str, PaymentStatus]:
        found = receipts.find(unit, 1, receipt)
        assert found is not None
        paid = payments.get(unit, found.payment_id or 0)
        assert paid is not None
        return unit.vault.open_text(paid.phone_enc), paid.status

    assert await database.read(look) == ("254700000101", PaymentStatus.PAID)


def test_a_day_of_the_previous_release_on_the_newest_schema(tmp_path: Path) -> None:
    url = fresh_sqlite(tmp_path)
    assert newest_revision() < newest()

    told = lived_by_the_previous_release(tmp_path, tmp_path / "karo.db")

    assert told["broken"] == []
    assert str(told["receipt"]) in str(told["told"])
    assert told["payments"] == ["paid", "cancelled", "paid"]
    assert told["balances"] == [17_000_00, 11_000_00, 21_750_00]
    database = open_database(url, [MASTER_KEY])
    asyncio.run(goes_on(database, str(told["receipt"]), datetime.fromisoformat(str(told["now"]))))
    database.close()


def test_what_is_kept_is_the_release_and_nothing_of_the_machine_that_built_it() -> None:
    with zipfile.ZipFile(WHEEL) as wheel:
        homes = {name.partition("/")[0] for name in wheel.namelist()}
        written = {entry.date_time for entry in wheel.infolist()}
    version = WHEEL.name.split("-")[1]
    assert homes == {"bot", "daraja", "storage", f"karo-{version}.dist-info"}
    assert len(written) == 1
