"""Rules about code: for each a line that breaks it, and all around it what must be left alone."""

import pytest
from tests.plan.checking import ALL_USED, EVENTS, planned, rules, used

from ferryman.plan.review import RULES, Plan, Source, review

HEAD = """
from enum import Enum, StrEnum
from datetime import datetime
import ferryman, mixpanel, analytics
from ferryman import AsyncClient, Client, Event, Outbox, Person, get_async_outbox, get_client
from ferryman import get_outbox, operations as say
from ferryman.operations import track as say_track
from rich.progress import track as bar
from shop import events
from shop.events import OrderPaid, Purchase, Shopper, SignedUp, SignedUp as Joined

box = get_outbox()
"""

FOUND = [
    # a name that is not declared, by all ways to say it
    ("undeclared-event", 'box.track("1", "signd_up")'),
    ("undeclared-event", 'get_outbox().track("1", "signd_up", data={})'),
    ("undeclared-event", 'ferryman.get_client().track("1", "signd_up", id="x")'),
    ("undeclared-event", 'Client(1).track("1", "signd_up")'),
    ("undeclared-event", 'with Client(1) as c:\n    c.track("1", "signd_up")'),
    ("undeclared-event", 'box.pipelines.track("1", "signd_up", context={})'),
    ("undeclared-event", 'say_track("1", "signd_up")'),
    ("undeclared-event", 'say.track("1", "signd_up")'),
    ("undeclared-event", 'say.pipelines.track("1", "signd_up")'),
    ("undeclared-event", 'send = box.track\nsend("1", "signd_up")'),
    ("undeclared-event", 'async def f():\n    await get_async_outbox().track("1", "signd_up")'),
    ("undeclared-event", 'async def f():\n    async with AsyncClient(1) as c:\n'
                         '        await c.track("1", "signd_up")'),
    ("undeclared-event", 'def f(o: Outbox):\n    o.track("1", "signd_up")'),
    ("undeclared-event", 'def f(o: "Outbox | None"):\n    o.track("1", "signd_up")'),
    ("undeclared-event", 'class S:\n    o: Outbox\n    def f(self):\n'
                         '        self.o.track("1", "signd_up")'),
    ("undeclared-event", 'class S:\n    def __init__(self):\n        self.o = get_outbox()\n'
                         '    def f(self):\n        self.o.track("1", "signd_up")'),
    ("undeclared-event", 'class Mine(Outbox):\n    pass\nMine(1).track("1", "signd_up")'),
    ("undeclared-event", 'def o() -> Outbox: ...\no().track("1", "signd_up")'),
    ("undeclared-event", 'from typing import cast\ncast(Outbox, x).track("1", "signd_up")'),
    ("undeclared-event", 'from typing import cast\ncast("Outbox", x).track("1", "signd_up")'),
    ("undeclared-event", 'class S:\n    @property\n    def o(self) -> Outbox: ...\n'
                         'def f(s: S):\n    s.o.track("1", "signd_up")'),
    ("undeclared-event", 'from contextlib import closing\n'
                         'with closing(get_outbox()) as o:\n    o.track("1", "signd_up")'),
    ("undeclared-event", 'box.track_many([("1", "signd_up", rows)])'),
    ("name-for-class unknown-field",
     'box.track_many([("1", "signed_up", {"method": "x", "b": 1})])'),
    ("undeclared-event", 'def f(outbox):\n    outbox.track("1", "signd_up")'),
    ("undeclared-event", 'def f(request):\n    request.app.customerio.track("1", "signd_up")'),
    ("undeclared-event", 'def f(client):\n    client.track("1", "signd_up")'),
    ("undeclared-event", 'box.track_many([("1", "signd_up"), ("2", SignedUp(method="x"))])'),
    ("undeclared-event", 'box.track_many((p, "signd_up", {"a": 1}) for p in "abc")'),
    ("undeclared-event", 'from ferryman import Client as C\nC(1).track("1", "signd_up")'),
    # names that are known without running the code
    ("undeclared-event", 'NAME = "signd_up"\nbox.track("1", NAME)'),
    ("undeclared-event", 'NAME: str = "signd_up"\ndef f():\n    box.track("1", NAME)'),
    ("undeclared-event", 'def f():\n    name = "signd" + "_up"\n    box.track("1", name)'),
    ("undeclared-event", 'class N(StrEnum):\n    UP = "signd_up"\nbox.track("1", N.UP)'),
    ("undeclared-event", 'class N(Enum):\n    UP = "signd_up"\nbox.track("1", N.UP.value)'),
    ("undeclared-event", 'box.track("1", (n := "signd_up"))'),
    ("undeclared-event", 'NAME = "signd_up"\nclass S:\n    NAME = "signed_up"\n'
                         '    def f(self):\n        box.track("1", NAME)'),
    # classes
    ("undeclared-class", 'class Other(Event):\n    pass\nbox.track("1", Other())'),
    ("undeclared-class", 'class Base(Event):\n    pass\nclass Other(Base):\n    pass\n'
                         'other = Other()\nbox.track("1", other)'),
    ("undeclared-class", 'class Other(Event):\n    pass\n'
                         'box.track_many([("1", Other()) for _ in "ab"])'),
    ("undeclared-class", 'class Other(Event):\n    @classmethod\n    def make(cls): ...\n'
                         'box.track("1", Other.make())'),
    ("undeclared-class", 'class Guest(Person):\n    pass\noutbox.identify("1", Guest())'),
    ("deprecated-event", 'box.track("1", Purchase(order_id="1"))'),
    ("deprecated-event", 'def f(e: Purchase):\n    box.track("1", e)'),
    ("deprecated-event name-for-class", 'box.track("1", "purchase", data={"order_id": "1"})'),
    # names of what is declared, and the data beside
    ("name-for-class", 'box.track("1", "signed_up", data={"method": "x"})'),
    ("name-for-class", 'def f(t):\n    t.track("1", "signed_up", data={"method": "x"})'),
    ("name-for-class", 'box.track("1", "signed_up", data={"method": "x", **more})'),
    ("name-for-class", 'box.track("1", "signed_up", **more)'),
    ("name-for-class", 'box.track("1", "signed_up", data=more)'),
    ("name-for-class", 'def f(t):\n'
                       '    t.track("1", "signed_up" if x else "zzz", data={"method": "x"})'),
    ("missing-field name-for-class", 'box.track("1", "signed_up")'),
    ("missing-field name-for-class", 'box.track("1", "signed_up", data={})'),
    ("missing-field name-for-class", 'box.track("1", "signed_up", data=dict(seats=1))'),
    ("name-for-class unknown-field", 'box.track("1", "signed_up", data={"method": 1, "x": 1})'),
    ("name-for-class unknown-field", 'box.track("1", "signed_up", data={"mthod": 1, **more})'),
    ("unknown-field", 'box.identify("1", {"plann": "pro"})'),
    ("unknown-field", 'get_client().identify("1", dict(plann="pro"), update_only=True)'),
    ("unknown-field", 'box.pipelines.identify("1", {"plann": "pro"}, anonymous=None)'),
    # what cannot be read is told, and not guessed
    ("unreadable-name", 'def f(name: str):\n    box.track("1", name)'),
    ("unreadable-name", 'def f(kind):\n    box.track("1", f"{kind}_up")'),
    ("unreadable-name", 'box.track("1", NAMES["up"])'),
    ("unreadable-name", 'name = "signed" + input()\nbox.track("1", name)'),
    ("undeclared-event unreadable-name", 'box.track("1", "signd_up" if x else f())'),
    # comments
    ("unused-ignore", 'x = 1  # ferryman: ignore'),
    ("unused-ignore", 'box.track("1", SignedUp(method="x"))  # ferryman: ignore'),
    ("undeclared-event unused-ignore",
     'box.track("1", "signd_up")  # ferryman: ignore[unknown-field]'),
    ("unused-ignore",
     'box.track("1", "signd_up")  # ferryman: ignore[undeclared-event, unknown-field]'),
    ("unused-ignore", 'box.track("1", "signd_up")  # ferryman: ignore[undeclared-event, nope]'),
]  # fmt: skip
CLEAN = [
    # what is right
    'box.track("1", SignedUp(method="x"), timestamp=None)',
    'box.track("1", Joined(method="x"))',
    'box.track("1", events.SignedUp(method="x"))',
    'event = SignedUp(method="x") if x else OrderPaid(order_id="1", total=1)\n'
    'box.track("1", event)',
    'event = None\nif x:\n    event = SignedUp(method="x")\nbox.track("1", event)',
    'def f(event: Event):\n    box.track("1", event)',
    'def f(event: events.Events):\n    box.track("1", event)',
    'def f(event: SignedUp | Purchase):\n    box.track("1", event)',
    "from typing import Union\nAny = Union[SignedUp, Purchase]\n"
    'def f(event: Any):\n    box.track("1", event)',
    'def f(event: "SignedUp | OrderPaid"):\n    box.track("1", event)',
    'box.track_many((p, SignedUp(method="x")) for p in "abc")',
    "box.track_many(pairs)",
    'box.identify("1", {"plan": "pro"})',
    'box.identify("1", {"plan": "pro", **more})',
    'box.identify("1", Shopper(plan="pro"))',
    'box.identify("1")',
    # comments
    'box.track("1", "signd_up")  # ferryman: ignore',
    'box.track("1", "signd_up")  # ferryman: ignore[undeclared-event]  until it is declared',
    'box.track(\n    "1",\n    "signd_up",\n)  # ferryman: ignore[undeclared-event]',
    'box.track(\n    "1",\n    "signd_up",  # ferryman: ignore[undeclared-event]\n)',
    'text = "# ferryman: ignore"',
    # another class that a plan of its own has
    'class Other(Event):\n    pass\nmine = ferryman.TrackingPlan([Other])\nbox.track("1", Other())',
    "class Other(Event):\n    pass\nALL = [Other]\nmine = ferryman.TrackingPlan(ALL)\n"
    'box.track("1", Other())',
    # .track( of other meaning
    'mixpanel.Mixpanel("t").track("1", "Signd Up")',
    'client = mixpanel.Mixpanel("t") if x else other()\nclient.track("1", "signd_up")',
    'mp = mixpanel.Mixpanel("t")\nmp.track("1", "signd_up")',
    'analytics.track("1", "signed_up")',
    'analytics.identify("1", {"plann": "pro"})',
    'def f(mp: mixpanel.Mixpanel):\n    mp.track("1", "signd_up")',
    'class S:\n    def __init__(self):\n        self.outbox = mixpanel.Mixpanel("t")\n'
    '    def f(self):\n        self.outbox.track("1", "signd_up")',
    'def f(tracker):\n    tracker.track("1", "signd_up")',
    'def f(client):\n    client.track("1", "signd_up", {"a": 1})',
    'def f(client):\n    client.track("signd_up")',
    'def f(client):\n    client.track(customer_id="1", name="signd_up", plan="pro")',
    'def f(client):\n    client.track("1", "signd_up", plan="pro")',
    'def f(client):\n    client.track("1", *rest)',
    'def f(progress):\n    progress.track([1, 2], "signd_up")',
    'for x in bar([1, 2], "signd_up"):\n    pass',
    'def track(a, b): ...\ntrack("1", "signd_up")',
    'class Wrapper:\n    def track(self, a, b): ...\nWrapper().track("1", "signd_up")',
    'class my_outbox:\n    def track(a, b): ...\nmy_outbox.track("1", "signd_up")',
    'def f(tracker):\n    tracker.identify("1", {"plann": 1})',
]


