"""M-PESA's access token, shared by every process: minting a new one may end the one before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import Row as ResultRow
from sqlalchemy import and_, delete, select, update
from sqlmodel import Field

from storage.schema import Row, table_of
from storage.unit import Unit, insert_once
from storage.vault import Vault, VaultError


class AccessToken(Row, table=True):
    """app: keyed hash of the environment and consumer key, so that another app's token is never used."""

    __tablename__: ClassVar[str] = "access_tokens"

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    app: str = Field(primary_key=True)
    value_enc: bytes = Field(repr=False)
    expires_at: datetime
    saved_at: datetime


TOKENS = table_of(AccessToken)
_C = TOKENS.c
_KEPT: Final = timedelta(days=1)  # after its end, a token of an app that is used no more


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as it was saved. expires_at: aware UTC."""

    value: str = field(repr=False)
    expires_at: datetime


def app_of(vault: Vault, host: str, consumer_key: str) -> str:
    """The name of an app's token: a keyed hash of where it was asked for, and with which key."""
    return vault.hash("daraja app", f"{host}\0{consumer_key}")


def find(unit: Unit, school_id: int, app: str) -> StoredToken | None:
    """The token last saved for the app; none when it cannot be read."""
    row = _row(unit, school_id, app)
    value = None if row is None else _value(unit, row.value_enc)
    return None if row is None or value is None else StoredToken(value, row.expires_at)


def save(unit: Unit, school_id: int, app: str, value: str, expires_at: datetime, *, now: datetime) -> None:
    """Keeps the token in place of the app's last one, and drops what ended a day ago."""
    unit.core.execute(delete(TOKENS).where(_C.school_id == school_id, _C.expires_at <= now - _KEPT))
    kept = {"value_enc": unit.vault.seal(value), "expires_at": expires_at, "saved_at": now}
    new = {"school_id": school_id, "app": app, **kept}
    if insert_once(unit, TOKENS, new, ("school_id", "app")) is None:
        unit.core.execute(update(TOKENS).where(_C.school_id == school_id, _C.app == app).values(**kept))


def forget(unit: Unit, school_id: int, app: str, value: str) -> bool:
    """Drops the app's token if it is still this one; whether it was."""
    row = _row(unit, school_id, app)
    if row is None or _value(unit, row.value_enc) != value:
        return False
    this_one = and_(_C.school_id == school_id, _C.app == app, _C.value_enc == row.value_enc)
    return unit.core.execute(delete(TOKENS).where(this_one)).rowcount == 1


def _row(unit: Unit, school_id: int, app: str) -> ResultRow[Any] | None:
    return unit.core.execute(select(TOKENS).where(_C.school_id == school_id, _C.app == app)).first()


def _value(unit: Unit, sealed: bytes) -> str | None:
    try:
        return unit.vault.open_text(sealed)
    except VaultError:
        return None
