"""The variables that set ferryman up: one table, what is wrong with their values, what to write.

Pure: settings.py alone reads the environment and hands in what it found. No text here quotes a
value: it can be a key, or a URL with a password.
"""

import difflib
from collections.abc import Iterator, Mapping

from ferryman.errors import ConfigurationError

from .account import NEW_KEY, checked_key, origin

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
    "CUSTOMERIO_WORKSPACE": ("workspace", "name that an outbox file carries", "default"),
    "CUSTOMERIO_MODE": ("mode", "live, or off: nothing is sent", "live"),
}
KEYS = ("site_id", "track_api_key", "app_api_key", "private_key", "pipelines_write_key")
SECRET = frozenset({*KEYS, "webhook_signing_key"})
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
    for name, (field, _what, line) in VARIABLES.items():
        value = values[field]
        if not value:
            continue
        try:
            if field in KEYS:
                checked_key(field, value, name=name)
            elif field.endswith("_url"):
                origin(value, name=name)
            elif field == "outbox":
                _check_place(value, name)
        except ConfigurationError as error:
            yield f"  {error}; write {name}={line}"
        if field in SECRET:
            yield from _wrong_place(name, field, value)
    yield from _half_a_pair(values)
    for field, allowed in (("region", ("us", "eu")), ("mode", ("live", "off"))):
        if values[field] and values[field] not in allowed:
            yield f"  CUSTOMERIO_{field.upper()} must be {' or '.join(allowed)}"


def _check_place(place: str, name: str) -> None:
    """Raise ConfigurationError for a *place* that no outbox can be in."""
    scheme, _, rest = place.partition(":")
    if place in ("memory:", "memory") or (scheme == "sqlite" and rest[:3] == "///" and rest[3:]):
        return
    if scheme.partition("+")[0] in ("postgres", "postgresql"):
        raise ConfigurationError(f"{name}: this version has no PostgreSQL outbox, only {_PLACES}")
    raise ConfigurationError(f"{name} must be {_PLACES}")


def _wrong_place(name: str, field: str, value: str) -> Iterator[str]:
    kind = found[1] if (found := NEW_KEY.match(value)) else ""
    if kind == "sk" and field not in ("private_key", "pipelines_write_key"):
        yield f"  {name} holds a private key; write it as CUSTOMERIO_PRIVATE_KEY=…"
    if kind == "pk" and field != "pipelines_write_key":
        yield f"  {name} holds a public key (pk_); a server needs a private one (sk_)"
    if field == "private_key" and not kind:
        yield (
            f"  {name} must begin with sk_us_ or sk_eu_; a Track key goes into"
            " CUSTOMERIO_TRACK_API_KEY, an App key into CUSTOMERIO_APP_API_KEY"
        )


def _half_a_pair(values: Mapping[str, str]) -> Iterator[str]:
    halves = bool(values["site_id"]) != bool(values["track_api_key"])
    if halves and not values["private_key"] and values["mode"] != "off":
        lacking = "CUSTOMERIO_TRACK_API_KEY" if values["site_id"] else "CUSTOMERIO_SITE_ID"
        yield f"  {lacking} is missing; write {lacking}={VARIABLES[lacking][2]}"


def misspelt(found: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for every variable in *found* whose name is nearly one of the table."""
    for name in sorted(found):
        if name.startswith("CUSTOMERIO_") and name not in VARIABLES:
            near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.75)
            if near and not found.get(near[0]):
                yield f"  {name} is not read; did you mean {near[0]}?"
