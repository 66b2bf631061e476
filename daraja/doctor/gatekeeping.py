"""The part of the tree that tells apart why M-PESA's gateway refuses a call. Pure.

Follows the order in which the gateway judges: firewall, key pair, token, product; then the call itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daraja.doctor import oauth, products
from daraja.doctor.case import Case, Found, Outcome, reading_of
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Finding, Verdict
from daraja.doctor.reading import Reading
from daraja.doctor.subject import Product

_REFUSED: Final = frozenset({Reading.TOKEN_REFUSED, Reading.NO_PRODUCT})
_PAGES: Final = frozenset({Reading.FIREWALL, Reading.NOT_DARAJA})
_PRINTS_REASON: Final = frozenset({Product.STATUS, Product.C2B_V1, Product.C2B_V2, Product.PULL})
_C2B: Final = {Product.C2B_V1: Product.C2B_V2, Product.C2B_V2: Product.C2B_V1}
_PLAIN: Final = {
    Reading.THROTTLED: CauseClass.THROTTLED,
    Reading.DOWN: CauseClass.MPESA_DOWN,
    Reading.UNREACHABLE: CauseClass.NETWORK,
    Reading.FIREWALL: CauseClass.FIREWALL,
    Reading.NOT_DARAJA: CauseClass.FIREWALL,
}
_TICKED: Final = (
    "Is the product ticked on the very app whose key is used (My Apps on the portal)? If not, that is it; if it is, "
    "the go-live is not finished, and only M-PESA API support can finish it."
)
_RIGHT_APP: Final = (
    "Is the key that of the app that went live, and is a product ticked on it (My Apps on the portal)? If both are so, "
    "the go-live is not finished, and only M-PESA API support can finish it."
)
_WHERE_ELSE: Final = (
    "Does a run with DARAJA_ENVIRONMENT set to the other one get through? Then the keys are that one's. Does it from "
    "another internet line? Then something on the way spoils the token. Else look for a second system with this key."
)
_OWN_CALLS: Final = (
    "Calls before it were let through. Does a run after ten quiet minutes get through? Then the firewall only minded "
    "the number of calls."
)
_NAMES_ITSELF: Final = (
    "Does the page name Incapsula, and does the same call work from another internet line? Then it is the firewall; "
    "otherwise M-PESA is out of order."
)
NEXT_PUSH: Final = "Does the next payment, with the token just made, still meet Invalid Access Token?"
_OTHERS: Final = "What do the other products answer to the same token? Run this again when they answer."


def oauth_fork(case: Case) -> Outcome:
    """Does M-PESA give out a token?"""
    minted = case.get(oauth.STAGE, "mint")
    if minted is None or minted.verdict is Verdict.SKIPPED:
        return "Not asked."
    if minted.verdict in {Verdict.GOOD, Verdict.WARNING}:
        return "Yes."
    cause = CauseClass.UNCLEAR if minted.exchange is None else oauth.cause_of(minted.exchange)
    if cause is CauseClass.FIREWALL:
        return _firewall(minted)
    return Found(cause, f"No: {minted.said}", (minted,))


def firewall_fork(case: Case) -> Outcome:
    """Did M-PESA's own API answer?"""
    for stage in (products.STAGE, "passkey"):
        for finding in case.of(stage):
            if reading_of(finding) in _PAGES:
                found = _firewall(finding)
                passed = case.reading(products.STAGE, Product.STK.value) is Reading.PASSED
                return replace(found, parted_by=_OWN_CALLS) if passed else found
    return "Yes, as far as it was asked."


def push_fork(case: Case) -> Outcome:
    """Does M-PESA take the newest token for a prompt?"""
    stk = case.get(products.STAGE, Product.STK.value)
    reading = None if stk is None else reading_of(stk)
    if stk is None or reading is None:
        return "Not asked."
    if reading is Reading.PASSED:
        return "Yes."
    if reading in _REFUSED:
        return f"No: {stk.said}"
    return Found(_PLAIN.get(reading, CauseClass.UNCLEAR), f"No: {stk.said}", (stk,))


def stale_fork(case: Case) -> Outcome:
    """Was it one token only?"""
    pushing, held = _stk(case), case.get(oauth.STAGE, "held")
    again = case.get(products.STAGE, products.AGAIN)
    if pushing is None:
        return "No token was tried on a prompt."
    if reading_of(pushing) is Reading.PASSED:
        if held is not None and held.verdict is not Verdict.UNKNOWN and reading_of(held) in _REFUSED:
            return Found(
                CauseClass.STALE_TOKEN, "Yes: the one in use is refused, a new one is taken.", (held, pushing)
            )
        return "No token was refused."
    if again is None or reading_of(again) is None:
        return "Not known: no other token was to be had."
    if reading_of(again) is Reading.PASSED:
        return Found(CauseClass.STALE_TOKEN, "Yes: the next one is taken.", (pushing, again))
    return "No: a newer one is refused as well."


