"""Templates held against a plan: a table of texts, each with what is found in it."""

import datetime
import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman.errors import InvalidOperation
from ferryman.plan import Event, Field, MessageData, Object, Person, TrackingPlan
from ferryman.plan.templates import Finding, Template, check


class Line(msgspec.Struct):
    sku: str
    price: Decimal
    gift_for: str | None = None
    tags: list[str] = msgspec.field(default_factory=list)


class Address(msgspec.Struct):
    city: str
    zip: str | msgspec.UnsetType = msgspec.UNSET


class Cash(msgspec.Struct, tag="cash", frozen=True):
    given: int
    memo: str = ""


class Card(msgspec.Struct, tag="card"):
    brand: str
    memo: str | None = None


class OrderPlaced(Event):
    order_id: str
    total: Decimal
    lines: list[Line]
    note: str | None = None
    address: Address | None = None
    paid_with: Cash | Card = Cash(given=1)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    extra: Any = None
    old_total: Annotated[int, Field(deprecated="total")] = 0
    email: Annotated[str, Field(personal=True)] = ""


class SignedUp(Event):
    plan: str


class Shopper(Person):
    first_name: str
    birthday: datetime.date | None = None


class Account(Object, object_type="1"):
    name: str


class Receipt(MessageData):
    total: Decimal
    lines: list[Line]


PLAN = TrackingPlan(
    [OrderPlaced, SignedUp], person=Shopper, objects=[Account], messages=[Receipt]
).schema()
FREE = TrackingPlan([SignedUp]).schema()


def found(source: str, **about: str) -> list[Finding]:
    """What is wrong with one template, but what it leaves unread."""
    checked = check(PLAN, [Template("a.liquid", source, **about)])
    return [each for each in checked.findings if each.rule != "unused"]


def said(source: str, event: str = "order_placed", **about: str) -> list[str]:
    """What is wrong with one template, in a line each."""
    return [
        f"{each.rule} {each.what}" + (f" -> {each.hint}" if each.hint else "")
        for each in found(source, event="" if about else event, **about)
    ]


MISSING = "may be missing, and then the message fails -> add `| default: ...`, or an if around it"
NOTE = f"may-be-missing event.note {MISSING}"
CITY = f"may-be-missing event.address {MISSING}"
GIFT = f"may-be-missing event.lines[].gift_for {MISSING}"

