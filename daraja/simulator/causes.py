"""Why calls fail in the field, as plays: each sets the simulator up as one cause of a refused call would show.

    simulator.play(Cause.STK_PRODUCT_MISSING)       # from now on; simulator.play(None) ends it

Each play cites the rows of the reference (what is known of M-PESA in the field) that it follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from daraja.simulator.gate import Spoils
from daraja.simulator.levers import Endpoint
from daraja.simulator.products import ALL_PRODUCTS, Product
from daraja.simulator.replies import REPLIES, Fault, Reply


class Cause(StrEnum):
    """Every play there is."""

    STK_PRODUCT_MISSING = "stk_product_missing"
    GO_LIVE_UNFINISHED = "go_live_unfinished"
    NO_PRODUCTS = "no_products"
    WRONG_ENVIRONMENT = "wrong_environment"
    TOKENS_FORGOTTEN = "tokens_forgotten"
    RIVAL_ONCE = "rival_once"
    RIVAL_ALWAYS = "rival_always"
    MINT_INVALIDATES = "mint_invalidates"
    TOKEN_SPOILT = "token_spoilt"  # noqa: S105 - a word
    HEADER_SPOILT_ON_CALLS = "header_spoilt_on_calls"
    FIREWALL_ON_PUSH = "firewall_on_push"
    FIREWALL = "firewall"
    FIREWALL_503 = "firewall_503"
    OAUTH_400 = "oauth_400"
    OAUTH_401 = "oauth_401"
    OAUTH_PAGE = "oauth_page"
    OAUTH_WRONG_PATH = "oauth_wrong_path"
    PAGE_503 = "page_503"
    INTERNAL_ERROR = "internal_error"
    SYSTEM_BUSY = "system_busy"
    BAD_GATEWAY = "bad_gateway"
    HANGING = "hanging"
    SPIKE_ARREST = "spike_arrest"
    QUOTA = "quota"
    WRONG_PASSKEY = "wrong_passkey"
    UNKNOWN_SHORTCODE = "unknown_shortcode"
    QUERY_UNDECIDED = "query_undecided"
    C2B_V1_ONLY = "c2b_v1_only"
    C2B_V2_ONLY = "c2b_v2_only"
    CLOCK_SKEW = "clock_skew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """How the simulator is set for one cause.

    replies: standing answers by address; delay_s: real seconds before each of them. lacks: products taken off the
    app. rivals: how many of the next tokens another system's mint ends at once, None: all. passkey, shortcode: M-PESA's
    own, in place of the merchant's. ahead_s: how far the Date header runs before the clock.
    """

    story: str
    cites: str
    lacks: frozenset[Product] = frozenset()
    replies: Mapping[Endpoint, Fault | Reply] = field(default_factory=dict)
    delay_s: float = 0.0
    foreign: bool = False
    spoils: Spoils = Spoils.NOTHING
    rivals: int | None = 0
    forgets: bool = False
    invalidates: bool = False
    passkey: str | None = None
    shortcode: str | None = None
    ahead_s: float = 0.0


def _everywhere(reply: Fault | Reply) -> Mapping[Endpoint, Fault | Reply]:
    return dict.fromkeys(Endpoint, reply)


def _reply(name: str) -> Fault | Reply:
    return REPLIES[name]


WELL = Play(story="Nothing is wrong.", cites="")

_PROMPTING = frozenset({Product.STK, Product.QUERY})
_INCAPSULA = "<html><body><iframe>Request unsuccessful. Incapsula incident ID: 7-42</iframe></body></html>"
_WELCOME = "<html><head><title>Welcome</title></head><body><h1>It works</h1></body></html>"
_DAY_S = 86_400.0

PLAYS: Mapping[Cause, Play] = {
    Cause.STK_PRODUCT_MISSING: Play(
        story="Lipa na M-PESA is not ticked on the app whose key is used; the app holds other products.",
        cites="section 2, causes: 'Lipa na M-PESA product not ticked'; spellings: 'STK push, Reversal'; step 6",
        lacks=_PROMPTING,
    ),
    Cause.GO_LIVE_UNFINISHED: Play(
        story="The go-live is not finished on Safaricom's side; it answers as a missing product does.",
        cites="section 2, causes: 'Go-live not finished on Safaricom's side'; step 6 names both together",
        lacks=_PROMPTING,
    ),
    Cause.NO_PRODUCTS: Play(
        story="The app holds no product of this environment.",
        cites="section 2, spellings: reason 'no apiproduct match found'; step 6 'no apiproduct everywhere'",
        lacks=ALL_PRODUCTS,
    ),
    Cause.WRONG_ENVIRONMENT: Play(
        story="OAuth was asked on one environment, the API on the other: no token is known there.",
        cites="section 2, causes: 'Sandbox credentials on the production host or the reverse; mixed hosts'",
        foreign=True,
    ),
    Cause.TOKENS_FORGOTTEN: Play(
        story="The token in the cache is dead; a new one works.",
        cites="section 2, causes: 'Stale token out of a cache'; step 4",
        forgets=True,
    ),
    Cause.RIVAL_ONCE: Play(
        story="Another system with this key mints right after us, once.",
        cites="section 1: 'Each request invalidates the previous token'; section 2: 'Two minters racing'; step 4",
        rivals=1,
    ),
    Cause.RIVAL_ALWAYS: Play(
        story="Another system with this key mints all the time.",
        cites="section 2, causes: 'Two minters racing'; step 6 'another minter'",
        rivals=None,
    ),
    Cause.MINT_INVALIDATES: Play(
        story="Each new token ends the one before; nobody else mints.",
        cites="section 1: 'Each request invalidates the previous token' (portal)",
        invalidates=True,
    ),
    Cause.TOKEN_SPOILT: Play(
        story="Something on the way cuts the end off every Authorization header.",
        cites="section 2, causes: 'Empty token, missing Bearer, quotes or whitespace'; step 6 'mangled token'",
        spoils=Spoils.EVERYTHING,
    ),
    Cause.HEADER_SPOILT_ON_CALLS: Play(
        story="Real calls lose the end of their Authorization header; empty ones arrive whole.",
        cites="section 2, step 5: 'the fault is in how the failing call builds its header'",
        spoils=Spoils.FULL_CALLS,
    ),
    Cause.FIREWALL_ON_PUSH: Play(
        story="The firewall turns away the STK push address only.",
        cites="section 1: '503 or 403 HTML with Incapsula incident ID'; section 2, step 2",
        replies={Endpoint.PUSH: _reply("html_403")},
    ),
    Cause.FIREWALL: Play(
        story="The firewall turns this address away on every path, OAuth too.",
        cites="section 1: 'The firewall answers a burst from one IP with HTML 403 on every path'",
        replies=_everywhere(_reply("html_403")),
    ),
    Cause.FIREWALL_503: Play(
        story="The firewall again, under HTTP 503.",
        cites="section 1: '503 or 403 HTML with Incapsula incident ID'",
        replies=_everywhere(Reply(503, _INCAPSULA, "text/html")),
    ),
    Cause.OAUTH_400: Play(
        story="Key and secret do not belong together, or not here.",
        cites="section 1: '400.008.01 Invalid Authentication passed'; section 2, step 3",
        replies={Endpoint.OAUTH: _reply("invalid_authentication")},
    ),
    Cause.OAUTH_401: Play(
        story="The masked key was copied from the portal's card.",
        cites="section 1: '400 or 401 also follows from copying the masked key'",
        replies={Endpoint.OAUTH: Reply(401, "", "text/plain")},
    ),
    Cause.OAUTH_PAGE: Play(
        story="The address is some other web server's.",
        cites="section 1: '200 HTML when the OAuth URL points at a wrong host'",
        replies=_everywhere(Reply(200, _WELCOME, "text/html")),
    ),
    Cause.OAUTH_WRONG_PATH: Play(
        story="The address is Daraja's, the path is not.",
        cites="section 2, causes: 'Trailing slash or wrong path: 404.001.01'",
        replies={Endpoint.OAUTH: _reply("wrong_path")},
    ),
    Cause.PAGE_503: Play(
        story="A page under HTTP 503 that does not say whose it is.",
        cites="section 2, step 2 'HTML 403/503'; section 3, errors: '429, 502, 503, 504, HTML'",
        replies=_everywhere(_reply("html_503")),
    ),
    Cause.INTERNAL_ERROR: Play(
        story="M-PESA meets an error of its own on every payment call.",
        cites="section 3, errors: '500.003.1001 Internal Server Error'",
        replies={e: _reply("internal_error") for e in Endpoint if e is not Endpoint.OAUTH},
    ),
    Cause.SYSTEM_BUSY: Play(
        story="M-PESA is busy; the same code as a spike arrest, with other words.",
        cites="section 3, errors: '500.003.02 System is busy or Spike Arrest Violation'",
        replies={e: _reply("system_busy") for e in Endpoint if e is not Endpoint.OAUTH},
    ),
    Cause.BAD_GATEWAY: Play(
        story="A gateway answers for M-PESA, OAuth too.",
        cites="section 3, errors: '429, 502, 503, 504, HTML'",
        replies=_everywhere(_reply("html_502")),
    ),
    Cause.HANGING: Play(
        story="Payment calls are taken and never answered.",
        cites="section 3: 'Lost or garbled HTTP answer'; errors: '504'",
        replies={e: _reply("html_504") for e in Endpoint if e is not Endpoint.OAUTH},
        delay_s=_DAY_S,
    ),
    Cause.SPIKE_ARREST: Play(
        story="Too many calls at once.",
        cites="section 3, errors: '500.003.02 Spike Arrest Violation'",
        replies={Endpoint.PUSH: _reply("spike_arrest")},
    ),
    Cause.QUOTA: Play(
        story="Too many calls for this shortcode.",
        cites="section 3, errors: '500.003.03 Quota Violation'",
        replies={Endpoint.PUSH: _reply("quota")},
    ),
    Cause.WRONG_PASSKEY: Play(
        story="The passkey is another shortcode's.",
        cites="section 3, errors: '500.001.1001 Wrong credentials (passkey, timestamp, shortcode)'",
        passkey="another-passkey",
    ),
    Cause.UNKNOWN_SHORTCODE: Play(
        story="The shortcode is not the one of the go-live.",
        cites="section 3, errors: '500.001.1001 Merchant does not exist'; section 2: 'shortcode of app B'",
        shortcode="600999",
    ),
    Cause.QUERY_UNDECIDED: Play(
        story="The query decides nothing, ever again.",
        cites="section 4: '500.001.1001 also comes back at random ... It decides nothing'",
        replies={Endpoint.QUERY: _reply("being_processed")},
    ),
    Cause.C2B_V1_ONLY: Play(
        story="The app holds version 1 of C2B.",
        cites="section 7: 'Register path must match the app's product, v1 or v2, else 401.003.01'",
        lacks=frozenset({Product.C2B_V2}),
    ),
    Cause.C2B_V2_ONLY: Play(
        story="The app holds version 2 of C2B.",
        cites="section 7: 'Register path must match the app's product, v1 or v2, else 401.003.01'",
        lacks=frozenset({Product.C2B_V1}),
    ),
    Cause.CLOCK_SKEW: Play(
        story="The merchant's clock is ten minutes slow.",
        cites="section 3: 'Password and Timestamp'; section 1: 'Bad expiry arithmetic'",
        ahead_s=600.0,
    ),
}
"""One for each cause."""
