"""`karo doctor`: what is wrong and what to do, the letter to support, the go-live checklist."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from bot import logs
from bot.cli.doctor_screen import STAGES, FindingsShown, checklist_shown, diagnosis_shown, heading
from bot.cli.opening import err, out, stop_with
from bot.services.examine import Examination
from bot.services.go_live import Point, Tick, checklist, through
from bot.services.letter import FOR_SUPPORT, LetterExists, letter, write_letter
from bot.settings import Settings, settings_as_they_are
from bot.wiring import make_examiner
from daraja.doctor import Verdict

FORM = 1  #: of the JSON document; grows when a key changes its meaning or goes


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    letter_file: Annotated[
        Path | None,
        typer.Option(
            "--letter", metavar="FILE", help="Write the request to M-PESA's support; no secret is in it."
        ),
    ] = None,
    go_live: Annotated[
        bool, typer.Option("--go-live", help="Walk the go-live checklist; asks what only a person can say.")
    ] = False,
) -> None:
    """Check settings, database, Telegram and M-PESA; say what is wrong and what to do. No payment is made.

    Exit 0: all is well. 1: something is wrong, or the checklist is not through. 2: it could not run.
    """
    settings, problems = settings_as_they_are()
    # its own words are the findings; of the log only what is worse than usual
    logs.configure("WARNING" if settings.log_level == "INFO" else settings.log_level, settings.secrets())
    _refuse_a_bad_place(letter_file)
    examination = asyncio.run(_examine(settings, problems, as_json=as_json))
    points = checklist(settings, examination) if go_live else None
    if points is not None and not as_json:
        points = _walked(points)
    if as_json:
        print(json.dumps(document(settings, examination, points), indent=2, ensure_ascii=False))
    else:
        _say_all(examination, points)
    if letter_file is not None:
        _write(letter_file, letter(settings, examination))
    if not as_json:
        _say_where(examination, letter_file)
    well = examination.well and through(points or ())
    raise typer.Exit(0 if well else 1)


async def _examine(settings: Settings, problems: Mapping[str, str], *, as_json: bool) -> Examination:
    """Shows what is being done while it is done; on a terminal, on one line that goes away."""
    examiner = make_examiner(settings, problems)
    screen = err if as_json else out
    shown = FindingsShown(out)
    if not as_json:
        out.print(heading(settings))
    with screen.status("beginning") as status:
        return await examiner.run(
            on_finding=lambda finding: None if as_json else shown(finding),
            on_stage=lambda stage: status.update(Text(f"{STAGES.get(stage, (stage, stage))[1]} ...")),
        )


def document(
    settings: Settings, examination: Examination, points: tuple[Point, ...] | None
) -> dict[str, Any]:
    """What `--json` prints. Times are ISO 8601 in UTC; `checklist` is null unless it was asked for."""
    return {
        "form": FORM,
        "at": examination.at.isoformat(),
        "well": examination.well,
        "business": settings.school_name,
        "app": settings.daraja_app_name,
        "environment": settings.daraja_environment,
        "shortcode": settings.daraja_shortcode,
        "diagnosis": _plain(asdict(examination.diagnosis)) | {"well": examination.diagnosis.well},
        "findings": [_plain(asdict(finding)) for finding in examination.findings],
        "checklist": None if points is None else [_plain(asdict(point)) for point in points],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _walked(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """At a terminal a person ticks what only a person can; elsewhere those points are listed as they are."""
    if not sys.stdin.isatty():
        return points
    out.print()
    walked = list(points)
    try:
        for number, point in enumerate(points):
            walked[number] = _asked(point)
    except typer.Abort:  # Ctrl-C, or no more to read: the rest stays as it is, and what was found is told
        out.print()
    return tuple(walked)


def _asked(point: Point) -> Point:
    if point.tick is not Tick.PERSON:
        return point
    out.print(Text(f"{point.title}\n  {point.said}"))
    done = typer.confirm("  Is it so?", default=False)
    return replace(point, tick=Tick.DONE if done else Tick.OPEN)


def _say_all(examination: Examination, points: tuple[Point, ...] | None) -> None:
    if points is not None:
        out.print(checklist_shown(points))
    verdicts = Counter(finding.verdict for finding in examination.findings)
    told = diagnosis_shown(examination.diagnosis, verdicts[Verdict.WARNING], verdicts[Verdict.UNKNOWN])
    out.print(told)
    out.print()


def _say_where(examination: Examination, letter_file: Path | None) -> None:
    if letter_file is not None:
        out.print(
            f"The letter is in {escape(str(letter_file))}. Read it, fill in what it asks for, then send it."
        )
    elif examination.diagnosis.cause in FOR_SUPPORT:
        out.print(
            "To write to M-PESA's support without giving a secret away: karo doctor --letter letter.txt"
        )


def _refuse_a_bad_place(file: Path | None) -> None:
    if file is None:
        return
    folder = file.absolute().parent
    try:
        if file.exists():
            stop_with(f"{file} is there already, and nothing is written over it: take another name.")
        if not folder.is_dir():
            stop_with(f"there is no folder {folder} to write the letter into.")
    except OSError as error:
        stop_with(f"{file} cannot be written: {error.strerror or type(error).__name__}.")
    if not os.access(folder, os.W_OK):
        stop_with(f"the letter cannot be written: this user may not write into the folder {folder}.")


def _write(file: Path, text: str) -> None:
    try:
        write_letter(file, text)
    except LetterExists as error:
        stop_with(str(error))
    except OSError as error:
        stop_with(f"{file} cannot be written: {error.strerror or type(error).__name__}.")
