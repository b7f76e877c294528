"""Where a plan comes from on the command line: a file of JSON, or `MODULE:PLAN` to import.

Here must not live: commands (plan.py), or what a document means (ferryman.plan).
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from ferryman.cli.out import shown
from ferryman.errors import ConfigurationError, InvalidOperation
from ferryman.plan import TrackingPlan
from ferryman.plan.exchange.reading import read_document


def document_of(given: str) -> dict[str, Any]:
    """Return the plan that *given*, a file or MODULE:PLAN, holds, as a document.

    Raises ConfigurationError, in one sentence, for one that is not there or holds no plan.
    """
    if is_file(given):
        return read_file(given)
    return import_plan(given).schema()


def read_file(given: str) -> dict[str, Any]:
    """Return the plan of the file *given*: our document, JSON Schema, or Segment's.

    Raises ConfigurationError for a file that cannot be read or describes no plan.
    """
    return read_plan(given, read_json(given))


def read_json(given: str) -> Any:
    """Return what the file *given* holds; raises ConfigurationError for one that is no JSON."""
    try:
        return json.loads(Path(given).read_text(encoding="utf-8-sig"))
    except OSError as error:
        is_module = all(step.isidentifier() for step in given.split("."))
        hint = f" (a plan in a module is said so: {given}:plan)" if is_module else ""
        raise ConfigurationError(f"cannot read {given}: {error.strerror}{hint}") from None
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{given} is no JSON in UTF-8") from None


def read_plan(given: str, found: Any) -> dict[str, Any]:
    """Return the plan that *found*, the content of the file *given*, describes."""
    try:
        return read_document(found)
    except InvalidOperation as error:
        raise ConfigurationError(f"{given} holds no plan: {shown(str(error))}") from None


def import_plan(given: str) -> TrackingPlan[Any, Any]:
    """Import the TrackingPlan that *given*, MODULE:PLAN, names; looks in this directory too.

    Raises ConfigurationError for a module that is not there or fails, and for what is no plan.
    """
    module_name, _, name = given.partition(":")
    if not _is_import(given):
        raise ConfigurationError(f"{given} is no MODULE:PLAN, such as shop.events:plan")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as missing:
        absent = missing.name or module_name
        if absent == module_name or module_name.startswith(f"{absent}."):
            raise ConfigurationError(f"there is no module {absent} here") from None
        raise ConfigurationError(f"{module_name} imports {absent}, which is missing") from None
    except (Exception, SystemExit) as error:
        # The user's module may raise anything, and one sentence serves better than our traceback.
        what = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{module_name} cannot be imported: {what}") from None
    for step in name.split("."):
        found = getattr(found, step, None)
    if not isinstance(found, TrackingPlan):
        raise ConfigurationError(f"{module_name} holds no TrackingPlan named {name}")
    return found  # pyright: ignore[reportUnknownVariableType]  # its parameters are the user's


def is_file(given: str) -> bool:
    """Whether *given* is meant as a file, and not as MODULE:PLAN."""
    return Path(given).is_file() or not _is_import(given)


def _is_import(given: str) -> bool:
    module, colon, name = given.partition(":")
    return bool(colon) and all(
        step.isidentifier() for step in (*module.split("."), *name.split("."))
    )
