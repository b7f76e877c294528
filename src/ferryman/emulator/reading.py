"""What the three readers share: taking typed values out of JSON, or saying what is wrong.

The vocabulary of reasons and messages is the emulator's own: Customer.io documents the shape of
its errors (`reason`, `field`, `message`), not their words. Messages never quote a value. Pure.
"""

from typing import Any, Final, cast

from ferryman.emulator.acts import MAX_EVENT_NAME_BYTES, MAX_ID_BYTES, EventType, Who, is_phone

JsonObject = dict[str, Any]


class InvalidItem(Exception):
    """One thing said is wrong: where, why, and in words."""

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(message)
        self.reason: Final = reason
        self.field: Final = field
        self.message: Final = message


def an_object(value: object, field: str) -> JsonObject:
    """Return *value* if it is a JSON object."""
    if isinstance(value, dict):
        return cast("JsonObject", value)
    raise _wrong(value, field, "an object")


def optional_object(value: object, field: str) -> JsonObject:
    """Return *value* if it is a JSON object, an empty one if it is missing or null."""
    return {} if value is None else an_object(value, field)


def a_list(value: object, field: str) -> list[Any]:
    """Return *value* if it is a JSON array."""
    if isinstance(value, list):
        return value  # pyright: ignore[reportUnknownVariableType]  # JSON: of anything
    raise _wrong(value, field, "an array")


def text(value: object, field: str) -> str:
    """Return *value* if it is a string that says something."""
    if isinstance(value, str) and value.strip():
        return value
    raise _wrong(None if value == "" else value, field, "a non-empty string")


def identifier(value: object, field: str) -> str:
    """Return *value* as `text` does; an id may also be a whole number, which is read as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value, field)


def optional_text(value: object, field: str) -> str:
    """Return *value* as `identifier` does, "" if it is missing, null or empty."""
    return "" if value is None or value == "" else identifier(value, field)


def moment(value: object, field: str) -> int | None:
    """Return Unix seconds, whole; None if missing or null."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(value, field, "a Unix timestamp in whole seconds")


def event_name(value: object, field: str = "name") -> str:
    """Return the name of an event, at most 100 bytes."""
    name = text(value, field)
    if len(name.encode()) > MAX_EVENT_NAME_BYTES:
        raise InvalidItem(
            "too_long", field, f"{field} must be at most {MAX_EVENT_NAME_BYTES} bytes"
        )
    return name


def event_type(value: object) -> EventType:
    """Return the type of an event: whatever is neither page nor screen is an event."""
    if value == "page":
        return "page"
    return "screen" if value == "screen" else "event"


def person_id(value: object, field: str) -> str:
    """Return a person's id, at most 150 bytes."""
    id_ = identifier(value, field)
    if len(id_.encode()) > MAX_ID_BYTES:
        raise InvalidItem("too_long", field, f"{field} must be at most {MAX_ID_BYTES} bytes")
    return id_


def one_identifier(value: object, field: str, kinds: tuple[str, ...]) -> Who:
    """Return the one identifier that *value* holds, of one of *kinds*."""
    identifiers = an_object(value, field)
    given = [kind for kind in kinds if identifiers.get(kind) not in (None, "")]
    if len(given) != 1 or len(identifiers) != 1:
        reason = "required" if not given else "ambiguous"
        raise InvalidItem(reason, field, f"{field} must hold exactly one of {', '.join(kinds)}")
    kind, where = given[0], f"{field}.{given[0]}"
    raw = identifiers[kind]
    if kind == "email":
        email = text(raw, where)
        if "@" not in email:
            raise InvalidItem("invalid", where, f"{where} must be an e-mail address")
        return Who("email", email)
    if kind == "phone":
        if not is_phone(raw):
            raise InvalidItem("invalid", where, f"{where} must be a phone number in E.164 form")
        return Who("phone", raw)
    if kind == "cio_id":
        return Who("cio_id", text(raw, where))
    return Who("id", person_id(raw, where))


def _wrong(value: object, field: str, wanted: str) -> InvalidItem:
    if value is None:
        return InvalidItem("required", field, f"{field} is required")
    return InvalidItem("invalid", field, f"{field} must be {wanted}")
