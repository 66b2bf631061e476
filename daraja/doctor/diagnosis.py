"""The one diagnosis that a list of findings leads to: a walk down one tree. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from daraja.doctor import gatekeeping, passkey
from daraja.doctor.case import Case, Found, Outcome
from daraja.doctor.causes import CauseClass
from daraja.doctor.findings import Diagnosis, Evidence, Finding, Step, Verdict

_ESSENTIAL: Final = (("oauth", "mint"), ("products", "stk"))
_STAGES: Final = {
    "settings": "the settings",
    "database": "the database",
    "telegram": "Telegram",
    "network": "the connection to M-PESA",
    "oauth": "the access token",
    "products": "the app's products",
    "passkey": "shortcode or passkey",
    "callback": "the way of M-PESA's reports to us",
    "clock": "the clock",
    "credential": "the operator's credential",
}


def diagnose(findings: Iterable[Finding]) -> Diagnosis:
    """The one most likely class of cause, the path to it, and the next step. Takes any findings; raises nothing.

    Knows the stages of `examine`, and settings, database, telegram and callback. Without a fault it is WELL.
    """
    case = Case(findings)
    path: list[Step] = []
    for asked, fork in TREE:
        outcome = fork(case)
        if isinstance(outcome, Found):
            return _diagnosis(case, (*path, Step(asked, outcome.answered)), outcome)
        path.append(Step(asked, outcome))
    good = tuple(finding for finding in case.all if finding.verdict is Verdict.GOOD)
    if not good:
        return _diagnosis(case, tuple(path), Found(CauseClass.UNCLEAR, ""))
    return _diagnosis(case, tuple(path), Found(CauseClass.WELL, "", good))


def _diagnosis(case: Case, path: tuple[Step, ...], found: Found) -> Diagnosis:
    return Diagnosis(
        cause=found.cause.value,
        said=" ".join(filter(None, (found.cause.meaning, _details(found), _besides(case, found)))),
        path=path,
        next_step=found.next_step or _own_fix(found) or found.cause.next_step,
        also=tuple(cause.value for cause in found.also),
        parted_by=found.parted_by,
        sandbox_only=any(finding.evidence is Evidence.SANDBOX for finding in found.by),
    )


def _details(found: Found) -> str:
    """What the finding itself says, where the class alone does not say it."""
    wrong = [finding for finding in found.by if finding.verdict is Verdict.BAD]
    said = wrong[0].said if wrong else ""
    return "" if said == found.cause.meaning else said


def _besides(case: Case, found: Found) -> str:
    """Other stages in which something is wrong."""
    told = {finding.stage for finding in found.by} | ({"oauth", "products"} if found.by else set())
    wrong = [finding.stage for finding in case.all if finding.verdict is Verdict.BAD]
    more = dict.fromkeys(_STAGES.get(stage, stage) for stage in wrong if stage not in told)
    return f"Something is wrong besides: {', '.join(more)}." if more else ""


def _own_fix(found: Found) -> str:
    """The finding's own advice, for the classes that hold many different faults."""
    if found.cause not in _FIXED_BY_FINDING:
        return ""
    return next((finding.fix for finding in found.by if finding.fix.strip()), "")


def _stage_fork(stage: str, cause: CauseClass) -> Callable[[Case], Outcome]:
    def fork(case: Case) -> Outcome:
        wrong = case.bad(stage)
        if wrong:
            return Found(cause, f"No: {wrong[0].said}", wrong)
        return _not_bad(case, stage)

    return fork


def _not_bad(case: Case, stage: str) -> str:
    """The answer of a stage in which nothing is wrong."""
    verdicts = {finding.verdict for finding in case.of(stage)}
    if Verdict.GOOD not in verdicts:
        return "Not known for sure." if verdicts - {Verdict.SKIPPED} else "Not asked."
    return "Yes, as far as it is known." if Verdict.UNKNOWN in verdicts else "Yes."


def _clock_fork(case: Case) -> Outcome:
    """A wrong clock may also be why the password is refused."""
    wrong = case.bad(_CLOCK)
    if not wrong:
        return _not_bad(case, _CLOCK)
    refused = case.bad(passkey.STAGE)
    if refused and _passkey_cause(refused[0]) is CauseClass.WRONG_PASSKEY:
        asked = "With the clock put right, does M-PESA still say Wrong credentials?"
        alike = (CauseClass.WRONG_PASSKEY,)
        return Found(CauseClass.CLOCK, f"No: {wrong[0].said}", wrong, also=alike, parted_by=asked)
    return Found(CauseClass.CLOCK, f"No: {wrong[0].said}", wrong)