ROWS: list[tuple[str, str, list[str]]] = [
    # what the plan provides
    ("fields", "{{ event.total }}{{ event['order_id'] }}", []),
    ("people", "{{ customer.first_name }}{{ customer.id }}{{ customer.timezone }}", []),
    ("meta keys", "{{ campaign.name }}{{ event_timestamp }}{{ delivery_id }}{{ snippets.x }}", []),
    ("journeys", "{{ journey.anything.at_all }}", []),
    ("loops", "{% for l in event.lines %}{{ l.sku }}{{ forloop.index }}{% endfor %}", []),
    ("nested loops",
     "{% for l in event.lines %}{% for t in l.tags %}{{ t }}{% endfor %}{% endfor %}", []),
    ("items", "{{ event.lines[0].sku }}{{ event.lines.first.sku }}{{ event.lines[n].sku }}",
     ["variable nothing provides n"]),
    ("sizes", "{{ event.lines.size }}{{ event.order_id.size }}", []),
    ("captures", "{% capture a %}{{ event.total }}{% endcapture %}{{ a }}", []),
    ("assignments", "{% assign o = event.lines %}{% for l in o %}{{ l.sku }}{% endfor %}", []),
    ("filters keep items",
     "{% assign o = event.lines | where: 'sku', 'A' | first %}{{ o.price }}", []),
    ("what is open stays open",
     "{{ event.extra | default: '' }}{{ event.extra.a.b | default: '' }}", []),
    ("whatever case", "{% case event.total %}{% when 1 %}a{% else %}b{% endcase %}", []),
    ("ranges", "{% for i in (1..3) %}{{ i }}{% endfor %}", []),
    ("objects", "{{ objects.accounts[0].name }}{{ objects.accounts[0].relationship.role }}", []),
    ("types called otherwise", "{{ objects.companies[0].nope }}", []),
    # what nothing provides
    ("field", "{{ event.totl }}",
     ["variable event.totl: the event order_placed has no field totl -> total"]),
    ("field in a test", "{% if event.totl %}{% endif %}",
     ["variable event.totl: the event order_placed has no field totl -> total"]),
    ("other style", "{{ event.orderId }}",
     ["variable event.orderId: the event order_placed has no field orderId -> order_id"]),
    ("another's field", "{{ event.plan }}",
     ["variable event.plan: the event order_placed has no field plan"]),
    ("attribute", "{{ customer.frist_name }}",
     ["variable customer.frist_name: people have no attribute frist_name -> first_name"]),
    ("system's attribute", "{{ customer.time_zone }}",
     ["variable customer.time_zone: people have no attribute time_zone -> timezone"]),
    ("in a loop", "{% for l in event.lines %}{{ l.prize }}{% endfor %}",
     ["variable l.prize: lines[] has no field prize -> price"]),
    ("through a name", "{% assign a = event.address %}{{ a.cty | default: '' }}",
     ["variable a.cty: address has no field cty -> city"]),
    ("by a filter", "{{ event.lines | map: 'skus' | join: ', ' }}",
     ["variable event.lines[].skus: lines[] has no field skus -> sku"]),
    ("list as one", "{{ event.lines.sku }}",
     ["variable event.lines.sku: lines is a list: loop over it, or take one with [0]"]),
    ("inside a number", "{{ event.total.eur }}", ["variable event.total.eur: total is a number"]),
    ("bare attribute", "{{ first_name }}",
     ["variable nothing provides first_name -> customer.first_name"]),
    ("event by its name", "{{ order_placed.total }}",
     ["variable order_placed is an event's name: its data is in event -> event"]),
    ("root", "{{ custmer.first_name }}", ["variable nothing provides custmer -> customer"]),
    ("tag as a variable", "{{ unsubscribe_url }}",
     ["variable unsubscribe_url is a tag, and shows nothing as a variable"
      " -> {% unsubscribe_url %}"]),
    ("object's field", "{{ objects.accounts[0].nam }}",
     ["variable objects.accounts[0].nam: object 1 has no field nam -> name"]),
    ("out of a loop", "{% for l in event.lines %}{% endfor %}{{ l.sku }}",
     ["variable nothing provides l"]),
    ("wrong trigger", "{{ trigger.total }}",
     ["variable trigger.total: what an event starts has no trigger: say event"]),
    # what may be missing
    ("null", "{{ event.note }}", [NOTE]),
    ("with a default", "{{ event.note | upcase | default: 'none' }}", []),
    ("in a filter", "{{ event.note | upcase }}", [NOTE]),
    ("as an argument", "{{ event.total | append: event.note }}", [NOTE]),
    ("guarded", "{% if event.note %}{{ event.note }}{% endif %}", []),
    ("guarded and", "{% if event.note and event.total > 1 %}{{ event.note }}{% endif %}", []),
    ("not guarded or", "{% if event.note or event.total > 1 %}{{ event.note }}{% endif %}", [NOTE]),
    ("not blank", "{% if event.note != blank %}{{ event.note }}{% endif %}", []),
    ("not nil", "{% if event.note != nil %}{{ event.note }}{% endif %}", []),
    ("nil is not empty text", "{% if event.note != '' %}{{ event.note }}{% endif %}", [NOTE]),
    ("equal", "{% if event.note == 'x' %}{{ event.note }}{% endif %}", []),
    ("contains", "{% if event.note contains 'x' %}{{ event.note }}{% endif %}", []),
    ("else", "{% if event.note %}a{% else %}{{ event.note }}{% endif %}", [NOTE]),
    ("else of blank", "{% if event.note == blank %}a{% else %}{{ event.note }}{% endif %}", []),
    ("elsif", "{% if event.total > 1 %}a{% elsif event.note %}{{ event.note }}{% endif %}", []),
    ("else after elsif",
     "{% if event.total > 1 %}a{% elsif event.note == nil %}b{% else %}{{ event.note }}{% endif %}",
     []),
    ("after a guard", "{% if event.note %}{% endif %}{{ event.note }}", [NOTE]),
    ("unless", "{% unless event.note %}{{ event.note }}{% else %}{{ event.note }}{% endunless %}",
     [NOTE]),
    ("unless blank", "{% unless event.note == blank %}{{ event.note }}{% endunless %}", []),
    ("when", "{% case event.note %}{% when 'a' %}{{ event.note }}{% endcase %}", []),
    ("inside what may be missing", "{{ event.address.city }}", [CITY]),
    ("both", "{{ event.address.zip }}",
     [f"may-be-missing event.address and event.address.zip {MISSING}"]),
    ("guarded from inside", "{% if event.address.zip %}{{ event.address.city }}{% endif %}", []),
    ("guarded by a name",
     "{% assign a = event.address %}{% if a %}{{ event.address.city }}{% endif %}", []),
    ("in each item", "{% for l in event.lines %}{{ l.gift_for }}{% endfor %}", [GIFT]),
    ("one of two kinds", "{{ event.paid_with.type }}{{ event.paid_with.brand }}",
     [f"may-be-missing event.paid_with.brand {MISSING}"]),
    ("missing in one of two kinds", "{{ event.paid_with.memo }}",
     [f"may-be-missing event.paid_with.memo {MISSING}"]),
    ("any key", "{{ event.counts.red }}", [f"may-be-missing event.counts.red {MISSING}"]),
    ("attribute may be missing", "{{ customer.birthday | date: '%Y' }}",
     [f"may-be-missing customer.birthday {MISSING}"]),
    ("assigned twice is not known",
     "{% assign a = '' %}{% if event.note %}{% assign a = event.note %}{% endif %}{{ a }}", []),
    ("deprecated", "{{ event.old_total }}", ["deprecated event.old_total is deprecated -> total"]),
    # the dialect
    ("tags of Customer.io",
     "{% unsubscribe_url %}{% cio_link url:https://a.example/b track:true %}{% snippet 'a' %}"
     "{% countdown point:64 time:\"2022-07-04 12:00:00 (GMT)\" %}{% generate_uuid %}", []),
    ("filters of Customer.io",
     "{{ event.total | currency: 'en', 'EUR' | slugify | hmac_sha256: 'k' }}", []),
    ("a tag's variable", "{% render_liquid event.body %}",
     ["variable event.body: the event order_placed has no field body"]),
    ("what nobody knows", "{% quux a b %}{{ event.total | quuxify }}{% endquux %}", []),
    ("misspelt filter",
     "{{ event.total | curency }}", ["filter unknown filter curency -> currency"]),
    ("misspelt tag", "{% unsubcribe_url %}", ["tag unknown tag unsubcribe_url -> unsubscribe_url"]),
    ("raw", "{% raw %}{{ nope {% endraw %}{% comment %}{{ nope }}{% endcomment %}", []),
    # syntax, and the rest goes on
    ("never closed", "{% for l in event.lines %}{{ l.sku }}", ["syntax for is never closed"]),
    ("no bracket", "{{ event.total ", ["syntax expected '}}', found end of file"]),
    ("else if", "{% if event.note %}a{% else if event.total %}b{% endif %}{{ event.totl }}",
     ["syntax found an 'else' tag expression, did you mean 'elsif'?",
      "variable event.totl: the event order_placed has no field totl -> total"]),
    ("no condition", "{% if %}a{% endif %}{{ event.totl }}",
     ["syntax missing expression",
      "variable event.totl: the event order_placed has no field totl -> total"]),
    ("end of nothing", "{% endif %}", ["syntax a tag endif that belongs to no block"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "findings"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_each_template_gives_its_findings(source: str, findings: list[str]) -> None:
    """What a template for an order may say, and what is said of what it may not."""
    assert said(source) == findings


@pytest.mark.parametrize(
    ("source", "findings"),
    [
        ("{{ trigger.total }}{{ message_data.total }}{{ trigger.lines[0].sku }}", []),
        ("{{ trigger.totl }}",
         ["variable trigger.totl: the message receipt has no field totl -> total"]),
        ("{{ event.total }}",
         ["variable event.total: the message receipt is sent without an event: say trigger"]),
    ],
)  # fmt: skip
def test_a_message_has_its_own_data(source: str, findings: list[str]) -> None:
    """What is sent with message data reads it under trigger or message_data, and no event."""
    assert said(source, message="receipt") == findings


def test_what_objects_start_is_under_trigger() -> None:
    """An object's class is known by its name, and people and relationships are there, too."""
    source = (
        "{{ trigger.account.name }}{{ trigger.customer.first_name }}{{ trigger.relationship.x }}"
    )

    assert found(source) == []
    assert [each.hint for each in found("{{ trigger.account.nam }}")] == ["name"]
    assert found("{{ trigger.venue.city }}") == []  # a type that may be called so


def test_an_error_has_its_place() -> None:
    """Lines and columns count from 1, and findings stand in the order of the text."""
    source = "<p>\r\n {{ event.total | curency }}\n\n{{ event.totl }}{{ nope }}"

    places = [(each.line, each.column, each.rule) for each in found(source)]

    assert places == [(2, 19, "filter"), (4, 4, "variable"), (4, 20, "variable")]


def test_a_template_of_no_event_may_read_any_field() -> None:
    """Each variable needs an event that has it, and all that is always shown need the same."""
    assert found("{{ event.total }}") == []
    assert found("{% if event.plan %}{{ event.plan }}{% endif %}{{ event.total }}") == []

    (finding,) = found("{{ event.total }}{{ event.plan }}")

    assert (finding.rule, finding.column) == ("no-such-event", 21)
    assert finding.what == "no event that has event.total has event.plan, too"


@pytest.mark.parametrize(
    ("about", "decided"),
    [
        ({"source": "{% comment %} ferryman: event=signed_up {% endcomment %}"}, "event signed_up"),
        ({"source": "{% comment %}ferryman: message='receipt'{% endcomment %}"}, "message receipt"),
        ({"event": "signed_up"}, "event signed_up"),
        ({"path": "signed_up/subject.txt"}, "event signed_up"),
        ({"path": "mails/signed_up.de.html"}, "event signed_up"),
        ({"path": "receipt/order_placed.html"}, "event order_placed"),
        ({"source": "{{ event.order_id }}"}, "event order_placed"),
    ],
)  # fmt: skip
def test_what_a_template_is_for(about: dict[str, str], decided: str) -> None:
    """It says so itself, or is told, or is called so, or only one event has what it reads."""
    checked = check(PLAN, [Template(**{"name": "a", "source": "", **about})])

    assert checked.templates == {decided: 1}


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        ("event=order_plced", "the plan has no event order_plced", "order_placed"),
        (
            "evnt=signed_up",
            "ferryman: knows event=NAME, message=NAME and ignore=RULE, not evnt=",
            "",
        ),
        ("order_placed", "ferryman: says neither event=, message= nor ignore=", ""),
    ],
)
def test_what_a_template_says_it_is_for_is_checked(words: str, what: str, hint: str) -> None:
    """A slip in it would let every variable pass, so it is an error."""
    (finding,) = found(f"{{% comment %}}ferryman: {words}{{% endcomment %}}")

    assert (finding.rule, finding.what, finding.hint) == ("directive", what, hint)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("ignore=variable", ["may-be-missing"]),
        ("ignore=variable,may-be-missing", []),
        ('event=order_placed ignore="variable"', ["may-be-missing"]),
        ("ignore=filter", ["variable", "may-be-missing", "directive"]),
        ("ignore=nothing", ["variable", "may-be-missing", "directive"]),
        ("ignore=syntax,variable", ["may-be-missing", "directive"]),
    ],
)
def test_a_template_may_ignore_a_rule(words: str, left: list[str]) -> None:
    """It is silent in that template; what silences nothing, or may not, is told as a warning."""
    ignores = f"{{% comment %}}ferryman: {words}{{% endcomment %}}"
    wrong = "{{ event.oder_id }}{{ event.note }}"

    rules = {each.rule: each.level for each in found(wrong + ignores, event="order_placed")}

    assert sorted(rules) == sorted(left)
    assert rules.get("directive", "warning") == "warning"