@pytest.mark.parametrize(
    ("expected", "code"), FOUND, ids=[f"{n}-{row[0]}" for n, row in enumerate(FOUND)]
)
def test_what_is_planted_is_found(expected: str, code: str) -> None:
    """Each line breaks just the rules of its row, and the findings point into it."""
    found = used(HEAD + code)

    assert rules(found) == expected.split()
    for each in found:
        assert each.file == "src/shop/views.py"
        assert HEAD.count("\n") < each.line <= (HEAD + code).count("\n") + 1
        assert each.severity == RULES[each.rule].severity


@pytest.mark.parametrize("code", CLEAN, ids=range(len(CLEAN)))
def test_what_is_right_is_left_alone(code: str) -> None:
    """Nothing is found in what is declared, silenced, or not ours."""
    assert used(HEAD + code) == []


@pytest.mark.parametrize(
    ("expected", "code", "where"),
    [
        ("undeclared-event", "from shop.io import box", "io"),
        ("undeclared-event", "from .io import box", "io"),
        ("undeclared-event", "from shop import io\nbox = io.box", "io"),
        ("undeclared-event", "import shop.io\nbox = shop.io.box", "io"),
        ("undeclared-event", "from shop.io import *", "io"),
        ("", "from elsewhere.io import box", "io"),
        ("", "from elsewhere.io import outbox as box", "io"),
    ],
)
def test_what_another_file_has_is_followed(expected: str, code: str, where: str) -> None:
    """An outbox that one module makes is ours in the module that imports it."""
    more = {where: "from ferryman import get_outbox\nbox = get_outbox()"}

    found = used(f'{code}\nbox.track("1", "signd_up")', **more)

    assert " ".join(rules(found)) == expected


