"""The variables that set ferryman up: one table, what is wrong with their values, what to write.

Pure: settings.py alone reads the environment and hands in what it found. No text here quotes a
value: it can be a key, or a URL with a password.
"""

import difflib
import re
from collections.abc import Iterator, Mapping

from ferryman.errors import ConfigurationError

from .account import NEW_KEY, checked_key, origin
from .outbox_keys import checked_outbox_keys

# variable -> (field, what it is, an example of its line)
VARIABLES: dict[str, tuple[str, str, str]] = {
    "CUSTOMERIO_SITE_ID": ("site_id", "site id of the Track API", "your-site-id"),
    "CUSTOMERIO_TRACK_API_KEY": ("track_api_key", "key of the Track API", "your-track-api-key"),
    "CUSTOMERIO_APP_API_KEY": ("app_api_key", "key of the App API", "your-app-api-key"),
    "CUSTOMERIO_PRIVATE_KEY": ("private_key", "private key for every API", "sk_us_…"),
    "CUSTOMERIO_PIPELINES_WRITE_KEY": (
        "pipelines_write_key",
        "write key of a Pipelines source",
        "your-write-key",
    ),
    "CUSTOMERIO_WEBHOOK_SIGNING_KEY": (
        "webhook_signing_key",
        "key that signs reporting webhooks",
        "your-signing-key",
    ),
    "CUSTOMERIO_REGION": ("region", "us or eu", "us"),
    "CUSTOMERIO_TRACK_URL": ("track_url", "origin of the Track API", "https://track.customer.io"),
    "CUSTOMERIO_APP_URL": ("app_url", "origin of the App API", "https://api.customer.io"),
    "CUSTOMERIO_PIPELINES_URL": (
        "pipelines_url",
        "origin of the Pipelines API",
        "https://cdp.customer.io",
    ),
    "CUSTOMERIO_OUTBOX": ("outbox", "where operations wait", "sqlite:///customerio-outbox.db"),
    "CUSTOMERIO_OUTBOX_KEYS": (
        "outbox_keys",
        "keys that encrypt what waits, the newest first: `ferryman outbox key` makes one",
        "ferryman_…",
    ),
    "CUSTOMERIO_WORKSPACE": ("workspace", "name that an outbox file carries", "default"),
    "CUSTOMERIO_MODE": ("mode", "live, or off: nothing is sent", "live"),
}
KEYS = ("site_id", "track_api_key", "app_api_key", "private_key", "pipelines_write_key")
SECRET = frozenset({*KEYS, "webhook_signing_key", "outbox_keys"})
_QUOTES = "\"'`“”"
_APP_KEY = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"(customerio|customer_io|cio)_(\w+)", re.IGNORECASE)
_MEANT = {"CUSTOMERIO_API_KEY": ["CUSTOMERIO_TRACK_API_KEY", "CUSTOMERIO_APP_API_KEY"]}
"""What a name may stand for where it is near to more than one."""
_PLACES = "memory:, sqlite:///relative/file.db or sqlite:////absolute/file.db"


def missing(*names: str) -> str:
    """Return the text of the error for variables that are not there, with the lines to write."""
    lines = [f"  {name}={VARIABLES[name][2]}    # {VARIABLES[name][1]}" for name in names]
    text = ["the environment lacks what is needed; write:", *lines]
    if "CUSTOMERIO_SITE_ID" in names:
        text.append("or, in place of site id and key:")
        text.append("  CUSTOMERIO_PRIVATE_KEY=sk_us_…    # private key for every API")
    text.append("or, to send nothing (development, CI):  CUSTOMERIO_MODE=off")
    return "\n".join(text)


