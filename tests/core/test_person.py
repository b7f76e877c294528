"""Who is meant: kinds of identifiers, their limits, their order keys, and that none is shown."""

import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman import Anonymous, CioId, CioObjectId, Email, ObjectId, Phone
from ferryman._core.encode import segment
from ferryman._core.person import from_key, which, who
from ferryman.errors import InvalidOperation
from ferryman.outbox.letters import key_of


class Name(enum.StrEnum):
    JANE = "jane"


class Old(str, enum.Enum):  # noqa: UP042 - whose str() is not its value
    JANE = "jane"


class Number(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("person", "identifiers", "key"),
    [
        ("42", {"id": "42"}, "i:42"),
        (42, {"id": "42"}, "i:42"),
        (-1, {"id": "-1"}, "i:-1"),
        ("00001", {"id": "00001"}, "i:00001"),
        (" 42 ", {"id": " 42 "}, "i: 42 "),
        ("jane@example.com", {"id": "jane@example.com"}, "i:jane@example.com"),
        (Name.JANE, {"id": "jane"}, "i:jane"),
        (Old.JANE, {"id": "jane"}, "i:jane"),
        (Email("Jane@Example.com"), {"email": "Jane@Example.com"}, "e:jane@example.com"),
        (Phone("+491701234567"), {"phone": "+491701234567"}, "p:+491701234567"),
        (CioId("d9c106000001"), {"cio_id": "d9c106000001"}, "c:d9c106000001"),
        (CioId("cio_d9c1"), {"cio_id": "d9c1"}, "c:d9c1"),
        (Anonymous("abc"), {"anonymous_id": "abc"}, "a:abc"),
        ('"\\\n\u2028é', {"id": '"\\\n\u2028é'}, 'i:"\\\n\u2028é'),
    ],
)
def test_each_kind_says_itself(person: Any, identifiers: dict[str, str], key: str) -> None:
    """A str or int is an id, the types say the others; the key tells kinds apart."""
    found = who(person)

    assert json.loads(found.json) == identifiers
    assert found.key == key


@pytest.mark.parametrize(
    "person",
    [
        *("", " ", "\t\n", "\u00a0", Email(""), Anonymous(" "), CioId("cio_"), CioId(" ")),
        *(True, False, None, 1.5, b"42", ["42"], {"id": "42"}, object(), Number.ONE),
        *("x" * 151, "é" * 76, 10**150, -(10**149), Anonymous("x" * 151)),
        *(
            Email("jane"),
            Email("@"),
            Email("a@"),
            Email("@b"),
            Email("a b@c"),
            Email(" a@b "),
            Email(5),
        ),
        *(Phone("491701234567"), Phone("+"), Phone("+0123"), Phone("+49 170"), Phone("+1" * 9)),
        *(Phone("+1234567890123456"), Phone("+\u0664\u0669\u0661"), Email(None), CioId(None)),
        *("\ud800", Email("\ud800@x"), Anonymous("\udfff")),
    ],
)
def test_who_cannot_be_is_refused(person: Any) -> None:
    """Blank, too long, of another type or shape: refused, naming the argument and not the value."""
    with pytest.raises(InvalidOperation) as raised:
        who(person, at="person")

    assert raised.value.field == "person"
    assert raised.value.__cause__ is None


def test_an_int_too_long_to_spell_is_refused() -> None:
    """An int of more digits than Python spells is too long, as any other."""
    with pytest.raises(InvalidOperation):
        who(10**5_000)


@pytest.mark.parametrize("person", ["x" * 150, "é" * 75, 10**149, Anonymous("x" * 150)])
def test_150_bytes_are_allowed(person: Any) -> None:
    """The limit is 150 bytes, counted in UTF-8."""
    found = who(person)

    assert len(found.value.encode()) == 150


def test_emails_compare_without_case() -> None:
    """Two spellings of one address are one person: equal, of one hash, of one order key."""
    one, other = Email("Jane@Example.com"), Email("jane@EXAMPLE.com")

    assert one == other
    assert len({one, other}) == 1
    assert who(one).key == who(other).key
    assert one != Email("john@example.com")