def test_a_client_needs_ferryman_in_its_file() -> None:
    """`client` is a name of many things: without an import of ferryman it is left alone."""
    code = 'def f(client):\n    client.track("1", "signd_up")'

    assert used(code) == []
    assert rules(used("import ferryman\n" + code)) == ["undeclared-event"]


def test_constants_of_another_file_are_followed() -> None:
    """A name kept in a module of names is checked where it is tracked."""
    code = 'from shop.names import UP\nfrom ferryman import get_outbox\nget_outbox().track("1", UP)'

    assert rules(used(code, names='UP = "signd_up"')) == ["undeclared-event"]


def test_of_files_with_one_name_the_nearest_is_meant() -> None:
    """Where two folders have a module of one name, an import means that beside it, or neither."""
    code = 'from names import UP\nfrom ferryman import get_outbox\nget_outbox().track("1", UP)'
    names = {"admin/names": 'UP = "zzz"', "names": 'UP = "signed" + "_out"'}

    found = used(code, **names)
    unsure = used(code, **{"a/names": 'UP = "zzz"', "b/names": 'UP = "yyy"'})

    assert [each.what for each in found] == ["'signed_out' is not in the plan"]
    assert rules(unsure) == ["unreadable-name"]


def test_an_undeclared_name_says_what_may_be_meant() -> None:
    """The nearest name is told, and no name where none is near."""
    one, other = used(HEAD + 'box.track("1", "SignedUp")\nbox.track("1", "zzz")')

    assert one.advice == "is signed_up meant? otherwise declare the event"
    assert other.advice == RULES["undeclared-event"].advice


