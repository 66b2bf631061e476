"""The Postman collection runs against the simulator, from top to bottom."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from daraja.simulator import Endpoint
from daraja.simulator.config import SANDBOX_PASSKEY, SimulatorConfig
from daraja.simulator.payloads import NAIROBI
from daraja.simulator.postman import SCHEMA, collection, write_collection
from tests.daraja_simulator.conftest import FAST, Clock, Merchant

BASE = "http://simulator"
BLANK = re.compile(r"\{\{(\w+)\}\}")
SETS = re.compile(r'pm\.collectionVariables\.set\("(\w+)", (.*)\);')
KEPT = re.compile(r"pm\.response\.json\(\)\.(\w+)")
STATUS = re.compile(r"pm\.response\.to\.have\.status\((\d+)\)")
ONE_OF = re.compile(r"pm\.expect\(pm\.response\.json\(\)\.(.+?)\)\.to\.be\.oneOf\((\[.*\])\)")


def scripted(name: str, variables: Mapping[str, str], clock: Clock) -> str:
    """What a pre-request script computes for a variable."""
    there = clock.now.astimezone(NAIROBI)
    stamp = f"{there:%Y%m%d%H%M%S}"
    plain = f"{variables['shortcode']}{variables['passkey']}{stamp}"
    computed: dict[str, Callable[[], str]] = {
        "timestamp": lambda: stamp,
        "password": lambda: base64.b64encode(plain.encode()).decode(),
        "start_date": lambda: f"{there - timedelta(hours=47):%Y-%m-%d %H:%M:%S}",
        "end_date": lambda: f"{there + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}",
    }
    return computed[name]()


def scripts(item: Mapping[str, Any], listen: str) -> list[str]:
    return [line for event in item["event"] if event["listen"] == listen for line in event["script"]["exec"]]


def items(folder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in folder["item"]:
        if "item" in item:
            yield from items(item)
        else:
            yield item


class Runner:
    """Does what Postman does with a collection of this kind, and nothing it does not understand."""

    def __init__(self, document: Mapping[str, Any], http: httpx.AsyncClient, clock: Clock) -> None:
        self.variables = {entry["key"]: entry["value"] for entry in document["variable"]}
        self.passed = 0
        self._auth = document["auth"]
        self._http = http
        self._clock = clock

    def filled(self, text: str) -> str:
        return BLANK.sub(lambda found: self.variables[found[1]], text)

    async def run(self, item: Mapping[str, Any]) -> None:
        for line in scripts(item, "prerequest"):
            if found := SETS.fullmatch(line):
                self.variables[found[1]] = scripted(found[1], self.variables, self._clock)
        response = await self._http.send(self._request(item["request"]))
        for line in scripts(item, "test"):
            self._check(line, response, item["name"])

    def _request(self, asked: Mapping[str, Any]) -> httpx.Request:
        headers = {header["key"]: header["value"] for header in asked["header"]}
        auth = asked.get("auth", self._auth)
        values = {entry["key"]: self.filled(entry["value"]) for entry in auth[auth["type"]]}
        if auth["type"] == "basic":
            pair = f"{values['username']}:{values['password']}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            headers["Authorization"] = f"Bearer {values['token']}"
        content = self.filled(asked["body"]["raw"]) if "body" in asked else None
        return self._http.build_request(
            asked["method"], self.filled(asked["url"]), headers=headers, content=content
        )

    def _check(self, line: str, response: httpx.Response, name: str) -> None:
        said = response.json()
        if found := SETS.fullmatch(line):
            kept = KEPT.fullmatch(found[2])
            assert kept, line
            assert isinstance(said[kept[1]], str), (name, said)
            self.variables[found[1]] = said[kept[1]]
        elif found := STATUS.search(line):
            assert response.status_code == int(found[1]), (name, response.text)
        else:
            one_of = ONE_OF.search(line)
            assert one_of, line
            first, *others = one_of[1].split(" || pm.response.json().")
            assert next((said[key] for key in (first, *others) if key in said), None) in json.loads(
                one_of[2]
            ), said
        self.passed += 1


@pytest.mark.parametrize("again", [False, True])
async def test_every_request_of_the_collection_gets_the_answer_it_expects(
    merchant: Merchant, again: bool
) -> None:
    document = json.loads(json.dumps(collection(FAST, BASE)))
    runner = Runner(document, merchant.http, merchant.clock)
    for _ in range(2 if again else 1):
        for item in items(document):
            await runner.run(item)
        await merchant.simulator.settle_all()
        merchant.clock.forward(300)
    assert runner.passed > 20
    called = {endpoint for endpoint in Endpoint if merchant.simulator.counts[endpoint]}
    assert called == set(Endpoint) - {Endpoint.C2B_V1_REGISTER, Endpoint.C2B_V1_SIMULATE}
    assert base64.b64decode(runner.variables["qr_code"]).startswith(b"\x89PNG")


async def test_a_request_that_is_spoilt_is_noticed(merchant: Merchant) -> None:
    """The runner would see a wrong password."""
    runner = Runner(collection(FAST, BASE), merchant.http, merchant.clock)
    token, push, *_ = items(collection(FAST, BASE))
    await runner.run(token)
    runner.variables["passkey"] = "another"
    with pytest.raises(AssertionError, match="Wrong credentials"):
        await runner.run(push)


def test_it_is_a_collection_of_postman_s_form_without_a_secret_of_anybody(tmp_path: Path) -> None:
    file = tmp_path / "collection.json"
    write_collection(file, SimulatorConfig(), "http://127.0.0.1:8090")
    text = file.read_text(encoding="utf-8")
    document = json.loads(text)
    assert document["info"]["schema"] == SCHEMA
    values = {entry["key"]: entry["value"] for entry in document["variable"]}
    assert values["base_url"] == "http://127.0.0.1:8090"
    assert (values["consumer_key"], values["consumer_secret"]) == ("simulator-key", "simulator-secret")
    assert (values["shortcode"], values["passkey"]) == ("174379", SANDBOX_PASSKEY)
    assert not {"access_token", "security_credential", "password"} & {
        key for key, value in values.items() if value
    }
    blanks = set(BLANK.findall(text))
    assert blanks <= values.keys()
    assert values.keys() - blanks <= {"qr_code", "passkey"}
    assert all(item["request"]["url"].startswith("{{base_url}}/") for item in items(document))