def test_an_ignore_is_of_its_template_alone() -> None:
    """Another template, with the same mistake, is told."""
    wrong = "{{ event.oder_id }}"
    ignores = "{% comment %}ferryman: ignore=variable{% endcomment %}"
    given = [Template("a", wrong + ignores), Template("b", wrong)]

    told = [each.where for each in check(PLAN, given).findings if each.rule == "variable"]

    assert told == ["b"]


def unread(*sources: str) -> list[str]:
    checked = check(PLAN, [Template("a", source, event="order_placed") for source in sources])
    return [each.where for each in checked.findings if each.rule == "unused"]


def test_fields_that_no_template_reads() -> None:
    """Of an event that has templates, with what lists hold; not personal or deprecated ones."""
    first = "{% for l in event.lines %}{{ l.sku }}{% endfor %}{{ event.counts | json }}"
    second = (
        "{{ event.lines | map: 'price' | sum }}{% if event.note %}{% endif %}{{ event.extra.a }}"
    )

    left = ["order_id", "total", "lines[].gift_for", "lines[].tags", "address", "paid_with"]
    assert unread(first, second) == [f"event order_placed: {path}" for path in left]
    assert unread("{{ event | json }}") == []


def test_events_without_templates_are_left_alone() -> None:
    """An event may start campaigns without a template that reads it."""
    checked = check(PLAN, [Template("a", "{{ customer.first_name }}")])

    assert (checked.findings, checked.undecided) == ([], 0)


