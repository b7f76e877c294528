"""A plan as a page: everything on it, nothing in it that acts, and examples that hold."""

import base64
import hashlib
import itertools
import json
import re
import subprocess
import sys
import types
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from markdown_it import MarkdownIt
from tests.plan.every import PLAN

from ferryman import ObjectId, operations
from ferryman.errors import InvalidOperation
from ferryman.plan import Conventions, Event, Field, TrackingPlan, encode_message
from ferryman.plan.docs import html, markdown
from ferryman.plan.docs.elements import element
from ferryman.plan.docs.page import Entry, page
from ferryman.plan.docs.samples import Samples
from ferryman.plan.docs.style import STYLE
from ferryman.plan.exchange.generate import generate

DOCUMENT = PLAN.schema()
EVIL = (
    "</td><script>alert(1)</script><img src=x onerror=alert(1)> | `a` ``b`` [c](javascript:d) &amp;"
)


class Item(msgspec.Struct):
    evil: Annotated[str, Field(description=EVIL, owner=EVIL, examples=[EVIL])]


class Worse(Event, event=EVIL, owner=EVIL):
    __doc__ = f"{EVIL}\n\n# not a title\n\n- nor a list\n\n<!-- nor a comment"
    items: list[Item]
    ticks: str = msgspec.field(name="a``b`", default="```\n```")
    kind: Literal["</pre><b>", "```"] = "```"
    evil: Annotated[str, Field(personal=True)] = msgspec.field(name="<i>|`x`</i>", default="y")


class Bad(Event, event="bad", deprecated=Worse):
    pass


class Plain(Event):
    total: int


ANY = Conventions(events="any", fields="any")
HOSTILE = TrackingPlan([Worse, Bad], title=EVIL, description=EVIL, conventions=ANY).schema()


class Outline(HTMLParser):
    """Reads a page as a strict reader would: what is opened is closed, in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "input", "br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def rendered(text: str) -> str:
    """Markdown as a wiki shows it, with HTML allowed."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


@pytest.mark.parametrize("write", [html, markdown])
def test_the_same_plan_gives_the_same_bytes(write: Callable[[dict[str, Any]], str]) -> None:
    """Also after its document went through JSON with its keys in another order."""
    turned = json.loads(json.dumps(DOCUMENT))
    turned["properties"]["events"]["properties"] = dict(
        reversed(turned["properties"]["events"]["properties"].items())
    )
    turned["$defs"] = dict(reversed(turned["$defs"].items()))

    assert write(turned) == write(DOCUMENT)


@pytest.mark.parametrize("write", [html, markdown])
def test_everything_of_the_plan_is_on_the_page(write: Callable[[dict[str, Any]], str]) -> None:
    """Each class with each field, its owner, what took its place, and what is personal."""
    text = write(DOCUMENT)

    for entry in page(DOCUMENT).entries:
        assert entry.title in text
        for row in entry.rows:
            assert row.path in text
    for said in ("Somebody who shops.", "With tax", "checkout", "lines[].sku", "personal data",
                 "5 events" if write is markdown else ">5<", "Ours, not the shop"):  # fmt: skip
        assert said in text


def test_rows_say_types_bounds_and_presence_in_words() -> None:
    """A reader who knows no JSON Schema understands them."""
    (entry,) = [each for each in page(DOCUMENT).entries if each.name == "order_paid"]
    rows = {row.path: row for row in reversed(entry.rows)}
    said = {
        path: (rows[path].kind, rows[path].presence, "; ".join(rows[path].rules))
        for path in ("order_id", "currency", "kind", "lines", "lines[].sku", "lines[].colour",
                     "paid_with", "paid_with.type", "seats", "share", "step", "paidAt", "due",
                     "session", "labels", "pair", "counts", "by_colour",
                     "tree.branches", "anything")
    }  # fmt: skip

    assert said == {
        "order_id": ("text", "required", "at least 1 character"),
        "currency": ('one of "EUR", "USD"', "required", ""),
        "kind": ('always "order"', "required", ""),
        "lines": ("list of Line", "required", "1 to 100 items"),
        "lines[].sku": ("text", "required", "matches ^[A-Z]+-[0-9]+$"),
        "lines[].colour": ('one of "red", "dark blue"', 'default "red"', ""),
        "paid_with": ("Cash or Card", "required", ""),
        "paid_with.type": ('always "cash"', "required", "in Cash"),
        "seats": ("whole number", "default 1", "at least 1; at most 500"),
        "share": ("number", "default 0.5", "more than 0; less than 1"),
        "step": ("whole number or nothing", "optional", "a multiple of 5"),
        "paidAt": ("date and time", 'default "2026-11-24T05:30:00.250Z"', ""),
        "due": ("date or nothing", 'default "2026-12-01T00:00:00Z"', ""),
        "session": ("UUID", 'default "00000000-0000-0000-0000-00000000000a"', ""),
        "labels": ("list of text", 'default ["a", "b"]', "no item twice"),
        "pair": ("list (text, whole number)", 'default ["a", 1]', ""),
        "counts": ("whole number by name", "optional", "at most 10 entries"),
        "by_colour": ('number by one of "blue", "red"', "optional", ""),
        "tree.branches": ("list of Tree", "optional", "Tree as in tree"),
        "anything": ("anything", "optional", ""),
    }
    assert (rows["share"].is_deprecated, rows["share"].successor) == (True, "total")
    assert (rows["note"].is_personal, rows["note"].owner) == (True, "legal")


