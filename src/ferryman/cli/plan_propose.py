"""What `ferryman plan observe` proposes: classes in a new file, and lines for those there are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ferryman.cli import out
from ferryman.cli.observed import Count
from ferryman.errors import ConfigurationError
from ferryman.plan.exchange.generate import generate
from ferryman.plan.observing import Observed
from ferryman.plan.observing.proposing import Lines, Proposal, propose, propose_fields

_NOTE: Final = "Proposed by `ferryman plan observe`: read it, correct it, keep it."


def lacking(made: Count, known: Mapping[str, Any], *, values: bool) -> tuple[Lines, ...]:
    """Return the lines that the classes of *known*, a document, lack for what was seen."""
    return propose_fields(_kept(made, values=values), known)


def _kept(made: Count, *, values: bool) -> Observed:
    return made.observed if values else Observed.read(made.observed.document(values=False))


def write_proposal(made: Count, known: Mapping[str, Any] | None, to: str, *, values: bool) -> None:
    """Write the classes that *known* lacks to the new file *to*, or to stdout for ``-``.

    Raises ConfigurationError for a file that cannot be written.
    """
    proposal = propose(_kept(made, values=values), known)
    if not proposal.classes:
        out.note(
            "Nothing is proposed: " + ("every event is declared." if known else "nothing was seen.")
        )
        return
    source = generate(proposal.document, note=_NOTE)
    if to == "-":
        out.write(source)
    else:
        try:
            with Path(to).open("x", encoding="utf-8") as file:
                file.write(source)
        except OSError as error:
            raise ConfigurationError(f"cannot write {to}: {error.strerror}") from None
        out.note(f"Proposed {out.counted(proposal.classes, 'class', 'classes')} in {to}.")
    _tell_remarks(proposal, is_csv=made.is_csv)
    if not values and (few := _choices(propose(made.observed, known))):
        have = out.counted(few, "field has", "fields have")
        out.note(f"{have} few values: --values proposes a Literal.")


def _tell_remarks(proposal: Proposal, *, is_csv: bool) -> None:
    for each in proposal.remarks:
        if not (is_csv and each.what.startswith("is text")):  # --types was named already
            field = f" {each.field}:" if each.field else ""
            out.note(out.shown(f"{each.where}:{field} {each.what}"))


def _choices(proposal: Proposal) -> int:
    return msgspec.json.encode(proposal.document).count(b'"enum":')
