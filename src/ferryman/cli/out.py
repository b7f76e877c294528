"""How the command line speaks: to people through rich, to programs as one JSON document.

Progress and complaints go to stderr, results to stdout. Neither shows payloads or ids. Whatever
data holds, no control character of it reaches a terminal: it could clear the screen, set its
title, or write over what was said before.
"""

import sys
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

# C0, DEL and C1, what turns the direction of text around, and lone surrogates.
_CONTROLS: Final = (
    (0x00, 0x1F), (0x7F, 0x9F), (0x061C, 0x061C), (0x200E, 0x200F), (0x2028, 0x202E),
    (0x2066, 0x2069), (0xD800, 0xDFFF),
)  # fmt: skip
_ESCAPES: Final = {
    code: chr(code).encode("unicode_escape").decode()
    for first, last in _CONTROLS
    for code in range(first, last + 1)
}
_OF_LINES: Final = {code: said for code, said in _ESCAPES.items() if chr(code) not in "\n\t"}
_IN_JSON: Final = {code: f"\\u{code:04x}" for code in _OF_LINES if code > 0x1F}


def shown(text: str) -> str:
    """Return *text*, which is data, with an escape for each control character."""
    return text.translate(_ESCAPES)


def shown_lines(text: str) -> str:
    """Return *text* as :func:`shown` does, its line ends and tabs as they are."""
    return text.translate(_OF_LINES)


class _Console(Console):
    """A console on which control characters are seen and do nothing, wherever they come from."""

    def render_str(self, text: str, **options: Any) -> Text:
        # Before it is measured, so that columns stay columns.
        return super().render_str(shown_lines(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control is None:
                yield segment._replace(text=shown_lines(segment.text))
            else:
                yield segment  # rich's own, such as those of a bar


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: nothing in it is markup, or moves the cursor."""
    return _Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def write(content: str) -> None:
    """Write *content*, the text of a file, to stdout: as it is, unless that is a terminal."""
    if sys.stdout.isatty():
        content = shown_lines(content)
    sys.stdout.buffer.write(content.encode())
    sys.stdout.flush()


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
    """Write *value* to stdout as one line of JSON, in which no control character stands."""
    sys.stdout.write(msgspec.json.encode(value).decode().translate(_IN_JSON) + "\n")
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
