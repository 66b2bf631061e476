"""Expand, then contract: what a revision may not do to a schema that the release before it still works on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect

from storage import schema_floor

_WIDER = {("INTEGER", "BIGINT")}
_WORDS = re.compile(r"'([^']*)'")
#: A CHECK that a column holds one of some words, as SQLite keeps it and as PostgreSQL tells it.
_ONE_OF = re.compile(
    r"\(*(\w+)\)*(?:::text)? "
    r"(?:IN \([^()]*\)|= ANY \(ARRAY\[[^()\[\]]*\](?:::text\[\])?\)|= '[^']*'::[\w ]+)\)*"
)


@dataclass(frozen=True)
class Key:
    """A primary key, a unique constraint or index, or a foreign key, whatever its name.

    where: a partial index's condition. to: the table and columns that a foreign key points at.
    """

    kind: str
    columns: tuple[str, ...]
    where: str = ""
    to: str = ""


@dataclass(frozen=True)
class Shape:
    """A table as the database tells it. checks: by name."""

    columns: dict[str, dict[str, Any]]
    keys: frozenset[Key]
    checks: dict[str, str]


@dataclass(frozen=True)
class State:
    """A schema. floor: revisions below it cannot work here; "" before there was a floor: all can."""

    shapes: dict[str, Shape]
    floor: str


def shapes_of(connection: Connection) -> dict[str, Shape]:
    """Every table but alembic's own."""
    seen = inspect(connection)
    columns, checks = seen.get_multi_columns(), seen.get_multi_check_constraints()
    keys = _keys(seen)
    return {
        place[1]: Shape(
            columns={column["name"]: dict(column) for column in columns[place]},
            keys=frozenset(keys[place]),
            checks={str(check["name"]): check["sqltext"] for check in checks[place]},
        )
        for place in columns
        if place[1] != "alembic_version"
    }


def state_of(connection: Connection) -> State:
    """The schema as it is now."""
    floor = schema_floor.of(connection)
    return State(shapes_of(connection), "" if floor == schema_floor.BEYOND else floor)


def judge(before: State, after: State, at_most: str) -> list[str]:
    """What is wrong with a revision. It may take away only when it raises the floor, and says so.

    at_most: the newest revision of the release before it, which must go on working.
    """
    if after.floor < before.floor:
        return ["the floor has fallen"]
    if after.floor > at_most:
        return [f"the floor {after.floor} shuts out the release before, which ends at {at_most}"]
    contracts = "" < before.floor < after.floor
    return [] if contracts else faults(before.shapes, after.shapes)


def faults(before: dict[str, Shape], after: dict[str, Shape]) -> list[str]:
    """Every way in which a program that was written for `before` may stumble over `after`."""
    found = [f"{table} is gone" for table in before if table not in after]
    for table in before.keys() & after.keys():
        one, other = before[table], after[table]
        for rule in (_columns, _new_columns, _key_faults, _check_faults):
            found += [f"{table}: {fault}" for fault in rule(one, other)]
    return sorted(found)


def _keys(seen: Any) -> dict[Any, list[Key]]:
    """By (None, table)."""
    found: dict[Any, list[Key]] = defaultdict(list)
    for place, primary in seen.get_multi_pk_constraint().items():
        found[place].append(Key("primary key", tuple(primary["constrained_columns"])))
    for place, uniques in seen.get_multi_unique_constraints().items():
        found[place] += [Key("unique", tuple(sorted(unique["column_names"]))) for unique in uniques]
    for place, indexes in seen.get_multi_indexes().items():
        found[place] += [_of_index(index) for index in indexes if index["unique"]]
    for place, foreigns in seen.get_multi_foreign_keys().items():
        found[place] += [_of_foreign(foreign) for foreign in foreigns]
    return found


def _of_index(index: Any) -> Key:
    options = index.get("dialect_options", {})
    where = options.get("sqlite_where", options.get("postgresql_where", ""))
    return Key("unique", tuple(sorted(map(str, index["column_names"]))), str(where))


def _of_foreign(foreign: Any) -> Key:
    to = f"{foreign['referred_table']}{foreign['referred_columns']}{foreign['options']}"
    return Key("foreign key", tuple(foreign["constrained_columns"]), to=to)


def _columns(before: Shape, after: Shape) -> Iterator[str]:
    for name, old in before.columns.items():
        new = after.columns.get(name)
        if new is None:
            yield f"{name} is gone"
            continue
        was, now = str(old["type"]), str(new["type"])
        if was != now and (was, now) not in _WIDER:
            yield f"{name} was {was} and is {now}"
        if old["nullable"] and not new["nullable"]:
            yield f"{name} must be given now"
        if old["default"] is not None and new["default"] is None and not new["nullable"]:
            yield f"{name} has lost its default"


def _new_columns(before: Shape, after: Shape) -> Iterator[str]:
    for name in _new(before, after):
        if not after.columns[name]["nullable"] and after.columns[name]["default"] is None:
            yield f"{name} is new and must be given"


def _key_faults(before: Shape, after: Shape) -> Iterator[str]:
    """New keys bind old programs, unless a column stands in them that these leave empty; old ones find by
    them what is there already.
    """
    empty = {name for name in _new(before, after) if not _is_filled(after.columns[name])}
    for key in after.keys - before.keys:
        if not empty & {*key.columns, *_names(key.where)}:
            yield f"{key.kind} over {', '.join(key.columns)} is new"
    for key in before.keys - after.keys:
        if key.kind != "foreign key":
            yield f"{key.kind} over {', '.join(key.columns)} is gone"


def _check_faults(before: Shape, after: Shape) -> Iterator[str]:
    for name, text in after.checks.items():
        is_of_old_columns = not _names(text) & _new(before, after)
        was = before.checks.get(name, "")
        if is_of_old_columns and text not in before.checks.values() and not _is_wider(was, text):
            yield f"the check {name} is new or narrower"


def _new(before: Shape, after: Shape) -> set[str]:
    return after.columns.keys() - before.columns.keys()


def _is_filled(column: dict[str, Any]) -> bool:
    """Whether a program that does not name it leaves a value there."""
    return not column["nullable"] or column["default"] is not None


def _names(condition: str) -> set[str]:
    return set(re.findall(r"\w+", _WORDS.sub("", condition)))


def _is_wider(was: str, now: str) -> bool:
    """Whether both list words for one column, and none of the old ones is missing."""
    one, other = _ONE_OF.fullmatch(was), _ONE_OF.fullmatch(now)
    if one is None or other is None or one[1] != other[1]:
        return False
    return set(_WORDS.findall(was)) <= set(_WORDS.findall(now))
