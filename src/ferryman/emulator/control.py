"""The emulator's own door, `/emulator/` and `/livez`: look, reset, and set faults.

It asks for no credentials, so it is kept from other web sites' pages: it sends no CORS header,
takes JSON only, and refuses a request that a browser says comes from elsewhere.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

import msgspec

from ferryman.emulator import answers, faults, pages, views
from ferryman.emulator.answers import Answer
from ferryman.emulator.desk import Desk
from ferryman.emulator.emulation import Emulation

PREFIX: Final = "/emulator/"
HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
DEFAULT_PAGE: Final = 50
# Top-level names that nobody can register (RFC 6761, RFC 6762, and ICANN's of 2024).
UNOWNED: Final = (".localhost", ".test", ".local", ".internal")


class Knock(msgspec.Struct, frozen=True):
    """A request to the control API."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""


class _Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that GET shows of the faults; it can be edited and put back."""

    faults: msgspec.Raw
    struck: list[int] = []


class _Wrong(Exception):
    """A request that cannot be met; the message says why."""


def is_control(path: str) -> bool:
    """Tell whether *path* is the emulator's own."""
    return path in ("/livez", "/emulator") or path.startswith(PREFIX)


def answer(emulation: Emulation, knock: Knock) -> Answer:
    """Answer a request to the control API."""
    if knock.path == "/livez" and knock.method in ("GET", "HEAD"):
        return _json({"status": "ok"})
    if _is_foreign(knock.headers):
        return answers.error(403, "The control API does not serve other sites", HEADERS)
    if knock.method in ("PUT", "POST") and knock.body and not _is_json(knock):
        return answers.error(415, "content-type must be application/json", HEADERS)
    place, _, rest = f"{knock.path}/"[len(PREFIX) :].rstrip("/").partition("/")
    act = _ACTIONS.get((knock.method, place, bool(rest)))
    desk = emulation.desks.get(knock.query.get("workspace", emulation.first.workspace.name))
    if act is None or desk is None:
        return answers.error(404, "There is no such page or workspace", HEADERS)
    try:
        return act(emulation, desk, knock)
    except _Wrong as wrong:
        return answers.error(400, str(wrong), HEADERS)


def _is_foreign(headers: Mapping[str, str]) -> bool:
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    host = headers.get("host", "")
    if site not in ("none", "same-origin") or (origin and origin.partition("://")[2] != host):
        return True
    # A site can let its own name point here and be of the same origin; it cannot own these.
    name = host.rpartition(":")[0] if re.search(r":[0-9]*\Z", host) else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." in name and not name.lower().endswith(UNOWNED)
    return False


def _is_json(knock: Knock) -> bool:
    kind = knock.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


def _json(value: object) -> Answer:
    return answers.of_json(200, value, HEADERS)


def _number(knock: Knock, name: str, default: int, most: int) -> int:
    given = knock.query.get(name) or str(default)
    if not re.fullmatch("[0-9]{1,19}", given):
        raise _Wrong(f"{name} must be a whole number")
    return min(int(given), most)


def _page(emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    body = pages.overview(emulation, desk).encode()
    kind = {"content-type": "text/html; charset=utf-8", "content-security-policy": pages.POLICY}
    return Answer(200, body, {**HEADERS, **kind})


def _summary(_emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    return _json(views.summary(desk))


def _people(_emulation: Emulation, desk: Desk, knock: Knock) -> Answer:
    start = _number(knock, "start", 0, 1 << 62)
    limit = _number(knock, "limit", DEFAULT_PAGE, views.MAX_PAGE)
    if limit == 0:
        raise _Wrong("limit must be at least 1")
    events = knock.query.get("events") == "true"
    return _json(views.people(desk.world.state, start=start, limit=limit, events=events))


def _person(_emulation: Emulation, desk: Desk, knock: Knock) -> Answer:
    name = unquote(knock.path.removeprefix(PREFIX + "people/"))
    found = views.lookup(desk.world.state, name)
    return _json(found) if found else answers.error(404, "There is no such person", HEADERS)


def _objects(_emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    state = desk.world.state
    return _json({"objects": [views.thing(one, state) for one in state.things.values()]})


def _messages(_emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    return _json({"messages": [views.message(one) for one in desk.world.state.messages]})


def _deliveries(_emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    return _json({"deliveries": desk.world.state.deliveries})


def _forms(_emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    return _json({"forms": desk.world.state.forms})


def _activity(_emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    return _json({"activity": list(desk.world.state.activity)})


def _requests(_emulation: Emulation, desk: Desk, knock: Knock) -> Answer:
    limit = _number(knock, "limit", DEFAULT_PAGE, views.MAX_PAGE)
    last = list(desk.traffic.last)
    return _json({"requests": last[len(last) - limit :] if limit < len(last) else last})


def _observed(_emulation: Emulation, desk: Desk, knock: Knock) -> Answer:
    document = desk.observed.document(values=knock.query.get("values") == "true")
    return Answer(200, document, {**HEADERS, "content-type": "application/json"})


def _reset(emulation: Emulation, desk: Desk, _knock: Knock) -> Answer:
    emulation.reset(desk)
    return _json({})


def _get_faults(emulation: Emulation, _desk: Desk, _knock: Knock) -> Answer:
    return _json({"faults": emulation.faults.faults, "struck": emulation.faults.struck})


def _put_faults(emulation: Emulation, desk: Desk, knock: Knock) -> Answer:
    document = knock.body
    with suppress(msgspec.MsgspecError, RecursionError):  # or it is the faults themselves
        document = bytes(msgspec.json.decode(document, type=_Shown).faults)
    try:
        emulation.faults.put(faults.parse(document))
    except ValueError as wrong:
        raise _Wrong(str(wrong)) from None
    return _get_faults(emulation, desk, knock)


def _delete_faults(emulation: Emulation, desk: Desk, knock: Knock) -> Answer:
    emulation.faults.put(())
    return _get_faults(emulation, desk, knock)


_Action = Callable[[Emulation, Desk, Knock], Answer]
# Method, first part of the path, and whether more follows.
_ACTIONS: Final[Mapping[tuple[str, str, bool], _Action]] = MappingProxyType(
    {
        ("GET", "", False): _page,
        ("GET", "summary", False): _summary,
        ("GET", "people", False): _people,
        ("GET", "people", True): _person,
        ("GET", "objects", False): _objects,
        ("GET", "deliveries", False): _deliveries,
        ("GET", "messages", False): _messages,
        ("GET", "forms", False): _forms,
        ("GET", "activity", False): _activity,
        ("GET", "requests", False): _requests,
        ("GET", "observed", False): _observed,
        ("POST", "reset", False): _reset,
        ("GET", "faults", False): _get_faults,
        ("PUT", "faults", False): _put_faults,
        ("DELETE", "faults", False): _delete_faults,
    }
)
