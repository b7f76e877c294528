"""`ferryman plan docs`: the plan as a page for people. Here live files alone."""

from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from cyclopts import Parameter

from ferryman.cli import out as told
from ferryman.cli.app import DONE
from ferryman.cli.plans import document_of
from ferryman.errors import ConfigurationError
from ferryman.plan.docs import html, markdown

_Form: TypeAlias = Literal["markdown", "html"]
_SUFFIXES: Final[dict[str, _Form]] = {".md": "markdown", ".html": "html", ".htm": "html"}
_WRITERS: Final = {"markdown": markdown, "html": html}
_FILES: Final = ("plan.md", "plan.html")


def run_docs(
    plan: Annotated[str, Parameter(help="The plan: a file, or MODULE:PLAN.")],
    /,
    *,
    out: Annotated[
        Path | None,
        Parameter(help="Write to this .md or .html file, or both to a folder.", show_default=False),
    ] = None,
    html: Annotated[
        bool, Parameter(help="Write HTML to stdout, not Markdown.", show_default=False)
    ] = False,
) -> int:
    """Write the plan as a page for people."""
    if out is not None and html:
        raise ConfigurationError("--out says by its suffix what is written: leave out --html")
    files = [] if out is None else _files(out)
    document = document_of(plan)
    if not files:
        told.write(_WRITERS["html" if html else "markdown"](document))
    for path in files:
        _write(path, _WRITERS[_SUFFIXES[path.suffix]](document))
        told.note(f"Wrote {path}")
    return DONE


def _files(out: Path) -> list[Path]:
    """Return the files that *out*, a file or a folder, asks for."""
    if out.suffix in _SUFFIXES and not out.is_dir():
        return [out]
    if out.suffix and not out.is_dir():
        known = ", ".join(_SUFFIXES)
        raise ConfigurationError(f"{out} ends with none of {known}, and is no folder")
    return [out / name for name in _FILES]


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None