def _passkey_fork(case: Case) -> Outcome:
    wrong = case.bad(passkey.STAGE)
    if wrong:
        cause, said = _passkey_cause(wrong[0]), f"No: {wrong[0].said}"
        if cause is CauseClass.MANGLED_HEADER:
            alike = (CauseClass.STALE_TOKEN,)
            return Found(cause, said, wrong, also=alike, parted_by=gatekeeping.NEXT_PUSH)
        return Found(cause, said, wrong)
    asked = case.of(passkey.STAGE)
    if not asked or all(finding.verdict is Verdict.SKIPPED for finding in asked):
        return "Not asked."
    return (
        "Yes." if all(finding.verdict is Verdict.GOOD for finding in asked) else "The answer does not tell."
    )


def _passkey_cause(finding: Finding) -> CauseClass:
    cause = None if finding.exchange is None else passkey.cause_of(finding.exchange)
    return CauseClass.UNCLEAR if cause in {None, CauseClass.WELL} else cause or CauseClass.UNCLEAR


def _rest_fork(case: Case) -> Outcome:
    wrong = tuple(finding for finding in case.all if finding.verdict is Verdict.BAD)
    if wrong:
        return Found(CauseClass.UNCLEAR, f"Yes: {wrong[0].said}", wrong)
    for stage, name in _ESSENTIAL:
        finding = case.get(stage, name)
        if finding is not None and finding.verdict is Verdict.UNKNOWN:
            return Found(CauseClass.UNCLEAR, f"Not known: {finding.said}", (finding,))
    broken = tuple(each for each in case.all if _is_broken_off(each))
    return Found(CauseClass.UNCLEAR, f"Not known: {broken[0].said}", broken) if broken else "No."


def _is_broken_off(finding: Finding) -> bool:
    """Whether a stage that everything hangs on came to no end."""
    on_the_wire = finding.stage in {"network", "oauth", "products"}
    return on_the_wire and finding.name == "broken_off" and finding.verdict is Verdict.UNKNOWN


_CLOCK: Final = "clock"
_FIXED_BY_FINDING: Final = frozenset(
    {
        CauseClass.SETTINGS,
        CauseClass.DATABASE,
        CauseClass.TELEGRAM,
        CauseClass.NETWORK,
        CauseClass.CALLBACK,
        CauseClass.CREDENTIAL,
    }
)
OUR_OWN: Final = (
    "Are the settings there, and can they be right?",
    "Does the database work?",
    "Does Telegram accept the bot?",
)
"""What does not concern M-PESA."""

TREE: Final[tuple[tuple[str, Callable[[Case], Outcome]], ...]] = (
    (OUR_OWN[0], _stage_fork("settings", CauseClass.SETTINGS)),
    (OUR_OWN[1], _stage_fork("database", CauseClass.DATABASE)),
    ("Can this machine reach M-PESA safely?", _stage_fork("network", CauseClass.NETWORK)),
    ("Does M-PESA give out an access token?", gatekeeping.oauth_fork),
    ("Is it M-PESA's own API that answers?", gatekeeping.firewall_fork),
    (
        "Does M-PESA take the token for a prompt (an empty request, which does nothing)?",
        gatekeeping.push_fork,
    ),
    ("Was it one token only?", gatekeeping.stale_fork),
    ("What do the other products say to the same token?", gatekeeping.others_fork),
    ("Was the last real prompt refused for its token all the same?", gatekeeping.call_fork),
    ("Are the other products there that are needed?", gatekeeping.needed_fork),
    ("Is our clock right?", _clock_fork),
    ("Does M-PESA take shortcode and passkey?", _passkey_fork),
    (OUR_OWN[2], _stage_fork("telegram", CauseClass.TELEGRAM)),
    ("Do M-PESA's reports reach us?", _stage_fork("callback", CauseClass.CALLBACK)),
    ("Can the operator's credential be made?", _stage_fork("credential", CauseClass.CREDENTIAL)),
    ("Is anything else wrong or not known?", _rest_fork),
)
"""Each question once, in the order in which a call to M-PESA can fail."""