def others_fork(case: Case) -> Outcome:
    """What do the other products say to the same token?"""
    stk = case.get(products.STAGE, products.AGAIN) or _stk(case)
    if stk is None or reading_of(stk) not in _REFUSED:
        return "No need to ask: a prompt's token was not refused."
    asked = [_of(case, product) for product in Product if product is not Product.STK]
    others = [finding for finding in asked if finding is not None]
    passed = [finding for finding in others if reading_of(finding) is Reading.PASSED]
    if passed:
        said = f"{len(passed)} of them take it."
        return _lacking(CauseClass.PRODUCT_OR_GO_LIVE, said, (stk, *passed), _TICKED)
    missing = [finding for finding in others if reading_of(finding) is Reading.NO_PRODUCT]
    if missing:
        said = f"None takes it; {len(missing)} of them say that the app does not hold them."
        return _lacking(CauseClass.NO_PRODUCTS, said, (stk, *missing), _RIGHT_APP)
    bare = [finding for finding in others if _is_bare(finding)]
    if bare:
        said = "None takes it, and none says that a product is missing."
        return Found(CauseClass.TOKEN_LEVEL, said, (stk, *bare), parted_by=_WHERE_ELSE)
    alike = (CauseClass.NO_PRODUCTS, CauseClass.TOKEN_LEVEL)
    said = "They gave no answer that tells."
    return Found(CauseClass.PRODUCT_OR_GO_LIVE, said, (stk,), also=alike, parted_by=_OTHERS)


def call_fork(case: Case) -> Outcome:
    """Was the last real prompt refused for its token, though token and product are good?"""
    real = case.get(products.STAGE, products.REAL_CALL)
    if real is None or real.verdict is not Verdict.BAD:
        return "Not that we know."
    held = case.get(oauth.STAGE, "held")
    if held is not None and held.verdict is Verdict.GOOD:
        return Found(CauseClass.MANGLED_HEADER, "Yes, and the token in use is good too.", (real, held))
    return Found(
        CauseClass.MANGLED_HEADER,
        "Yes.",
        (real,),
        also=(CauseClass.STALE_TOKEN,),
        parted_by=NEXT_PUSH,
    )


def needed_fork(case: Case) -> Outcome:
    """Are the other products there that are needed?"""
    for finding in case.bad(products.STAGE):
        reading = reading_of(finding)
        if reading in _REFUSED:
            found = _lacking(CauseClass.PRODUCT_OR_GO_LIVE, f"No: {finding.said}", (finding,), _TICKED)
            return replace(found, next_step=_other_version(case, finding) or found.next_step)
        cause = CauseClass.UNCLEAR if reading is None else _PLAIN.get(reading, CauseClass.UNCLEAR)
        return Found(cause, f"No: {finding.said}", (finding,))
    return "Yes, as far as they were asked."


def _lacking(cause: CauseClass, said: str, by: tuple[Finding, ...], parted_by: str) -> Found:
    """A product is missing; an unfinished go-live answers alike, but the sandbox knows none."""
    if by[0].fix == products.TICK_IN_SANDBOX:
        return Found(cause, said, by, next_step=products.TICK_IN_SANDBOX)
    alike = () if cause is CauseClass.PRODUCT_OR_GO_LIVE else (CauseClass.PRODUCT_OR_GO_LIVE,)
    return Found(cause, said, by, also=alike, parted_by=parted_by)


def _firewall(finding: Finding) -> Found:
    exchange = finding.exchange
    named = exchange is None or exchange.http_status != 503 or "incapsula" in exchange.message.lower()
    if named:
        return Found(CauseClass.FIREWALL, f"No: {finding.said}", (finding,))
    alike = (CauseClass.MPESA_DOWN,)
    return Found(CauseClass.FIREWALL, f"No: {finding.said}", (finding,), also=alike, parted_by=_NAMES_ITSELF)


def _stk(case: Case) -> Finding | None:
    return _of(case, Product.STK)


def _of(case: Case, product: Product) -> Finding | None:
    """The probe of a product, None when it was left out."""
    finding = case.get(products.STAGE, product.value)
    return None if finding is None or reading_of(finding) is None else finding


def _is_bare(finding: Finding) -> bool:
    """Whether a product that would say that it is missing refuses the token without saying so."""
    return finding.name in _PRINTS_REASON and reading_of(finding) is Reading.TOKEN_REFUSED


def _other_version(case: Case, finding: Finding) -> str:
    """C2B comes in two versions, and registering must use the one that the app holds."""
    other = next((b for a, b in _C2B.items() if a.value == finding.name), None)
    if other is None or case.reading(products.STAGE, other.value) is not Reading.PASSED:
        return ""
    return (
        f"The app holds C2B version {other.value[-1]}: register the URLs with that version, "
        "or ask M-PESA API support to put the other one on the app."
    )
