"""What somebody meant who wrote a name that is not there.

Pure. Here must not live: what is then said about it.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from ferryman.plan.names.conventions import words_of


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name of *known* that *name* is plainly a slip of, or "" where there is none.

    The same words spelt in another style come first. The answer does not hang on the order of
    *known*.
    """
    listed, words = sorted(known), words_of(name)
    for each in listed:
        if words and words_of(each) == words:
            return each
    found = get_close_matches(name.lower(), listed, n=1, cutoff=0.75)
    return found[0] if found else ""
