"""Liquid as Customer.io speaks it: a template becomes a tree, and is never rendered.

Pure. Here live the tags and filters, the limits, and what is wrong with the syntax. Here must
not live: variables (walk.py). Follows, as read in November 2026,
https://docs.customer.io/messaging/liquid/tag-list/
"""

import re
from typing import Any, Final, NamedTuple

from liquid import Environment, Mode, Node, TokenStream
from liquid.ast import IllegalNode
from liquid.builtin.expressions import Path
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError, LiquidSyntaxError
from liquid.expression import Expression
from liquid.tag import Tag
from liquid.token import TOKEN_EXPRESSION, TOKEN_ILLEGAL, TOKEN_TAG, Token

from ferryman.plan.names.nearest import nearest

MAX_CHARACTERS: Final = 1_000_000
"""Characters of a template that are read; Gmail clips what is a tenth of that."""
_MAX_FAULTS: Final = 20
_MAX_OPEN: Final = 100
_BLANK_RUN: Final = re.compile(r"\{[{%]-?\s{1000}")

TAGS: Final = frozenset(
    {
        "cio_link", "cio_link_id", "countdown", "generate_uuid",
        "manage_subscription_preferences", "manage_subscription_preferences_url", "random",
        "render_liquid", "snippet", "subscription_topic_name", "tracking_consent_url",
        "unsubscribe", "unsubscribe_url", "view_in_browser", "view_in_browser_url",
    }
)  # fmt: skip
"""Customer.io's own tags; each stands alone."""
FILTERS: Final = frozenset(
    {
        "add_day", "add_month", "add_year", "array_to_sentence_string", "base64", "base64_decode",
        "base64_encode", "base64_url_safe_decode", "base64_url_safe_encode", "cgi_escape",
        "contains", "currency", "date_to_long_string", "date_to_rfc822", "date_to_string",
        "date_to_xmlschema", "find_exp", "format_date", "format_number", "from_json", "group_by",
        "group_by_exp", "has_exp", "hex_base64", "hmac_sha1", "hmac_sha256", "htmlencode",
        "inspect", "json", "json_array_uniq", "jsonify", "limit", "markdownify", "md5",
        "normalize_whitespace", "number_of_words", "number_with_delimeter",
        "number_with_delimiter", "parameterize", "pluralize", "pop", "push", "raw", "reject_exp",
        "rounded_currency", "random", "sample", "sha1", "sha256", "shift", "slugify", "strip_tags",
        "subtract_day", "subtract_month", "subtract_year", "timezone", "titlecase", "to_integer",
        "to_json", "type", "unshift", "uri_escape", "where_exp", "where_not", "xml_escape",
    }
)  # fmt: skip
"""Customer.io's filters beside Liquid's standard ones."""
_PARTS: Final = frozenset({"elif", "else", "elseif", "elsif", "end", "when"})
"""Tags that are parts of others, or meant so; alone they are a mistake, as each end of a block."""


class Fault(NamedTuple):
    """What cannot be read: where it begins in the source, and what is wrong."""

    at: int
    rule: str
    what: str
    hint: str = ""


class Tree(NamedTuple):
    """A template that was read: its nodes, and what was wrong with it."""

    nodes: list[Node]
    faults: list[Fault]


class _Unrendered(IllegalNode):
    """A tag whose output is not looked at, and the variable that it reads, if any."""

    __slots__ = ("reads",)

    def __init__(self, token: Token, reads: Path | None = None) -> None:
        super().__init__(token)
        self.reads = reads

    def expressions(self) -> list[Expression]:
        return [self.reads] if self.reads is not None else []


class _Own(Tag):
    """A tag that Customer.io has; its arguments follow no rule that all share."""

    block = False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.current
        reads = None
        if stream.peek.kind == TOKEN_EXPRESSION:
            next(stream)
            if token.value == "render_liquid":
                reads = Path.parse(self.env, stream.into_inner(tag=token, eat=False))
        return _Unrendered(token, reads)