def test_kinds_are_not_each_other() -> None:
    """The same text as another kind is another identifier."""
    kinds = {Email("a@b"), Phone("a@b"), CioId("a@b"), Anonymous("a@b"), CioObjectId("a@b"), "a@b"}

    assert len(kinds) == 6


@pytest.mark.parametrize(
    ("thing", "identifiers", "key"),
    [
        (ObjectId("1", "acme"), {"object_type_id": "1", "object_id": "acme"}, "o:1/acme"),
        (ObjectId(1, 7), {"object_type_id": "1", "object_id": "7"}, "o:1/7"),
        (CioObjectId("obb7"), {"cio_object_id": "obb7"}, "oc:obb7"),
    ],
)
def test_objects_are_named(thing: Any, identifiers: dict[str, str], key: str) -> None:
    """An object is named by type and id, or by Customer.io's own id."""
    found, found_key = which(thing)

    assert json.loads(found) == identifiers
    assert found_key == key


@pytest.mark.parametrize(
    ("thing", "field"),
    [
        *(
            (ObjectId(bad, "a"), "object.type_id")
            for bad in ("", "x", "0", "-1", "01", "1.5", True, "\u0661")
        ),
        *((ObjectId("1", bad), "object.id") for bad in ("", " ", None, True, "x" * 151, "\ud800")),
        *(
            (bad, "object")
            for bad in ("acme", 1, None, Email("a@b"), ("1", "acme"), CioObjectId(""))
        ),
    ],
)
def test_no_other_thing_is_an_object(thing: Any, field: str) -> None:
    """A type is a number from 1, an id is text or a number; the part at fault is named."""
    with pytest.raises(InvalidOperation) as raised:
        which(thing)

    assert raised.value.field == field


@pytest.mark.parametrize("kind", [Email, Phone, CioId, Anonymous, CioObjectId])
def test_no_identifier_is_shown(kind: type[Any]) -> None:
    """A repr names the kind and hides the value, rich's too."""
    identifier = kind("marker@x")

    assert "marker" not in f"{identifier!r} {identifier} {identifier.__rich_repr__()}"
    assert kind.__name__ in repr(identifier)


def test_no_object_or_checked_identifier_is_shown() -> None:
    """Neither an object's id nor a checked identifier shows what it holds."""
    for value in (ObjectId("1", "marker"), who("marker")):
        assert "marker" not in f"{value!r} {value.__rich_repr__()}"


@given(
    st.text(min_size=1, max_size=40)
    | st.text(min_size=1, max_size=40).flatmap(
        lambda text: st.sampled_from([Email(f"{text}@x"), CioId(text), CioId(f"cio_cio_{text}")])
    )
    | st.text(min_size=1, max_size=40).map(Anonymous)
    | st.from_regex(r"\A\+[1-9][0-9]{1,14}\Z").map(Phone)
    | st.builds(ObjectId, st.integers(1, 99), st.text(min_size=1, max_size=40))
    | st.text(min_size=1, max_size=40).map(CioObjectId)
)
def test_a_key_leads_back_to_its_person(given_: Any) -> None:
    """What is made of the order key of a person or an object has the same key again."""
    try:
        key = key_of(given_)
    except InvalidOperation:
        return
    found = from_key(key)

    assert type(found) in (str, type(given_))
    assert key_of(found) == key


@pytest.mark.parametrize("key", ["", "d:delivery", "s:7", "r:ann@example.com", "0123abcdef"])
def test_what_is_about_no_person_leads_to_none(key: str) -> None:
    """Deliveries, segments, invitations, and the names of an encrypted outbox are no persons."""
    assert from_key(key) is None


@given(st.text(max_size=200))
def test_whatever_passes_is_carried_unchanged(text: str) -> None:
    """Any text is either refused or stands on the wire exactly as it was given."""
    try:
        found = who(text)
    except InvalidOperation:
        return

    assert json.loads(found.json) == {"id": text}
    assert 0 < len(text.encode()) <= 150


@given(st.text(min_size=1, max_size=60))
def test_a_segment_is_one_segment(text: str) -> None:
    """Whatever passes as a segment of a path holds no slash, no dot step and no query."""
    try:
        found = segment(text, at="form_id")
    except InvalidOperation:
        return

    assert found.isascii()
    assert not set("/?#\\ ") & set(found)
    assert found not in {"", ".", ".."}
