"""Whatever comes from outside: a typed value that can be kept, or daraja's own error, and nothing else."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import daraja
from tests.daraja.peers.junk import ANYTHING, STATUSES, spoilt
from tests.daraja.peers.parsers import PARSERS, Parser, everything_in

_READS = re.compile(r"(parse|read)(_\w+)?|\w+_facts|\w*reading_of")


def _public_readers() -> set[str]:
    """Each public function of daraja whose name says that it reads; the simulator's are another party's."""
    found = set()
    for module_info in pkgutil.walk_packages(daraja.__path__, "daraja."):
        if module_info.name.startswith("daraja.simulator"):
            continue
        module = importlib.import_module(module_info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and _READS.fullmatch(name):
                found.add(f"{module.__name__.removeprefix('daraja.')}.{name}")
    return found


def test_each_parser_has_its_line() -> None:
    assert _public_readers() == set(PARSERS)


def _sound(value: Any) -> bool:
    """Whether a database can keep it: whole characters, finite sums, moments with a zone."""
    if isinstance(value, str):
        value.encode()
    if isinstance(value, Decimal):
        return value.is_finite()
    return value.tzinfo is not None if isinstance(value, datetime) else True


def _tried(name: str, status: int, body: bytes) -> None:
    parser: Parser = PARSERS[name]
    try:
        value = parser.call(status, body)
    except parser.raises as error:
        text = f"{error} {getattr(error, 'message', '')} {getattr(error, 'page', '')}"
        assert text.encode()
        return
    assert isinstance(value, parser.gives), name
    if name != "wire.read_object":  # it gives what is in the body
        assert all(_sound(each) for each in everything_in(value)), name
    repr(value).encode()


@settings(max_examples=40)
@given(status=STATUSES, body=ANYTHING)
def test_anything_is_read_or_is_the_parsers_own_error(status: int, body: bytes) -> None:
    for name in PARSERS:
        _tried(name, status, body)


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=30)
@given(data=st.data())
def test_a_spoilt_body_is_read_or_is_the_parsers_own_error(name: str, data: st.DataObject) -> None:
    body = data.draw(spoilt(PARSERS[name].good))
    _tried(name, data.draw(STATUSES), body)


def _careless(body: bytes) -> int:
    return int(json.loads(body)["Body"]["stkCallback"]["ResultCode"])


def test_a_careless_parser_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    good = PARSERS["messages.parse_stk_callback"].good
    monkeypatch.setitem(PARSERS, "careless", Parser(lambda _, body: _careless(body), int, good))

    @settings(max_examples=30, phases=[Phase.generate], report_multiple_bugs=False)
    @given(spoilt(good))
    def property_of_it(body: bytes) -> None:
        _tried("careless", 200, body)

    with pytest.raises((KeyError, TypeError, ValueError)):
        property_of_it()


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_what_is_spoilt_was_good_before(name: str) -> None:
    if name in {"answers.read_probe_answer", "credential.certificate_facts", "credential.read_certificate"}:
        return  # what is good for them is not JSON, or a refusal
    ends = []
    for status in (200, 500):
        for body in PARSERS[name].good:
            try:
                ends.append(isinstance(PARSERS[name].call(status, body), PARSERS[name].gives))
            except PARSERS[name].raises:
                ends.append(False)
    assert any(ends)
