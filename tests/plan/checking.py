"""What the tests of `plan check` share: a plan in a file of its own, and code that uses it."""

import ast
import textwrap
from typing import Any

from ferryman.plan.review import Finding, Place, Plan, Source, review

EVENTS = """
from decimal import Decimal
from typing import Annotated, Literal
from ferryman.plan import Event, Field, Person, TrackingPlan, event
import dataclasses

class SignedUp(Event, owner="growth"):
    '''Somebody signed up.'''
    method: str
    seats: int = 1

class OrderPaid(Event, owner="checkout"):
    '''An order was paid.'''
    order_id: str
    total: Decimal

class Purchase(Event, owner="checkout", deprecated=OrderPaid):
    '''An order was paid, once.'''
    order_id: str

class Shopper(Person, owner="growth"):
    '''Somebody who shops.'''
    plan: str

@dataclasses.dataclass
class Refund:
    '''Money went back.'''
    amount: float

Events = SignedUp | OrderPaid | Purchase | Refund
plan = TrackingPlan[Events, Shopper](
    [SignedUp, OrderPaid, Purchase, event("order_refunded", Refund, owner="checkout")],
    person=Shopper,
)
"""
ALL_USED = """
from shop.events import OrderPaid, Refund, SignedUp
from ferryman import get_outbox

def use(total):
    get_outbox().track("1", SignedUp(method="x"))
    get_outbox().track("1", OrderPaid(order_id="1", total=total))
    get_outbox().track("1", Refund(1.0))
"""
"""Code that says each event, so that a test of another rule finds none unused."""


def planned(text: str = EVENTS, file: str = "src/shop/events.py") -> Plan:
    """The plan that *text*, the content of *file*, declares."""
    made: dict[str, Any] = {"__name__": "shop.events"}
    exec(compile(text, file, "exec", dont_inherit=True), made)
    nodes = [each for each in ast.parse(text).body if isinstance(each, ast.ClassDef)]
    lines = {node.name: node for node in nodes}
    places = {}
    for model in made["plan"].parts.all():
        node = lines[model.cls.__name__]
        fields = {
            each.target.id: each.lineno
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        }
        name = "" if model.facts.kind == "person" else model.facts.name
        places[model.facts.kind, name] = Place(
            file, node.lineno, "shop.events", node.name, fields, node.body[0].lineno - 1
        )
    return Plan(made["plan"].schema(), places)


def used(code: str, *, plan: Plan | None = None, **more: str) -> list[Finding]:
    """What is found in *code*, a module beside the plan, and in *more*, by their names."""
    texts = {"src/shop/events.py": EVENTS, "src/shop/all_used.py": ALL_USED}
    texts |= {"src/shop/views.py": textwrap.dedent(code)}
    texts |= {f"src/shop/{name}.py": textwrap.dedent(text) for name, text in more.items()}
    found, _ = review(plan or planned(), [Source(*each) for each in texts.items()])
    return found


def rules(found: list[Finding]) -> list[str]:
    """The names of the rules, each once."""
    return sorted({each.rule for each in found})