class _Unknown(Tag):
    """A tag that nobody knows: left alone unless it is plainly another, misspelt."""

    name = TOKEN_ILLEGAL
    block = False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.expect(TOKEN_TAG)
        if stream.peek.kind == TOKEN_EXPRESSION:
            next(stream)
        if not token.value or token.value in _PARTS or self._ends_block(token.value):
            what = (
                f"a tag {token.value} that belongs to no block" if token.value else "an empty tag"
            )
            raise LiquidSyntaxError(what, token=token)
        known = {*self.env.tags, *TAGS}
        if close := nearest(token.value, known):
            dialect: Any = self.env
            dialect.note(Fault(token.start_index, "tag", f"unknown tag {token.value}", close))
        return _Unrendered(token)

    def _ends_block(self, name: str) -> bool:
        return any(name == tag.end for tag in self.env.tags.values() if tag.block)


class _If(IfTag):
    mode = Mode.STRICT  # `else if` would be read as an else without a condition


class _Unless(UnlessTag):
    mode = Mode.STRICT


class Dialect(Environment):
    """Reads templates; keeps what is wrong and goes on."""

    block_nesting_limit = 100

    def __init__(self) -> None:
        super().__init__()
        self._faults: list[Fault] = []
        for tag in (_If, _Unless, _Unknown):
            self.add_tag(tag)
        own = _Own(self)
        for name in TAGS:
            self.tags[name] = own
        self._filters = {*self.filters, *FILTERS}

    def note(self, fault: Fault) -> None:
        """Keep *fault*, unless there are many: one mistake is often followed by others."""
        if len(self._faults) < _MAX_FAULTS:
            self._faults.append(fault)

    def error(
        self,
        exc: type[LiquidError] | LiquidError,
        msg: str | None = None,
        token: Token | None = None,
    ) -> None:
        """Keep an error where the library would raise it."""
        found = exc if isinstance(exc, LiquidError) else exc(msg, token=token)
        at = found.token or token
        self.note(Fault(-1 if at is None else at.start_index, "syntax", str(found.message)))

    def read(self, source: str) -> Tree:
        """Return the tree of *source*, as much of it as can be read."""
        self._faults = []
        if refused := _refused(source):
            return Tree([], [refused])
        try:
            nodes: list[Node] = self._parse(source)
        except LiquidError as error:
            self.error(error)
            nodes = []
        except RecursionError:
            self.note(Fault(0, "syntax", "an expression is nested too deeply"))
            nodes = []
        faults = [self._placed(fault, source) for fault in self._faults]
        return Tree(nodes, faults)

    def misspelt_filter(self, name: str) -> str:
        """Return the filter that *name* is a misspelling of, or ""."""
        return "" if name in self._filters else nearest(name, self._filters)

    def _placed(self, fault: Fault, source: str) -> Fault:
        """Return *fault* at the block that was never closed, where the end of the file is none."""
        if fault.at >= 0:
            return fault
        opened: list[Token] = []
        for token in self.tokenizer()(source):
            if token.kind != TOKEN_TAG:
                continue
            if opened and token.value == f"end{opened[-1].value}":
                opened.pop()
            elif getattr(self.tags.get(token.value), "end", ""):
                opened.append(token)
        if not opened:
            return fault._replace(at=max(len(source) - 1, 0))
        last = opened[-1]
        return fault._replace(at=last.start_index, what=f"{last.value} is never closed")


def _refused(source: str) -> Fault | None:
    """Return why *source* is not read at all: what would take the library for ever."""
    if len(source) > MAX_CHARACTERS:
        return Fault(0, "limit", f"is longer than {MAX_CHARACTERS:,} characters")
    if found := _BLANK_RUN.search(source):
        return Fault(found.start(), "limit", "more than 1,000 blanks after an opening bracket")
    for opening, closing in (("{{", "}}"), ("{%", "%}"), ("raw", "endraw"), ("doc", "enddoc")):
        last = source.rfind(closing)
        if source.count(opening, last + len(closing)) > _MAX_OPEN:
            at = source.index(opening, last + len(closing))
            if opening in ("{{", "{%") or "{%" in source[at - 10 : at]:
                return Fault(at, "syntax", f"{opening} is never closed")
    return None
