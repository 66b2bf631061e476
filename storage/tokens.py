"""M-PESA's access token, shared by every process: minting a new one may end the one before."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field

from storage.schema import Row, table_of


class AccessToken(Row, table=True):
    """app: keyed hash of the environment and consumer key, so that another app's token is never used."""

    __tablename__: ClassVar[str] = "access_tokens"

    school_id: int = Field(primary_key=True, foreign_key="schools.id")
    app: str = Field(primary_key=True)
    value_enc: bytes = Field(repr=False)
    expires_at: datetime
    saved_at: datetime


TOKENS = table_of(AccessToken)
