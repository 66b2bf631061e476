"""The control routes: choose what happens next, play the payer, read the books. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daraja.simulator.causes import PLAYS, Cause
from daraja.simulator.levers import Endpoint
from daraja.simulator.operation_scripts import RESULT_SCRIPTS
from daraja.simulator.operator import sealed
from daraja.simulator.prompts import Prompt
from daraja.simulator.replies import REPLIES, Fault, Reply
from daraja.simulator.scenarios import LAST_DIGITS, SCRIPTS, Ending, PromptAnswer, Scenario, Script
from daraja.simulator.simulator import Simulator

Act = Callable[[Simulator, Mapping[str, Any]], Awaitable[object]]


class _BadControl(ValueError):
    """A control request that makes no sense; its text is the answer."""


def control_routes() -> list[Route]:
    """Routes to mount under /simulator."""
    reads: dict[str, Callable[[Simulator], object]] = {
        "/": _overview,
        "/books": lambda simulator: {
            "total_kes": simulator.books.total_kes,
            "movements": [_plain(asdict(movement)) for movement in simulator.books.movements],
            "reversals": [_plain(asdict(back)) for back in simulator.books.reversals],
        },
        "/pushes": lambda simulator: [_plain(asdict(push)) for push in simulator.pushes],
        "/callbacks": lambda simulator: [_plain(asdict(delivery)) for delivery in simulator.callbacks],
        "/notices": lambda simulator: [_plain(asdict(notice)) for notice in simulator.notices],
        "/operator": lambda simulator: {
            "initiator": simulator.config.initiator_name,
            "security_credential": sealed(simulator.config.initiator_password),
            "certificate": simulator.certificate_pem,
        },
        "/results": lambda simulator: [_plain(asdict(delivery)) for delivery in simulator.results],
        "/prompts": lambda simulator: [_prompt(prompt) for prompt in simulator.prompts],
    }
    acts: dict[str, Act] = {
        "/next": _next,
        "/next-result": _next_result,
        "/fail": _fail,
        "/answer-prompt": _answer_prompt,
        "/pay": _pay,
        "/forget-tokens": _forget_tokens,
        "/rotate-credentials": _rotate_credentials,
        "/cause": _cause,
        "/settle": _settle,
        "/reset": _reset,
    }
    return [
        *(Route(path, _reader(read), methods=["GET"]) for path, read in reads.items()),
        *(Route(path, _actor(act), methods=["POST"]) for path, act in acts.items()),
    ]


def _reader(read: Callable[[Simulator], object]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(read(request.app.state.simulator))

    return endpoint


def _actor(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            asked = await _asked(request)
            return JSONResponse(await act(request.app.state.simulator, asked))
        except (ValueError, LookupError) as error:
            status = 404 if isinstance(error, LookupError) else 400
            return JSONResponse({"error": str(error)}, status_code=status)

    return endpoint


async def _asked(request: Request) -> Mapping[str, Any]:
    if not await request.body():
        return {}
    try:
        asked = await request.json()
    except ValueError:
        raise _BadControl("the body is not JSON") from None
    if not isinstance(asked, dict):
        raise _BadControl("the body is not a JSON object")
    return asked


def _overview(simulator: Simulator) -> object:
    return {
        "last_digits": dict(LAST_DIGITS),
        "scenarios": list(Scenario),
        "replies": list(REPLIES),
        "causes": {cause: {"story": play.story, "cites": play.cites} for cause, play in PLAYS.items()},
        "answers": list(PromptAnswer),
        "results": list(RESULT_SCRIPTS),
        "requests": {endpoint: simulator.counts[endpoint] for endpoint in Endpoint},
    }


async def _next(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    script = SCRIPTS[Scenario(asked.get("scenario", Scenario.PAID))]
    code = asked.get("result_code")
    if code is not None:
        script = replace(script, ending=Ending(str(code), str(asked.get("result_desc", ""))))
    simulator.set_next(_with_callbacks(script, asked), _phone(asked), times=_times(asked))
    return {"ok": True}


async def _next_result(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    simulator.set_next_result(str(asked.get("result", "plain")), times=_times(asked))
    return {"ok": True}


def _with_callbacks(script: Script, asked: Mapping[str, Any]) -> Script:
    callbacks = asked.get("callbacks")
    if callbacks is None:
        return script
    if not isinstance(callbacks, int) or isinstance(callbacks, bool) or not 0 <= callbacks <= 100:
        raise _BadControl("callbacks is a whole number from 0 to 100")
    return replace(script, callbacks=callbacks)


async def _fail(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    delay_s = asked.get("delay_s", 0)
    if not isinstance(delay_s, int | float) or delay_s < 0:
        raise _BadControl("delay_s is a number of seconds")
    simulator.fail_next(
        str(asked.get("endpoint", Endpoint.PUSH)),
        _reply(asked),
        phone=_phone(asked),
        times=_times(asked),
        processed=asked.get("processed") is True,
        delay_s=float(delay_s),
    )
    return {"ok": True}


def _reply(asked: Mapping[str, Any]) -> Fault | Reply | str | None:
    """A reply by its name, an error by status, code and message, or a raw text by status and text."""
    status = asked.get("status", 500)
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise _BadControl("status is an HTTP status from 200 to 599")
    if "code" in asked:
        return Fault(status, str(asked["code"]), str(asked.get("message", "")))
    if "text" in asked:
        return Reply(status, str(asked["text"]), str(asked.get("content_type", "text/html")))
    name = asked.get("reply")
    if name is None and "delay_s" not in asked:
        raise _BadControl("say reply (a name), or code and message, or text, or delay_s alone")
    return None if name is None else str(name)


async def _answer_prompt(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    phone = _phone(asked)
    if phone is None:
        raise _BadControl("say whose prompt: phone")
    return _prompt(simulator.answer_prompt(phone, str(asked.get("answer", PromptAnswer.PIN))))


async def _pay(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    phone, amount = _phone(asked), asked.get("amount")
    if phone is None or not isinstance(amount, int) or isinstance(amount, bool) or amount < 1:
        raise _BadControl("say who pays how much: phone, amount (whole shillings), account")
    shortcode = str(asked.get("shortcode", simulator.config.shortcode))
    moved = await simulator.pay_by_hand(phone, amount, str(asked.get("account", "")), shortcode=shortcode)
    return {"receipt": None if moved is None else moved.receipt}


async def _forget_tokens(simulator: Simulator, _: Mapping[str, Any]) -> object:
    simulator.forget_tokens()
    return {"ok": True}


async def _rotate_credentials(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    names = ("consumer_key", "consumer_secret", "passkey")
    simulator.rotate_credentials(**{name: str(asked[name]) for name in names if asked.get(name) is not None})
    return {"ok": True}


async def _cause(simulator: Simulator, asked: Mapping[str, Any]) -> object:
    cause = asked.get("cause")
    simulator.play(None if cause is None else Cause(cause))
    return {"ok": True}


async def _settle(simulator: Simulator, _: Mapping[str, Any]) -> object:
    await simulator.settle_all()
    return {"ok": True}


async def _reset(simulator: Simulator, _: Mapping[str, Any]) -> object:
    await simulator.reset()
    return {"ok": True}


def _phone(asked: Mapping[str, Any]) -> str | None:
    phone = asked.get("phone")
    return None if phone is None else str(phone)


def _times(asked: Mapping[str, Any]) -> int | None:
    """How many requests an order holds for: 1 unless said; null holds until further notice."""
    times = asked.get("times", 1)
    if times is not None and (not isinstance(times, int) or isinstance(times, bool)):
        raise _BadControl("times is a whole number, or null for until further notice")
    return times


def _prompt(prompt: Prompt) -> object:
    return {
        "checkout_request_id": prompt.checkout_request_id,
        "merchant_request_id": prompt.merchant_request_id,
        "phone": prompt.request.phone_number,
        "amount_kes": prompt.request.amount_kes,
        "account_reference": prompt.request.account_reference,
        "text": prompt.text,
        "opened_at": prompt.opened_at.isoformat(),
        "ringing": prompt.ringing,
        "waits_for_person": prompt.waits_for_person,
        "result_code": None if prompt.ending is None else prompt.ending.code,
        "receipt": None if prompt.movement is None else prompt.movement.receipt,
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
