"""Everything that can happen around payments, as values that hypothesis puts in every order."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from daraja.catalogue import CATALOGUE, Channel
from daraja.error_codes import PUSH_ERRORS, TOKEN_REFUSED
from tests.bot.services.safaricom import ACCEPTED, PushAnswer, QueryAnswer

MOST_PAYMENTS = 5
NUMBERS = ("UKB1AAAAA1", "UKB2BBBBB2", "UKB3CCCCC3")


@dataclass(frozen=True)
class Callback:
    """A body for a payment's address. whose: the CheckoutRequestID of this payment, of another, of nobody."""

    code: str = "0"
    number: str | None = None
    amount: float | None = None
    whose: str = "own"
    junk: bytes | None = None
    times: int = 1


@dataclass(frozen=True)
class Pay:
    """A parent pays: from one of two phones, for one of three children. early: overtakes the push's answer."""

    phone: int
    child: int
    answer: PushAnswer
    early: Callback | None


@dataclass(frozen=True)
class Report:
    """M-PESA, or somebody else, calls the address of a payment."""

    payment: int
    callback: Callback


@dataclass(frozen=True)
class Asked:
    """From now on M-PESA answers queries about a payment so."""

    payment: int
    answer: QueryAnswer


@dataclass(frozen=True)
class Jump:
    """Time passes, and the timed jobs run."""

    seconds: int


@dataclass(frozen=True)
class Check:
    """A parent asks to look now."""

    payment: int


Action = Pay | Report | Asked | Jump | Check

RESULT_CODES = [*sorted({e.code for e in CATALOGUE if e.channel is Channel.CALLBACK}), "7777", "SFC_XX9999"]
FAILURES = [code for code in RESULT_CODES if code != "0"]
#: Every error of the catalogue as M-PESA words it, and two that nobody knows.
PUSH_REFUSALS = [
    *(
        PushAnswer("error", e.code, e.match or "no further words", int(e.code[:3]))
        for e in PUSH_ERRORS
        if e.code[0].isdigit() and e.code != TOKEN_REFUSED
    ),
    PushAnswer("error", "500.009.99", "?", 500),
    PushAnswer("error", "400.009.99", "?", 400),
    PushAnswer("not_zero", "1"),
]
QUERY_ERRORS = [
    QueryAnswer("error", "500.001.1001", "The transaction is being processed"),
    QueryAnswer("error", "400.002.02", "Bad Request - Invalid CheckoutRequestID", 400),
    QueryAnswer("error", "500.003.02", "System is busy"),
    QueryAnswer("lost"),
]
LOST = PushAnswer("lost")
JUNK = [b"", b"{}", b"no json", b'{"Body": {"stkCallback": 7}}']

_which = st.integers(0, MOST_PAYMENTS - 1)
_push_answers = st.one_of(
    st.just(ACCEPTED),
    st.just(ACCEPTED),
    st.sampled_from(
        [PushAnswer(how) for how in ("lost", "gateway", "never", "stale", "stale_and_down", "killed")]
    ),
    st.sampled_from(PUSH_REFUSALS),
)
_successes = st.builds(
    Callback,
    number=st.sampled_from([*NUMBERS, None]),
    amount=st.sampled_from([None, 1.0, 700.0, 1000.5, 0.0]),
    whose=st.sampled_from(["own", "own", "own", "another", "nobody"]),
    times=st.integers(1, 2),
)
_callbacks = st.one_of(
    _successes,
    st.builds(Callback, code=st.sampled_from(FAILURES), times=st.integers(1, 2)),
    st.builds(Callback, junk=st.sampled_from(JUNK)),
)
_query_answers = st.one_of(
    st.just(QueryAnswer(code="0")),
    st.sampled_from([QueryAnswer(code=code) for code in FAILURES]),
    st.sampled_from(QUERY_ERRORS),
)
_pays = st.builds(Pay, st.integers(0, 1), st.integers(0, 2), _push_answers, st.none() | _callbacks)
_jumps = st.builds(Jump, st.sampled_from([0, 5, 10, 31, 65, 125, 185, 301, 3600, 25 * 3600]))
_later = st.one_of(
    _pays,
    st.builds(Report, _which, _successes),
    st.builds(Report, _which, _callbacks),
    st.builds(Asked, _which, _query_answers),
    _jumps,
    _jumps,
    st.builds(Check, _which),
)

#: Every story ends so: failures are asked about late and once more, and then a day passes.
_END: list[Action] = [Jump(185), Jump(15), Jump(25 * 3600)]

#: Anything after anything. It begins with a payment, else nothing in it means anything.
mixed: st.SearchStrategy[list[Action]] = st.builds(
    lambda first, rest: [first, *rest, *_END], _pays, st.lists(_later, min_size=4, max_size=12)
)
#: One prompt that nobody reports on: what queries say, at every pace, decides alone.
_few_answers = [QueryAnswer(code=code) for code in ("1032", "1037", "4999", "7777", "0")]
silent: st.SearchStrategy[list[Action]] = st.builds(
    lambda first, rest: [first, Asked(0, _few_answers[0]), *rest, *_END],
    st.builds(Pay, st.just(0), st.integers(0, 2), st.sampled_from([ACCEPTED, ACCEPTED, LOST]), st.none()),
    st.lists(
        st.one_of(
            st.builds(Jump, st.sampled_from([10, 31, 61, 185])),
            st.builds(Asked, st.just(0), st.sampled_from(_few_answers) | st.sampled_from(QUERY_ERRORS)),
            st.builds(Check, st.just(0)),
        ),
        min_size=4,
        max_size=10,
    ),
)
#: Two prompts of which callbacks tell everything, and its contrary.
loud: st.SearchStrategy[list[Action]] = st.builds(
    lambda first, second, rest: [first, second, *rest, *_END],
    st.builds(Pay, st.just(0), st.integers(0, 2), st.sampled_from([ACCEPTED, ACCEPTED, LOST]), st.none()),
    st.builds(Pay, st.just(1), st.integers(0, 2), st.just(ACCEPTED), st.none()),
    st.lists(
        st.builds(
            Report, st.integers(0, 1), _successes | st.builds(Callback, code=st.sampled_from(FAILURES))
        ),
        min_size=4,
        max_size=8,
    ),
)
