"""A plan of odd names, odd texts and long values: what generated code must not trip over."""

import datetime
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pydantic

from ferryman.plan import Conventions, Event, Field, MessageData, Object, TrackingPlan, event


class Decimals(enum.Enum):
    """Not the Decimal of the standard library; \"\"\"quoted\"\"\" and ends in \\"""

    name_ = "name"
    mro_ = "mro"
    UMLAUT = 'Ünïcode "q" \n line'


Sku = Annotated[str, Field(pattern=r"^[A-Z]{2}-\d+\"'$", min_length=3)]


class Inner(msgspec.Struct, frozen=True, rename="camel"):
    stock_unit: Sku
    rates: dict[str, Annotated[float, Field(gt=0, le=1.5)]] = msgspec.field(default_factory=dict)
    last_seen_at: datetime.datetime | None = None


class Shadowing(Event, event='Shadow\'s "event", ünï', owner="a \"b\" 'c' \\", version=7):
    """Fields named like types, which the lines after them need."""

    an_int: int = msgspec.field(default=3, name="int")
    a_str: str = msgspec.field(default="x", name="str")
    a_list: Annotated[
        list[Annotated[Sku, Field(description="item\nof two lines")]],
        Field(max_length=9, description='"quoted" \\ back'),
    ] = msgspec.field(default_factory=list, name="list")
    literal: Literal["a", 'b"c', "d'e", "\n", None] = msgspec.field(default=None, name="Literal")
    anything: Any = msgspec.field(default=None, name="Any")
    moment: datetime.datetime | None = msgspec.field(default=None, name="datetime")
    meta: Annotated[int, Field(multiple_of=3, ge=-9)] = msgspec.field(default=0, name="Field")
    absent: bool | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="msgspec")
    none: int | None = msgspec.field(default=None, name="None")
    class_: str = msgspec.field(default="", name="class")
    spaced: str = msgspec.field(default="", name="with space")
    dollar: str = msgspec.field(default="", name="$dollar")
    first: str = msgspec.field(default="", name="1st")
    size: str = msgspec.field(default="", name="größe")
    decimals: Decimals = Decimals.UMLAUT
    union: Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)] | None = None
    maybe: list[Annotated[int, Field(ge=0)] | None] | None = None
    deep: dict[str, dict[str, Annotated[list[int], Field(max_length=2)]]] | None = None
    inner: tuple[int, Inner | None] | None = None
    tiny: float = 1e-300
    huge: float = 1e22


class Long(Event, deprecated='Shadow\'s "event", ünï'):
    """Values that no line holds.

        Indented \\n with "quotes" and tab\t.

    Ends with a quote\""""

    a_moment_with_a_rather_long_name_for_its_line: datetime.datetime = datetime.datetime(
        2026, 1, 1, 10, 11, 12, 13, tzinfo=datetime.UTC
    )
    a_day_with_a_rather_long_name_so_that_nothing_else_fits_there: datetime.date | None = (
        datetime.date(2026, 1, 1)
    )
    a_uuid_with_a_rather_long_name_for_its_line: uuid.UUID = uuid.UUID(int=1)
    a_decimal_with_a_rather_long_name: Annotated[Decimal, Field(description="Of money")] = Decimal(
        "123456789.25"
    )
    texts_with_a_rather_long_name: frozenset[str] = frozenset({"a" * 20, "b" * 20, "c" * 20})
    shown: Annotated[
        str,
        Field(examples=["a" * 40, {"k": [1.5, None]}], schema={"x-a": "ü" * 40, "x-b": ["c" * 40]}),
    ] = ""


class Address(pydantic.BaseModel):
    """Where somebody lives."""

    street: str = pydantic.Field(min_length=1, max_length=50, description='St. "x"')
    zip_code: str | None = pydantic.Field(default=None, pattern=r"^\d+$")


class Moved(pydantic.BaseModel):
    id: uuid.UUID
    rooms: int = pydantic.Field(ge=1, le=9, multiple_of=1, default=2)
    kind: Literal["home", "work"] = "home"
    known: dict[str, Address] = {}
    floors: Annotated[list[Annotated[int, pydantic.Field(ge=0)]], pydantic.Field(max_length=3)] = []


class Company(Object, object_type='co"mp ü'):
    name: str


class Letter(MessageData, message="Weird message / name"):
    class_: str = msgspec.field(name="class")


PLAN = TrackingPlan(
    events=[Shadowing, Long, event("Moved house", Moved, description='d "q"\nx')],
    objects=[Company],
    messages=[Letter],
    mode="off",
    conventions=Conventions(events="any", fields="any"),
    title='T "q" \\ \'\'\' """',
    description='line 1\nline 2 """ \\',
)