def test_what_the_plan_has_no_class_for_is_free() -> None:
    """A plan without people, objects and messages says nothing about theirs."""
    source = "{{ customer.anything }}{{ trigger.anything.at.all }}{{ objects.x[0].y }}"

    assert check(FREE, [Template("a", source)]).findings == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ " * 200_000,
        "{% " * 200_000,
        "{% if x %}" * 20_000,
        "{% raw %}" * 100_000,
        "{% else %}" * 50_000,
        "{{" + " " * 900_000 + "}}",
        "{{ x" + "[a" * 5_000 + "]" * 5_000 + " }}",
        "{% if " + "a and " * 5_000 + "a %}{% endif %}",
        "{{ a" + " | upcase" * 20_000 + " }}",
        "a" * 1_000_001,
        "{{ event" + ".a" * 20_000 + " }}",
    ],
    ids=lambda source: source[:6],
)
def test_hostile_templates_come_to_an_end(source: str) -> None:
    """What would take a parser for ever, or to its knees, is a finding as any other."""
    findings = found(source)

    assert 1 <= len(findings) <= 21
    assert all(each.level == "error" for each in findings)


PIECES = [
    "{{", "}}", "{%", "%}", " event.lines ", "[0]", ".sku", " | ", "map: 'sku'", "default: ",
    " if ", " endif ", " for l in ", " endfor ", " assign a = ", " else ", " elsif ", "case ",
    " when ", " raw ", " endraw ", "liquid\n", "(1..3)", "'", '"', "\n", " 9" * 5_000, "==", "\0",
    " comment ", " endcomment ", "tablerow", "cycle ", "include ", "render 'x' ", "increment a ",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_text_raises(pieces: list[str]) -> None:
    """Whatever stands in a template, findings come back, each with a place in it."""
    source = "".join(pieces)
    lines = re.split(r"\r\n|\r|\n", source)

    for each in found(source, event="order_placed"):
        assert 1 <= each.line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1


def test_another_document_is_refused() -> None:
    """A plan of another form would let every variable pass."""
    with pytest.raises(InvalidOperation, match="is no plan of this version"):
        check({"properties": {}}, [])