def problems(values: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for everything wrong with *values* (by field, "" for none)."""
    for name, (field, what, line) in VARIABLES.items():
        value = values[field]
        if not value:
            continue
        if value[0] in _QUOTES or value[-1] in _QUOTES:
            yield f"  {name} is in quotation marks, which nobody took off; write it without them"
            continue
        if field in SECRET and values["mode"] != "off" and _is_example(value, line):
            yield f"  {name} is still an example; put your own there: the {what}"
            continue
        try:
            if field in SECRET and field != "outbox_keys":
                checked_key(field, value, name=name)
            elif field.endswith("_url"):
                origin(value, name=name)
            elif field == "outbox":
                _check_place(value, name)
        except ConfigurationError as error:
            yield f"  {error}; write {name}={line}"
        if field == "outbox_keys":
            yield from _wrong_outbox_keys(name, value)
        elif field in SECRET:
            yield from _wrong_place(name, field, values)
    yield from _half_a_pair(values)
    for field, allowed in (("region", ("us", "eu")), ("mode", ("live", "off"))):
        value = values[field]
        if value and value not in allowed and value[0] not in _QUOTES:
            yield f"  CUSTOMERIO_{field.upper()} must be {' or '.join(allowed)}"


def _is_example(value: str, line: str) -> bool:
    return value == line or value.startswith(("your-", "<")) or value.endswith(("...", "…"))


def _check_place(place: str, name: str) -> None:
    """Raise ConfigurationError for a *place* that no outbox can be in."""
    scheme, _, rest = place.partition(":")
    if place in ("memory:", "memory") or (scheme == "sqlite" and rest[:3] == "///" and rest[3:]):
        return
    if scheme.partition("+")[0] in ("postgres", "postgresql"):
        raise ConfigurationError(f"{name}: this version has no PostgreSQL outbox, only {_PLACES}")
    raise ConfigurationError(f"{name} must be {_PLACES}")


def _wrong_outbox_keys(name: str, value: str) -> Iterator[str]:
    try:
        checked_outbox_keys(value, name=name)
    except ConfigurationError as error:
        yield f"  {error}"


def _wrong_place(name: str, field: str, values: Mapping[str, str]) -> Iterator[str]:
    value = values[field]
    kind = found[1] if (found := NEW_KEY.match(value)) else ""
    if kind == "sk" and field == "pipelines_write_key" and not values["private_key"]:
        yield (
            f"  {name} holds a private key, which opens every API, Pipelines too; write it as"
            " CUSTOMERIO_PRIVATE_KEY=…"
        )
    elif kind == "sk" and field not in ("private_key", "pipelines_write_key"):
        yield f"  {name} holds a private key; write it as CUSTOMERIO_PRIVATE_KEY=…"
    if kind == "pk" and field != "pipelines_write_key":
        yield f"  {name} holds a public key (pk_); a server needs a private one (sk_)"
    if field == "private_key" and not kind:
        yield (
            f"  {name} must begin with sk_us_ or sk_eu_; a Track key goes into"
            " CUSTOMERIO_TRACK_API_KEY, an App key into CUSTOMERIO_APP_API_KEY"
        )
    if field == "track_api_key" and value == values["app_api_key"]:
        yield (
            f"  {name} and CUSTOMERIO_APP_API_KEY hold the same key; Customer.io has one for"
            " each: copy both again"
        )


def doubts(values: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for what is probably wrong with *values*, and may be right."""
    # 32 characters: https://docs.gitguardian.com/secrets-detection, Customer.io keys
    if _APP_KEY.fullmatch(values["track_api_key"]):
        yield (
            "CUSTOMERIO_TRACK_API_KEY looks like a key of the App API (32 hexadecimal digits; one"
            " of the Track API has 20): if it is, write it as CUSTOMERIO_APP_API_KEY=…"
        )


def _half_a_pair(values: Mapping[str, str]) -> Iterator[str]:
    halves = bool(values["site_id"]) != bool(values["track_api_key"])
    if halves and not values["private_key"] and values["mode"] != "off":
        lacking = "CUSTOMERIO_TRACK_API_KEY" if values["site_id"] else "CUSTOMERIO_SITE_ID"
        yield f"  {lacking} is missing; write {lacking}={VARIABLES[lacking][2]}"


def misspelt(found: Mapping[str, str], values: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for every variable in *found* whose name is nearly one of the table.

    *values* are those of the table. What works is left alone: a variable of another program may
    be named as a near miss.
    """
    for name in sorted(found.keys() - VARIABLES.keys()):
        if not (parts := _NAME.fullmatch(name)):
            continue
        own = "CUSTOMERIO_" + parts[2].upper()
        near = [own] if own in VARIABLES else _MEANT.get(own, [])
        if parts[1].upper() == "CUSTOMERIO":
            near = near or difflib.get_close_matches(own, VARIABLES, n=1, cutoff=0.75)
        elif values["mode"] == "off" or any(values[field] for field in KEYS):
            continue
        fields = [VARIABLES[each][0] for each in near]
        stands = values["private_key"] and all(field in KEYS for field in fields)
        if near and not stands and not any(values[field] for field in fields):
            yield f"  {name} is not read; did you mean {' or '.join(near)}?"