def test_the_class_and_the_successor_are_suggested() -> None:
    """What to write instead is in the advice."""
    found = used(HEAD + 'box.track("1", "purchase", data={"order_id": "1"})')

    assert [each.advice for each in found] == [
        "track OrderPaid instead",
        "say Purchase(...) in place of 'purchase'",
    ]


USES = [
    ('get_outbox().track("1", SignedUp(method="x"))', True),
    ('x = SignedUp(method="x")', True),
    ("x = build(SignedUp)", True),
    ("EVENTS = [SignedUp]", True),
    ("from shop import events\nx = events.SignedUp", True),
    ('from shop.events import SignedUp as Up\nx = Up(method="x")', True),
    ('NAMES = {"up": "signed_up"}', True),
    ("def f(x: SignedUp) -> SignedUp: ...", False),
    ("x: SignedUp | None = None", False),
    ("isinstance(x, SignedUp)", False),
    ("match x:\n    case SignedUp(): pass", False),
    ("Events = SignedUp | OrderPaid", False),
    ("class Other(Event, deprecated=SignedUp): pass", False),
    ("mine = TrackingPlan([SignedUp])", False),
    ("ALL = [SignedUp]\nmine = TrackingPlan(ALL)", False),
    ("import shop.events", False),
    ("def f(x: SignedUp | OrderPaid):\n    get_outbox().track('1', x)", False),
]


