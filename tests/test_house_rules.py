"""The rules of the house, read off the tree: sizes, names, docstrings, imports, and docs that keep up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from bot.cli import app
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "daraja", "storage")
MIGRATIONS = ROOT / "storage" / "migrations" / "versions"

README = (ROOT / "README.md").read_text(encoding="utf-8")
OURS = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """Classes and functions that others may use, methods included."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def commands(command: object, name: str = "karo") -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    assert isinstance(command, TyperCommand | TyperGroup)
    yield name, command
    if isinstance(command, TyperGroup):
        for part, child in command.commands.items():
            yield from commands(child, f"{name} {part}")


COMMANDS = dict(commands(get_command(app)))


def test_every_file_fits_in_one_head() -> None:
    limits = dict.fromkeys(OURS, 250) | dict.fromkeys(TESTS, 300)
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in limits}
    assert {name_of(path): size for path, size in sizes.items() if size > limits[path]} == {}


def test_every_function_fits_on_one_screen() -> None:
    sizes = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in (*OURS, *TESTS)
        if MIGRATIONS not in path.parents
        for node in functions(tree_of(path))
    }
    assert {name: size for name, size in sizes.items() if size > 40} == {}


def test_every_public_thing_has_a_docstring() -> None:
    bare = [name_of(path) for path in OURS if path.stat().st_size and not ast.get_docstring(tree_of(path))]
    bare += [
        f"{name_of(path)} {name}"
        for path in OURS
        if MIGRATIONS not in path.parents
        for name, node in public(tree_of(path).body)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_nothing_is_imported_inside_a_function() -> None:
    late = {
        f"{name_of(path)}:{inner.lineno}"
        for path in OURS
        for node in functions(tree_of(path))
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    assert late == set()


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [name_of(path) for path in (*OURS, *TESTS) if path.stem in drawers] == []


def test_nothing_is_left_for_later() -> None:
    unfinished = re.compile(r"TODO|FIXME|NotImplementedError|mark\.(skip|xfail)|pytest\.(skip|xfail)\(")
    found = [name_of(path) for path in (*OURS, *TESTS) if unfinished.search(path.read_text(encoding="utf-8"))]
    assert found == [name_of(Path(__file__))]


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"purpose"}))
def test_each_setting_stands_in_the_table_of_the_readme(name: str) -> None:
    assert f"\n| `{name.upper()}` |" in README


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    settings = README.partition("\n## Settings\n")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", settings, re.MULTILINE))
    assert told == {name.upper() for name in Settings.model_fields} - {"PURPOSE"}


def test_every_setting_that_a_person_is_told_of_exists() -> None:
    like_one = re.compile(r"\b(?:DARAJA|DATABASE|KARO|PUBLIC|SCHOOL|TELEGRAM|TRUSTED)_[A-Z_]+\b")
    told = {
        name.removesuffix("_FILE")
        for path in OURS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in like_one.findall(node.value)
    }
    assert told - {name.upper() for name in Settings.model_fields} == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_help_and_stands_in_the_readme(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    if isinstance(command, TyperCommand):
        assert re.search(rf"^\| `{re.escape(name)}\b", README, re.MULTILINE)
    undescribed = [option.name for option in command.params if not getattr(option, "help", "said above")]
    assert undescribed == []


def test_the_changelog_begins_with_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == version


def test_every_event_of_the_log_is_explained() -> None:
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    events = {
        str(node.args[0].value)
        for path in OURS
        if "simulator" not in path.parts and "playground" not in path.parts
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert {event for event in events if f"`{event}`" not in told} == set()


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=name_of
)
def test_every_link_inside_the_docs_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
