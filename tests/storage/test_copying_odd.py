"""Odd values survive the whole way round: file, backup, server, backup of the server."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from storage import copying
from storage.tables import metadata
from storage.unit import Unit
from tests.builders import NOON
from tests.databases import drop_postgres, empty_postgres, fresh_sqlite
from tests.storage.copying_book import Content, content, fill_every_table, opened, sqlite_url
from tests.storage.test_copying import back_up, carry

TABLES = metadata().tables
BIG = 10**15

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.just(
    "ujumbe mrefu " * 2_000
)
moments = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        NOON + timedelta(microseconds=1),
    ]
)
cents = st.integers(-BIG, BIG).filter(bool)
lots: dict[str, Any] = {"min_size": 1, "max_size": 9}


def lot(*parts: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(st.tuples(*parts), **lots)


@st.composite
def odd_books(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Rows for some tables, by the table's name; ids with gaps, and far from where they would begin."""
    rows: dict[str, list[dict[str, Any]]] = {
        "schools": [{"id": 7, "name": draw(words), "contact": draw(words), "created_at": draw(moments)}]
    }
    beyond = draw(st.integers(1, 2**31 - 1_000))

    def put(table: str, names: str, values: list[tuple[Any, ...]]) -> None:
        rows[table] = [
            {"id": beyond + 3 * n, "school_id": 7, **dict(zip(names.split(), row, strict=True))}
            for n, row in enumerate(values)
        ]

    maybe = st.none() | moments
    put("audit_records", "at actor action subject detail", draw(lot(moments, words, words, words, words)))
    put(
        "chats",
        "language linked_at blocked_at created_at",
        draw(lot(st.none() | words, maybe, maybe, moments)),
    )
    for row in rows["chats"]:
        row.update({"channel": "telegram", "address": f"{row['id']}"})
    put("students", "name class_name created_at updated_at", draw(lot(words, words, moments, moments)))
    for row in rows["students"]:
        row.update(dict.fromkeys(("admission_number", "admission_key", "account_reference"), f"{row['id']}"))
    put("outbox_messages", "body_enc reason sent_at", draw(lot(st.binary(max_size=99), words, maybe)))
    for row in rows["outbox_messages"]:
        row.update({"chat_id": beyond, "kind": "reply", "state": "sent", "send_at": NOON, "created_at": NOON})
        row.update({"priority": -1, "lease": 0, "attempts": 2**31 - 1, "dedupe_key": None, "slot": None})
    rows["seen_updates"] = [
        {"school_id": 7, "channel": "telegram", "update_id": word, "seen_at": NOON}
        for word in draw(st.sets(words, **lots))
    ]
    put_openings(rows, beyond, draw(st.lists(cents, **lots)))
    return rows


def put_openings(rows: dict[str, list[dict[str, Any]]], beyond: int, amounts: list[int]) -> None:
    """Balanced postings of the first child."""
    rows["ledger_entries"] = [
        {"id": beyond + n, "school_id": 7, "kind": "opening", "ref": f"{n}", "at": NOON}
        for n, _ in enumerate(amounts)
    ]
    rows["ledger_lines"] = [
        {
            "school_id": 7,
            "entry_id": beyond + n,
            "student_id": beyond,
            "account": account,
            "amount_cents": sum_,
        }
        for n, amount in enumerate(amounts)
        for account, sum_ in (("fees", amount), ("opening", -amount))
    ]


def put_in(unit: Unit, rows: dict[str, list[dict[str, Any]]]) -> None:
    for table in metadata().sorted_tables:
        if rows.get(table.name):
            unit.core.execute(insert(table), rows[table.name])


def round_about(url: str, folder: Path) -> list[Content]:
    """What it holds at each station of the way."""
    server = empty_postgres()
    try:
        found = [content(url)]
        assert back_up(url, folder / "one.db") == []
        found.append(content(sqlite_url(folder / "one.db")))
        carry(url, server)
        found.append(content(server))
        assert back_up(server, folder / "two.db") == []
        return [*found, content(sqlite_url(folder / "two.db"))]
    finally:
        drop_postgres(server)


@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(odd_books())
def test_every_value_arrives_as_it_was(rows: dict[str, list[dict[str, Any]]]) -> None:
    with tempfile.TemporaryDirectory(prefix="karo-odd-") as name:
        folder = Path(name)
        url = fresh_sqlite(folder)
        with opened(url) as database, copying.held(database, writing=True) as unit:
            put_in(unit, rows)

        first, *others = round_about(url, folder)

        assert {table: len(held) for table, held in first.items() if held} == {
            table: len(held) for table, held in rows.items()
        }
        assert others == [first] * 3


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE students SET name = 'Zawadi' || char(0) WHERE id = 2", r"row \[2\] of students .* in name"),
        (
            "UPDATE outbox_messages SET attempts = 3000000000 WHERE id = 1",
            r"row \[1\] of outbox_messages .* attempts",
        ),
    ],
)
def test_what_only_sqlite_can_keep_is_named_by_its_row(tmp_path: Path, spoil: str, said: str) -> None:
    url, server = fresh_sqlite(tmp_path), empty_postgres()
    with opened(url) as database, copying.held(database, writing=True) as unit:
        fill_every_table(unit)
        unit.core.exec_driver_sql(spoil)
    try:
        with pytest.raises(copying.CopyRefused, match=said) as refused:
            carry(url, server)
        assert "Zawadi" not in str(refused.value)
    finally:
        drop_postgres(server)
