"""Bodies that M-PESA never sent: bytes, JSON of any kind, and good bodies with something wrong in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503, 599])

#: What JSON's grammar lets through and few readers expect; stands for itself in the body.
_RAW = {
    "@huge@": "9" * 400,
    "@endless@": "9" * 5000,
    "@fine@": "0." + "0" * 300 + "1",
    "@vast@": "1e400",
    "@beyond@": "1e99999999999999999999",
    "@tiny@": "1e-999999999",
    "@deep@": "[" * 200 + "]" * 200,
    "@bottomless@": "[" * 20_000 + "]" * 20_000,
    "@nan@": "NaN",
    "@infinite@": "-Infinity",
    "@half@": '"\\ud800"',
    "@twice@": '{"a": 1, "a": 2}',
}
_ODD: list[Any] = [
    *_RAW,
    None,
    True,
    0,
    -1,
    1.5,
    10**15,
    "",
    " ",
    "0",
    "-0",
    "1",
    "NaN",
    "9" * 50,
    "x" * 3000,
    "a\nb\x00\u202e\ud800",
    "２０２６",
    "00010101000000",
    "99991231235959",
    "0001-01-01 00:00:00",
    "9999-12-31T23:59:59-23:59",
    [],
    {},
    [[]],
    [None, {}],
    {"Key": None, "Value": {}},
    {"Name": [], "Value": []},
]
Path = tuple[Any, ...]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(list(_RAW)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def written(value: Any) -> bytes:
    """JSON as bytes, with the raw tokens in it."""
    text = json.dumps(value)
    for name, token in _RAW.items():
        text = text.replace(f'"{name}"', token)
    return text.encode()


ANYTHING = st.binary(max_size=120) | _JSON.map(written)


def _paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """The way to each value inside, the whole not among them."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*here, step)
        yield from _paths(inner, (*here, step))


def _drop(holder: Any, step: Any, _: Any) -> None:
    del holder[step]


def _replace(holder: Any, step: Any, odd: Any) -> None:
    holder[step] = copy.deepcopy(odd)


def _as_text(holder: Any, step: Any, _: Any) -> None:
    holder[step] = str(holder[step])


def _wrap(holder: Any, step: Any, _: Any) -> None:
    holder[step] = [holder[step]]


def _nest(holder: Any, step: Any, odd: Any) -> None:
    holder[step] = {"Value": holder[step], "Other": copy.deepcopy(odd)}


def _double(holder: Any, step: Any, odd: Any) -> None:
    if isinstance(holder, list):
        holder.insert(step, copy.deepcopy(holder[step]))
    else:
        holder[f" {str(step).upper()}"] = copy.deepcopy(odd)


_CHANGES: list[Callable[[Any, Any, Any], None]] = [_drop, _replace, _replace, _as_text, _wrap, _nest, _double]


@st.composite
def spoilt(draw: st.DrawFn, bodies: tuple[bytes, ...]) -> bytes:
    """One of these bodies, changed in one to three places."""
    document = json.loads(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 3))):
        paths = list(_paths(document))
        if not paths:
            break
        *way, step = paths[draw(st.integers(0, len(paths) - 1))]
        holder = document
        for each in way:
            holder = holder[each]
        draw(st.sampled_from(_CHANGES))(holder, step, draw(st.sampled_from(_ODD)))
    return written(document)
