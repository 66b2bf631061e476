"""A Daraja (M-PESA Express) of your own: it checks what Safaricom checks, then plays a payment to its end.

Over HTTP, for any client: `uvicorn --factory daraja.simulator:create_app`. In a test:

    async with SimulatorServer(SimulatorConfig(prompt_s=0, callback_delay_s=0)) as server:
        server.simulator.set_next(Scenario.CANCELLED)
        ...                                   # push to server.url, with a CallBackURL on this machine
        await server.simulator.wait_for_callbacks(1)
        assert server.simulator.books.movements == []

What happens to a push follows the last digits of the phone (LAST_DIGITS), or what was ordered with `set_next`
and `fail_next`, or over the control routes under /simulator/. docs/simulator.md tells it all.
"""

from daraja.simulator.app import OAUTH_PATH, PUSH_PATH, QUERY_PATH, create_app
from daraja.simulator.books import Books, Movement
from daraja.simulator.callbacks import Delivery
from daraja.simulator.causes import PLAYS, Cause, Play
from daraja.simulator.config import PendingShape, SimulatorConfig
from daraja.simulator.endpoints import SeenPush
from daraja.simulator.levers import Endpoint
from daraja.simulator.money_in import Notice
from daraja.simulator.money_in_config import Again, MoneyInConfig, MsisdnForm, PullShape
from daraja.simulator.operation_scripts import RESULT_SCRIPTS, ResultScript, ResultShape
from daraja.simulator.operations import ResultDelivery
from daraja.simulator.products import ALL_PRODUCTS, Product
from daraja.simulator.prompts import Prompt
from daraja.simulator.replies import REPLIES, Break, Fault, Reply
from daraja.simulator.scenarios import LAST_DIGITS, SCRIPTS, Ending, PromptAnswer, Scenario, Script
from daraja.simulator.server import SimulatorServer
from daraja.simulator.simulator import Simulator

__all__ = [
    "ALL_PRODUCTS",
    "LAST_DIGITS",
    "OAUTH_PATH",
    "PLAYS",
    "PUSH_PATH",
    "QUERY_PATH",
    "REPLIES",
    "RESULT_SCRIPTS",
    "SCRIPTS",
    "Again",
    "Books",
    "Break",
    "Cause",
    "Delivery",
    "Ending",
    "Endpoint",
    "Fault",
    "MoneyInConfig",
    "Movement",
    "MsisdnForm",
    "Notice",
    "PendingShape",
    "Play",
    "Product",
    "Prompt",
    "PromptAnswer",
    "PullShape",
    "Reply",
    "ResultDelivery",
    "ResultScript",
    "ResultShape",
    "Scenario",
    "Script",
    "SeenPush",
    "Simulator",
    "SimulatorConfig",
    "SimulatorServer",
    "create_app",
]
