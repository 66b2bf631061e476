"""M-PESA's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja.times import from_stamp, to_stamp, utc_now


def test_a_stamp_is_nairobi_time() -> None:
    assert to_stamp(datetime(2026, 12, 31, 21, 0, 5, tzinfo=UTC)) == "20270101000005"


def test_a_moment_without_a_zone_has_no_stamp() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_stamp(datetime(2026, 12, 31, 21, 0, 5))  # noqa: DTZ001


def test_the_systems_clock_is_aware() -> None:
    assert utc_now().utcoffset() == timedelta(0)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_stamp_and_back_is_the_same_second(at: datetime) -> None:
    assert from_stamp(to_stamp(at)) == at.replace(microsecond=0)