@pytest.mark.parametrize("document", [DOCUMENT, HOSTILE], ids=["plan", "hostile"])
def test_the_page_is_sound(document: dict[str, Any]) -> None:
    """It nests as it should, each id is there once, and each link leads to one."""
    found = Outline(html(document))
    ids = [each["id"] for _, each in found.tags if "id" in each]
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    main = levels[levels.index(1) :]

    assert len(ids) == len(set(ids))
    assert {each["href"] for each in found.all("a")} <= {f"#{name}" for name in ids}
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(main))
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(each.get("scope") in ("col", "row") for each in found.all("th"))
    assert [each["for"] for each in found.all("label")] == [found.all("input")[0]["id"]]
    assert found.all("html") == [{"lang": "en"}]


def test_the_page_loads_nothing_and_runs_only_its_own_script() -> None:
    """Its policy names its one script by what is in it."""
    text = html(HOSTILE)
    found = Outline(text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert f"script-src 'sha256-{digest}'" in found.all("meta")[1]["content"]
    assert found.all("meta")[1]["content"].startswith("default-src 'none'")
    assert not found.all("img", "link", "iframe", "object", "form", "base")
    assert not [each for _, each in found.tags if each.keys() & {"src", "onerror", "onclick"}]
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_nothing_of_a_plan_is_markup_in_html() -> None:
    """What a name or a description says is shown, letter for letter."""
    found = Outline(html(HOSTILE))
    shown = "".join(found.text)

    assert len(found.all("script")) == 1
    assert shown.count(EVIL) > 5
    assert "<i>|`x`</i>" in shown


def test_values_of_attributes_are_escaped() -> None:
    """Today no text of a plan becomes one; tomorrow's may."""
    made = element("a", "<b>", href='"><b>', data_x="a&b")

    assert made == '<a href="&quot;&gt;&lt;b&gt;" data-x="a&amp;b">&lt;b&gt;</a>'


def test_nothing_of_a_plan_is_markup_in_markdown() -> None:
    """Neither HTML nor links, lists or titles of its own; a bar ends no cell of a table."""
    made = rendered(markdown(HOSTILE))
    found, rows = Outline(made), re.findall(r"<tr>(.*?)</tr>", made, re.DOTALL)
    shown = "".join(found.text)

    assert not found.all("script", "img", "b", "i", "li")
    assert {each.get("href", "#")[0] for each in found.all("a")} == {"#"}
    assert len(found.all("h1")) == 1
    assert {len(re.findall("<t[hd]", row)) for row in rows} == {2, 5}
    assert shown.count(EVIL) > 5
    assert "<i>|`x`</i>" in shown
    assert "<td><code>a``b`</code></td>" in made
    assert "<!-- nor a comment" in shown


def test_every_link_of_the_markdown_leads_somewhere() -> None:
    """Anchors are written out, since each host makes its own of titles."""
    found = Outline(rendered(markdown(DOCUMENT)))
    anchors = {f"#{each['id']}" for each in found.all("a") if "id" in each}

    assert {each["href"] for each in found.all("a") if "href" in each} == anchors


def said_by(entry: Entry, module: dict[str, Any]) -> dict[str, Any]:
    """Run the Python of an entry, and return what goes out."""
    if entry.kind == "message":
        made = eval(re.sub(r"(?s)^.*message_data=(.*?),?\s*\)$", r"\1", entry.usage.python), module)
        return {"message_data": json.loads(encode_message(made, "app"))}
    names = module | {"outbox": operations, "ObjectId": ObjectId}
    body = eval(entry.usage.python, names).body
    return json.loads(body if body.endswith(b"}}") else body + b"}")


@pytest.mark.parametrize("entry", page(DOCUMENT).entries, ids=lambda entry: entry.anchor)
def test_the_python_shown_says_the_json_shown(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are tried: the classes are generated from the plan, and what they say is compared."""
    module = types.ModuleType("shown")
    monkeypatch.setitem(sys.modules, "shown", module)
    exec(generate(DOCUMENT), module.__dict__)

    assert said_by(entry, module.__dict__) == json.loads(entry.usage.wire)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"type": "string", "minLength": 300}, ""),
        ({"type": "string", "maxLength": 2}, "currency"),
        ({"type": "string", "pattern": "^[a-z]+-[0-9]{2}$"}, ""),
        ({"type": "string", "pattern": "("}, ""),
        ({"type": "integer", "minimum": 7, "maximum": 9}, ""),
        ({"type": "integer", "multipleOf": 7}, ""),
        ({"type": "number", "exclusiveMinimum": 3, "exclusiveMaximum": 3.5}, ""),
        ({"type": "integer", "maximum": -5}, ""),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ""),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, ""),
    ],
)
def test_examples_keep_to_their_bounds(schema: dict[str, Any], name: str) -> None:
    """What is shown may be said; a pattern that nothing fits gives an ellipsis."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    example = Samples({}).of(schema, name)

    if example == "…" or schema.get("minLength"):
        assert schema["type"] == "string"
    else:
        jsonschema.validate(example, schema)


def test_classes_in_classes_come_to_an_end() -> None:
    """Twenty classes that hold the next one twice would be a million rows."""
    defs = {
        f"C{n}": {"type": "object", "properties": {
            side: {"$ref": f"#/$defs/C{n + 1}"} for side in ("a", "b")
        }} for n in range(30)
    }  # fmt: skip
    defs["C30"] = {"type": "object", "properties": {"x": {"type": "string"}}}
    defs["C0"] |= {"x-kind": "event", "x-name": "deep"}
    events = {"type": "object", "properties": {"deep": {"$ref": "#/$defs/C0"}}}
    document = DOCUMENT | {"properties": {"events": events}, "$defs": defs}

    assert len(page(document).entries[0].rows) == 61


def luminance(colour: str) -> float:
    full = colour[1:] if len(colour) == 7 else "".join(sign * 2 for sign in colour[1:])
    parts = [int(full[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "link", "bad", "mark"])
def test_text_stands_out(ink: str, mode: int) -> None:
    """4.5 to 1 on both grounds, as WCAG 2.2 asks of text (1.4.3)."""
    colours = {
        name: pair[mode]
        for name, *pair in re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", STYLE)
    }

    for ground in ("ground", "soft"):
        high, low = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5


PROBE = """<iframe src="plan.html" style="width:390px;height:900px"></iframe><pre></pre><script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument;
  const search = page.querySelector("input");
  const left = () => [...page.querySelectorAll(".entry:not([hidden])")].map((each) => each.id);
  const said = [left().length];
  for (const words of ["MONEY back", "nothing-of-the-kind", ""]) {
    search.value = words;
    search.dispatchEvent(new Event("input"));
    said.push(left().length, page.querySelector("output").textContent);
  }
  said.push(page.title, page.documentElement.scrollWidth <= 390);
  document.querySelector("pre").textContent = JSON.stringify(said);
};
</script>"""


def test_a_browser_searches_it(chromium: str, tmp_path: Path) -> None:
    """Words narrow the entries down; it fits a phone; and a hostile plan runs nothing."""
    (tmp_path / "plan.html").write_text(html(DOCUMENT))
    (tmp_path / "probe.html").write_text(PROBE)

    ran = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{tmp_path}/probe.html"],
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    (said,) = re.findall(r"<pre>(.*?)</pre>", ran.stdout)

    assert json.loads(said) == [9, 1, "1 of 9", 0, "0 of 9", 9, "", "Shop · tracking plan", True]


def test_a_plan_without_personal_data_says_so() -> None:
    """Silence could also mean that nobody looked."""
    document = TrackingPlan([Plain]).schema()

    assert "No field of the plan is marked as personal data." in markdown(document)
    assert "No field of the plan is marked as personal data." in html(document)


@pytest.mark.parametrize("write", [html, markdown])
def test_another_document_is_refused(write: Callable[[dict[str, Any]], str]) -> None:
    """A page of nothing would look like a plan of nothing."""
    with pytest.raises(InvalidOperation, match="is no plan of this version"):
        write({"properties": {}})