@pytest.mark.parametrize(("code", "is_use"), USES)
def test_an_event_is_used_unless_it_is_only_named(code: str, is_use: bool) -> None:
    """Whatever may say an event uses it; a declaration, a type and a test of a value do not."""
    head = "from ferryman import Event, TrackingPlan, get_outbox\n"
    head += "from shop.events import OrderPaid, Refund, SignedUp\n"
    says = 'get_outbox().track("1", OrderPaid(order_id="1", total=1))\nRefund(1.0)\n'
    texts = {"src/shop/events.py": EVENTS, "src/shop/views.py": head + says + code}

    found, _ = review(planned(), [Source(*each) for each in texts.items()])

    unused = [each.where for each in found if each.rule == "unused-event"]
    assert unused == ([] if is_use else ["event signed_up"])


def test_without_a_call_nothing_is_called_unused() -> None:
    """Code that says nothing at all is the wrong code to ask."""
    found, tally = review(planned(), [Source("src/other.py", "x = 1")])

    assert (found, tally.calls) == ([], 0)


def test_a_file_that_is_no_python_is_told() -> None:
    """It is a note, since a code base may keep such files on purpose."""
    (found,) = used('track("1", "x"')

    assert (found.rule, found.severity, found.line) == ("unreadable-file", "note", 1)


def test_deep_nesting_ends_no_check() -> None:
    """A file nested deeper than Python can walk is told, and the others are checked."""
    deep = "track = " + "(" * 150 + "1" + ")" * 150 + "\nx = " + "+".join(["track"] * 20_000)

    found = used(HEAD + 'box.track("1", "signd_up")', deep=deep)

    assert rules(found) == ["undeclared-event", "unreadable-file"]


def test_names_that_lead_in_circles_end() -> None:
    """Names, imports and classes that refer to each other cost steps, not for ever."""
    code = (
        "from .a import x\nclass A(B): pass\nclass B(A): pass\n"
        'a = b\nb = a\na.track("1", b)\nA().track("1", A())\nx.track("1", x)'
    )

    assert used(code, a="from .b import x", b="from .a import x") == []


def test_a_plan_in_a_document_knows_classes_by_their_events() -> None:
    """Where the plan is a file, a class is that of the event it names."""
    document = planned().document
    code = HEAD + (
        'box.track("1", SignedUp(method="x"))\n'
        'box.track("1", OrderPaid(order_id="1", total=1))\n'
        'box.track("1", "order_refunded", data={"amount": 1.5})\n'
        "class Renamed(Event, event='signed_up'):\n    pass\n"
        'box.track("1", Renamed())\n'
        'class Other(Event):\n    pass\nbox.track("1", Other())\n'
    )
    sources = [Source("shop/events.py", EVENTS), Source("shop/views.py", code)]

    found, _ = review(Plan(document, file="plan.json"), sources)

    assert [(each.rule, each.what) for each in found] == [
        ("undeclared-class", "Other is not in the plan")
    ]


def test_classes_elsewhere_are_known_by_name() -> None:
    """Where the plan's file is not scanned, its classes are still its classes."""
    found, tally = review(
        planned(),
        [Source("src/shop/all_used.py", ALL_USED)],
        declaring=[Source("src/shop/events.py", EVENTS)],
    )

    assert (found, tally.files, tally.calls) == ([], 1, 3)


def test_comments_in_the_plan_silence_the_plan() -> None:
    """A comment on a class silences what is said of it, one on a field what is said of that."""
    text = (
        "from ferryman.plan import *\n"
        "class Paid(Event, owner='us'):  # ferryman: ignore[description-missing]\n"
        "    email: str  # ferryman: ignore\n"
        "plan = TrackingPlan([Paid])\n"
    )
    plan = planned(text)

    assert review(plan, [], [Source("src/shop/events.py", text)])[0] == []
    assert len(review(plan, [], [])[0]) == 2
