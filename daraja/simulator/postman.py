"""A Postman collection (v2.1) of every call that the simulator answers, to be run from top to bottom.

It holds the simulator's invented credentials and the sandbox's public passkey, nothing else. Pointed at another
Daraja by its variables, all of it works but the folder "Simulator only".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daraja.simulator.config import SimulatorConfig
from daraja.simulator.postman_calls import FOLDERS, Call

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ABOUT = (
    "Every call that the simulator answers, each with a test; run it from top to bottom. For Safaricom's sandbox set "
    "base_url to https://sandbox.safaricom.co.ke and the credentials to your app's, and leave out 'Simulator only'."
)


def collection(config: SimulatorConfig, base_url: str) -> dict[str, Any]:
    """The collection for a simulator of this config at this address, as JSON values."""
    variables = {
        "base_url": base_url,
        "consumer_key": config.consumer_key,
        "consumer_secret": config.consumer_secret,
        "shortcode": config.shortcode,
        "passkey": config.passkey,
        "phone": "254712345678",
        "merchant_name": config.business_name,
        **{
            f"{name}_url": f"https://school.invalid/{name}"
            for name in ("callback", "confirmation", "validation", "result", "timeout")
        },
        **dict.fromkeys(
            ("access_token", "timestamp", "password", "checkout_request_id", "start_date", "end_date"), ""
        ),
        **dict.fromkeys(("qr_code", "initiator", "security_credential", "receipt"), ""),
    }
    return {
        "info": {"name": "Daraja, by the simulator", "schema": SCHEMA, "description": _ABOUT},
        "auth": {"type": "bearer", "bearer": _pairs({"token": "{{access_token}}"})},
        "variable": [{"key": key, "value": value, "type": "string"} for key, value in variables.items()],
        "item": [{"name": name, "item": [_item(call) for call in calls]} for name, calls in FOLDERS.items()],
    }


def write_collection(file: Path, config: SimulatorConfig, base_url: str) -> None:
    """Write the collection as a JSON file. Raises OSError when it cannot be written."""
    file.write_text(json.dumps(collection(config, base_url), indent=2) + "\n", encoding="utf-8")


def _item(call: Call) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": "GET" if call.body is None else "POST",
        "header": [],
        "url": "{{base_url}}" + call.path,
    }
    if call.basic:
        pair = {"username": "{{consumer_key}}", "password": "{{consumer_secret}}"}
        request["auth"] = {"type": "basic", "basic": _pairs(pair)}
    if call.body is not None:
        request["header"] = [{"key": "Content-Type", "value": "application/json"}]
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(call.body, indent=2),
            "options": {"raw": {"language": "json"}},
        }
    events = [_script("test", _tests(call))]
    if call.before:
        events.insert(0, _script("prerequest", call.before))
    return {"name": call.name, "event": events, "request": request}


def _tests(call: Call) -> list[str]:
    lines = [] if call.any_status else ['pm.test("HTTP 200", () => pm.response.to.have.status(200));']
    for name, right in call.expects.items():
        values = json.dumps(list(right))
        found = f"pm.expect(pm.response.json().{name}).to.be.oneOf({values})"
        lines.append(f'pm.test("as M-PESA answers", () => {found});')
    for variable, name in call.keeps.items():
        lines.append(f'pm.collectionVariables.set("{variable}", pm.response.json().{name});')
    return lines


def _script(listen: str, lines: Sequence[str]) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": list(lines)}}


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value, "type": "string"} for key, value in values.items()]
