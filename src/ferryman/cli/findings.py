"""How the commands of a plan tell findings: to people, to programs, to GitHub.

Here must not live: what is found (ferryman.plan).
"""

import sys
from typing import Literal

from ferryman.cli.out import shown_lines
from ferryman.errors import ConfigurationError


def one_output(*, json: bool, github: bool) -> None:
    """Raise ConfigurationError when two forms of output are asked for."""
    if json and github:
        raise ConfigurationError("--json and --github are two outputs: choose one")


def annotate(
    kind: Literal["error", "warning", "notice"],
    title: str,
    message: str,
    *,
    file: str = "",
    line: int = 0,
    column: int = 0,
) -> None:
    """Write an annotation for GitHub Actions to stdout; a line and a column of 0 are none.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    said = {"file": file, "line": line, "col": column, "title": title}
    given = [f"{word}={_escaped(str(value), ':,')}" for word, value in said.items() if value]
    sys.stdout.write(f"::{kind} {','.join(given)}::{_escaped(message, '')}\n")
    sys.stdout.flush()


def _escaped(text: str, also: str) -> str:
    """Return *text* as GitHub's workflow commands want it, `%` first."""
    text = shown_lines(text)
    for sign in ("%", "\r", "\n", *also):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
