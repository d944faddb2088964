"""The vector families: one module each, with `build() -> Family`."""

from __future__ import annotations

import importlib
import pkgutil

from reference.bundle import Family


def names() -> list[str]:
    """Every family module, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")


def build(name: str) -> Family:
    """The family of module NAME."""
    family = importlib.import_module(f"reference.families.{name}").build()
    assert isinstance(family, Family)
    return family
