"""Elements of HTML whose text is escaped by construction: only :class:`Html` goes in as it is.

Pure. Here must not live: what stands on a page (html.py).
"""

import html


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


VOID = frozenset({"br", "input", "meta"})
"""Elements that hold nothing and have no end."""


def element(name: str, /, *inside: str, **attributes: str) -> Html:
    """Return the element *name*; its texts and the values of its *attributes* are escaped.

    In the name of an attribute ``_`` stands for ``-``, and one at the end is left out.
    """
    words = [
        f' {word.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for word, value in attributes.items()
    ]
    opened = f"<{name}{''.join(words)}>"
    return Html(opened) if name in VOID else Html(f"{opened}{joined(*inside)}</{name}>")


def joined(*parts: str) -> Html:
    """Return *parts* one after the other, each escaped unless it is HTML."""
    return Html("".join(each if isinstance(each, Html) else html.escape(each) for each in parts))
