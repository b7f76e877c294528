"""Keys and passwords: not shown by tracebacks that print their variables, nor inside of URLs."""

import copy
import io
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from ferryman import Account, Client, Http, Settings
from ferryman._core.secret import Secret, masked
from ferryman.errors import FerrymanError

KEY = "KEYMARKER" * 12
LEGACY = {"site_id": KEY, "track_api_key": KEY, "app_api_key": KEY, "pipelines_write_key": KEY}
ENVIRON = {"CUSTOMERIO_SITE_ID": KEY, "CUSTOMERIO_TRACK_API_KEY": KEY}


def variables(act: Callable[[], Any]) -> str:
    """What the variables of every frame show when *act* raises, by the library and by rich."""
    with pytest.raises(FerrymanError) as raised:
        act()
    error = raised.value
    shown = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    console = Console(file=io.StringIO(), width=200)
    assert error.__traceback__ is not None
    console.print(
        Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
    )
    return shown + console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def bad_query() -> None:
    with Client(Account(**LEGACY), mode="off") as client:  # type: ignore[arg-type]  # keys alone
        client.request("GET", "/v1/x", query={"q": 1.5})  # type: ignore[dict-item]  # on purpose


@pytest.mark.parametrize(
    "act",
    [
        bad_query,
        lambda: Account(site_id="s", track_api_key=KEY + " x"),
        lambda: Account(private_key=KEY),
        lambda: Account(track_url=f"https://u:{KEY}@host"),
        lambda: Account(site_id=KEY).authorization("track"),
        lambda: Settings.from_env(environ=Environ(ENVIRON | {"CUSTOMERIO_MODE": "x"})),
        lambda: Settings.from_env(environ=Environ(ENVIRON)).open_outbox(),
        lambda: Settings.from_env(environ=Environ({"HTTP_PROXY": f"ftp://u:{KEY}@x"})),
        lambda: Http(proxy=f"ftp://u:{KEY}@x"),
    ],
)
def test_no_traceback_shows_a_key_among_its_variables(act: Callable[[], Any]) -> None:
    """Whatever is raised, the variables of our frames show no key, password or header of them."""
    shown = variables(act)

    assert "KEYMARKER" not in shown
    assert "S0VZTUFSS0VS" not in shown  # base64 of it


class Environ(dict[str, str]):
    """An environment that shows itself as the system's own does not: not at all."""

    def __repr__(self) -> str:
        return "environ"


def test_a_secret_is_the_text_that_it_is() -> None:
    """It compares, formats, encodes and travels as its text; its repr and its parts' are dots."""
    secret = Secret("abc")

    assert (secret, f"{secret}", str(secret), secret.encode()) == ("abc", "abc", "abc", b"abc")
    assert {repr(each) for each in (secret, secret[:2], secret[0], secret.strip("a"))} == {"'•••'"}
    for arrived in (pickle.loads(pickle.dumps(secret)), copy.deepcopy(secret)):
        assert (type(arrived), arrived) == (Secret, secret)
    assert "a" not in pretty_repr(Secret("a" * 200), max_string=80)


def test_the_header_is_built_once() -> None:
    """Every request of an account carries the same header, not one made for it."""
    account = Account(**LEGACY)  # type: ignore[arg-type]  # keys alone
    first, second = (account.request("GET", "/x", api="app") for _ in range(2))

    assert first.headers["Authorization"] is second.headers["Authorization"]


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("postgresql://user:pass@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:p@s/s@host/db", "postgresql://user:***@host/db"),
        ("postgresql://:pass@host", "postgresql://:***@host"),
        ("postgresql://host/db?user=u&password=p&x=y", "postgresql://host/db?user=u&password=***&x=y"),
        ("postgresql://user@host:5432/db", "postgresql://user@host:5432/db"),
        ("sqlite:////a/b:c@d.db", "sqlite:////a/b:c@d.db"),
        ("http://proxy:3128", "http://proxy:3128"),
        ("memory:", "memory:"),
    ],
)  # fmt: skip
def test_a_password_in_a_url_is_stars(place: str, shown: str) -> None:
    """The user, host and path of a URL are shown, and its password is not."""
    found = masked(place)

    assert found == shown
