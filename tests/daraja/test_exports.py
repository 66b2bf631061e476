"""What `daraja` gives by its bare name: the same for a type checker and at run time, imported when asked for."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import daraja
from daraja import __all__ as names


def _typed() -> dict[str, str]:
    """The names under TYPE_CHECKING, each with its module."""
    tree = ast.parse(Path(daraja.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module)
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_each_name_stands_in_all_three_lists_of_the_package() -> None:
    homes = {name: f"daraja.{module}" for name, module in daraja._HOME.items()}
    assert homes == _typed()
    assert sorted(homes) == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", names)
def test_each_name_is_what_its_module_has(name: str) -> None:
    assert getattr(daraja, name) is getattr(importlib.import_module(_typed()[name]), name)
    assert name in dir(daraja)


def test_a_name_that_is_none_is_said_so() -> None:
    with pytest.raises(AttributeError, match="no attribute 'stk_push'"):
        daraja.stk_push  # type: ignore[attr-defined]  # noqa: B018


def test_a_star_brings_all() -> None:
    brought: dict[str, object] = {}
    exec("from daraja import *", brought)  # noqa: S102 - a star is only allowed at the top of a module
    assert set(names) <= set(brought)
