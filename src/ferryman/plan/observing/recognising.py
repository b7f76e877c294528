"""What a text, a number or a name looks like: a moment, an id, a person's own.

Pure. Looks are guesses, made once here, so that counting (seen.py) and proposing (proposing.py)
guess alike. Here must not live: what follows from a look.
"""

import re
from typing import Final

from ferryman.plan.names.conventions import words_of

# The first that fits is the format. Offsets are wanted: a moment without one is nobody's.
_FORMATS: Final = re.compile(
    r"""
    (?P<integer>-?(?:0|[1-9][0-9]{0,14}))
  | (?P<number>-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15})
  | (?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})
  | (?P<date_time>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt ]
        (?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?
        (?:[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]))
  | (?P<date>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))
  | (?P<email>[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63})
  | (?P<phone>\+[1-9][0-9]{6,14})
  | (?P<ipv4>(?:[0-9]{1,3}\.){3}[0-9]{1,3})
  | (?P<url>https?://\S{1,2000})
    """,
    re.VERBOSE,
)
PERSONAL_FORMATS: Final = frozenset({"email", "phone", "ipv4"})
"""Formats of what belongs to a person."""
_NAMED_BY_DATA: Final = frozenset({"integer", "number", "uuid", "date-time", *PERSONAL_FORMATS})
_SECONDS: Final = range(1_000_000_000, 4_102_444_800)
"""From September 2001 to the end of 2099: as many digits as counts and ids seldom have."""
_MILLISECONDS: Final = range(1_000_000_000_000, 4_102_444_800_000)
_PERSONAL_WORDS: Final = frozenset(
    {
        *("address", "street", "city", "zip", "zipcode", "postcode", "latitude", "longitude"),
        *("email", "mail", "phone", "tel", "telephone", "mobile", "ip", "username"),
        *("firstname", "lastname", "fullname", "surname", "birthday", "birthdate", "dob"),
        *("iban", "passport", "ssn"),
    }
)
_PERSONAL_NAMES: Final = frozenset(
    {"name", "first_name", "last_name", "full_name", "display_name", "customer_name", "user_name"}
)
_MOMENT_WORDS: Final = frozenset({"at", "on", "time", "date", "timestamp", "since", "until"})


def format_of(text: str) -> str | None:
    """Return what *text* looks like: date-time, date, uuid, email, phone, ipv4, url, or a number.

    A number written as text is "integer" or "number"; with leading zeros it is none.
    """
    found = _FORMATS.fullmatch(text)
    if found is None:
        return None
    name = found.lastgroup
    return "date-time" if name == "date_time" else name


def moment_of(number: int) -> str | None:
    """Return "unix-seconds" or "unix-milliseconds" for a *number* that may well be a moment."""
    if number in _SECONDS:
        return "unix-seconds"
    return "unix-milliseconds" if number in _MILLISECONDS else None


def says_moment(name: str) -> bool:
    """Whether a field is called as moments are, such as ``paid_at``."""
    return bool(_MOMENT_WORDS & set(words_of(name)[-1:]))


def says_personal(name: str) -> bool:
    """Whether a field is called as personal data is, such as ``billing_email``."""
    words = words_of(name)
    return "_".join(words) in _PERSONAL_NAMES or not _PERSONAL_WORDS.isdisjoint(words)


def is_data(name: str) -> bool:
    """Whether *name* is no name but data, such as an id by which entries are kept."""
    return format_of(name) in _NAMED_BY_DATA
