"""What must not be shown: keys, and passwords inside of URLs.

Tracebacks are printed with their variables by error trackers and by rich; so a key is masked by
its own kind, wherever it lies, and not only by who holds it.
"""

import re
from typing import Any, SupportsIndex

_DOTS = "•••"
_USER = re.compile(r"(://[^:@/?#\s]*:).*@", re.DOTALL)
_QUERY = re.compile(r"([?&][^=&#]*(?:password|secret|token)[^=&#]*=)[^&#]*", re.IGNORECASE)


class Secret(str):
    """A text whose repr, and that of its parts, is dots; ``str()`` and f-strings spell it out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{_DOTS}'" if self else "''"

    def __getitem__(self, place: SupportsIndex | slice) -> "Secret":
        # Who shortens a long text for show asks for its beginning.
        return Secret(super().__getitem__(place))

    def strip(self, chars: str | None = None, /) -> "Secret":
        """Return it without what pasting added, as secret as before."""
        return Secret(super().strip(chars))

    def __reduce__(self) -> tuple[Any, ...]:
        return Secret, (str(self),)


def masked(place: str) -> str:
    """Return *place*, a URL, with its passwords as stars: ``postgresql://user:***@host/db``."""
    return _QUERY.sub(r"\1***", _USER.sub(r"\1***@", place))
