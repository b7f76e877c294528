"""How the command line speaks: to people through rich, to programs as one JSON document.

Progress and complaints go to stderr, results to stdout. Neither shows payloads or ids.
"""

import sys
from collections.abc import Iterable
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: nothing in it is markup."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def complain(sentence: str) -> None:
    """Write *sentence* to stderr."""
    console(stderr=True).print(f"ferryman: {sentence}", style="red", soft_wrap=True)


def note(sentence: str) -> None:
    """Write *sentence*, which is no error, to stderr."""
    console(stderr=True).print(sentence, style="dim", soft_wrap=True)


def say(sentence: str = "", style: str = "") -> None:
    """Write *sentence* to stdout, in one line however narrow the terminal."""
    console().print(sentence, style=style, soft_wrap=True)


def emit(value: Any) -> None:
    """Write *value* to stdout as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def counted(number: int, one: str, many: str) -> str:
    """Return *number* with the word that fits it."""
    return f"{number:,} {one if number == 1 else many}"


def table(rows: Iterable[tuple[str, int | str, str]]) -> Table:
    """Return a table of names, figures and remarks."""
    made = Table(box=box.SIMPLE_HEAD, show_header=False, padding=(0, 1))
    made.add_column(style="bold")
    made.add_column(justify="right")
    made.add_column(style="dim")
    for name, figure, remark in rows:
        made.add_row(name, f"{figure:,}" if isinstance(figure, int) else figure, remark)
    return made
