"""Accounts: which keys, which host, which header; and that keys are never shown."""

import base64
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman import Account, operations
from ferryman._core.account import checked_path, origin
from ferryman._core.message import Api
from ferryman.errors import ConfigurationError, InvalidOperation

US_KEY, EU_KEY = "sk_us_" + "a" * 32 + "_bbbbbb", "sk_eu_" + "c" * 32 + "_dddddd"
LEGACY = {
    "site_id": "site",
    "track_api_key": "track",
    "app_api_key": "app",
    "pipelines_write_key": "write",
}
APIS: tuple[Api, ...] = ("track", "app", "pipelines")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (LEGACY, (basic("site:track"), "Bearer app", basic("write:"))),
        ({"private_key": US_KEY}, (f"Bearer {US_KEY}",) * 3),
        ({"private_key": US_KEY, **LEGACY}, (basic("site:track"), "Bearer app", basic("write:"))),
        ({"pipelines_write_key": EU_KEY}, (None, None, f"Bearer {EU_KEY}")),
        ({"pipelines_write_key": "pk_us_x"}, (None, None, "Bearer pk_us_x")),
        ({"site_id": "site"}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_each_api_has_its_header(keys: dict[str, str], expected: tuple[str | None, ...]) -> None:
    """Legacy keys are Basic (Track, Pipelines) or Bearer (App); new keys are Bearer for all."""
    account = Account(**keys)

    for api, header in zip(APIS, expected, strict=True):
        if header is None:
            with pytest.raises(ConfigurationError, match=api):
                account.authorization(api)
        else:
            assert account.authorization(api) == header


HOSTS = {
    "us": ("https://track.customer.io", "https://api.customer.io", "https://cdp.customer.io"),
    "eu": (
        "https://track-eu.customer.io",
        "https://api-eu.customer.io",
        "https://cdp-eu.customer.io",
    ),
}


@pytest.mark.parametrize(
    ("given_", "region"),
    [
        ({}, "us"),
        *(({"region": region}, region) for region in ("us", "eu")),
        ({"private_key": EU_KEY}, "eu"),
        ({"private_key": EU_KEY, "region": "us"}, "eu"),
        ({"private_key": US_KEY, "region": "eu"}, "us"),
    ],
)
def test_the_keys_region_wins_over_the_region(given_: dict[str, Any], region: str) -> None:
    """The region is the private key's, else the one given, else us."""
    account = Account(**given_)

    assert account.resolved_region == region
    assert tuple(account.base_url(api) for api in APIS) == HOSTS[region]


def test_a_url_wins_over_everything() -> None:
    """A URL given wins over the key's region and over the region."""
    account = Account(
        private_key=EU_KEY,
        region="eu",
        track_url="http://localhost:8282/",
        app_url="https://x",
        pipelines_url="https://[::1]:1",
    )

    assert [account.base_url(api) for api in APIS] == [
        "http://localhost:8282",
        "https://x",
        "https://[::1]:1",
    ]


def test_a_write_key_of_a_region_goes_there() -> None:
    """A new kind of write key says its own region, where no private key says one."""
    account = Account(pipelines_write_key="pk_eu_x", site_id="s", track_api_key="k")

    assert account.base_url("pipelines") == "https://cdp-eu.customer.io"
    assert account.base_url("track") == "https://track.customer.io"


@pytest.mark.parametrize(
    "given_",
    [
        {"private_key": "pk_us_public"},
        {"private_key": "abc"},
        {"private_key": "sk_asia_x"},
        {"region": "asia"},
        {"region": "US"},
        *({name: "a b"} for name in LEGACY),
        *({name: "a\nb"} for name in LEGACY),
        *({name: "é"} for name in LEGACY),
        *({name: None} for name in LEGACY),
        {"site_id": "a:b"},
        {"pipelines_write_key": "a:b"},
        {"track_url": 1},
    ],
)
def test_what_cannot_work_is_refused(given_: dict[str, Any]) -> None:
    """A wrong kind of key, region or character is refused, naming the field and not the value."""
    with pytest.raises(ConfigurationError) as raised:
        Account(**given_)

    name, value = next(iter(given_.items()))
    assert name in str(raised.value)
    assert value is None or repr(value) not in str(raised.value)


def test_a_public_key_is_called_so() -> None:
    """A pk_ key where a private one belongs is named as a public key."""
    with pytest.raises(ConfigurationError, match="public"):
        Account(private_key="pk_us_x")


@pytest.mark.parametrize("white", ["{}\n", " {}", "\t{}\r\n", "{}\u00a0"])
def test_what_pasting_added_is_stripped(white: str) -> None:
    """White space around a key is dropped: secret files end with a newline."""
    account = Account(site_id=white.format("s"), track_api_key=white.format("k"))

    assert account.authorization("track") == basic("s:k")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "track.customer.io",
            "ftp://x",
            "https://",
            "https:///x",
            "https://x/y",
            "https://x?q",
        ),
        *(
            "https://x#f",
            "https://u:p@x",
            "https://u@x",
            "https://@x",
            "https://x:0",
            "https://x:99999",
        ),
        *(
            "https://x:y",
            "https://[",
            "https://[::1",
            "https://a b",
            "https://a\\b",
            "https://a%2fb",
        ),
        *("//x", "https://x\u2100y", "https://é"),
    ],
)
def test_only_an_origin_is_an_origin(url: str) -> None:
    """Anything but scheme, host and port is refused, and the URL is not quoted."""
    with pytest.raises(ConfigurationError) as raised:
        origin(url, name="track_url")

    assert str(raised.value) in {
        "track_url must be an origin such as https://track.customer.io",
        "track_url must be an origin, without a path",
    }
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://track.customer.io", "https://track.customer.io"),
        ("https://track.customer.io/", "https://track.customer.io"),
        (" HTTPS://Track.customer.io:443 ", "https://Track.customer.io:443"),
        ("http://127.0.0.1:8282", "http://127.0.0.1:8282"),
        ("http://[::1]:8282", "http://[::1]:8282"),
        ("http://my_service:80", "http://my_service:80"),
    ],
)
def test_an_origin_is_kept(url: str, expected: str) -> None:
    """Scheme, host and port are kept, a closing slash and white space are not."""
    found = origin(url, name="x")

    assert found == expected


@pytest.mark.parametrize(
    "path",
    [
        *("", "x", "//host/x", "/", "/a/", "/a//b", "/a/%20/b", "/a/%09", "/.", "/..", "/a/../b"),
        *(
            "/a/./b",
            "/a/..",
            "/%2e%2e/b",
            "/%2E/b",
            "/.%2e/b",
            "/a?q=1",
            "/a#f",
            "/a\\b",
            "\\\\host",
        ),
        *("/a b", "/a\nb", "/a\x00", "/é", "/a%", "/a%2", "/a%zz", '/a"b', "/a<b", "/a{b}", "/a|b"),
        *("https://evil.com/x", "/a^b", "/a`b", None, 5),
    ],
)
def test_a_path_that_could_mean_another_is_refused(path: Any) -> None:
    """Dot steps, empty and blank steps, hosts, queries and what is not encoded are refused."""
    with pytest.raises(InvalidOperation) as raised:
        checked_path(path)

    assert raised.value.field == "path"


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/customers", "/v1/customers/a%2Fb/attributes", "/x/jane%40example.com", "/x/a+b@c"),
        *("/x/...", "/x/.a", "/x/a..b", "/x/~a-b_c", "/x/%2e%2e%2f", "/x/a:b;c=d,e!$&'()*"),
    ],
)
def test_a_path_that_means_what_it_says_is_kept(path: str) -> None:
    """An encoded path passes as it is."""
    found = checked_path(path)

    assert found == path


@given(st.text(max_size=30))
def test_no_path_leaves_its_host(text: str) -> None:
    """Whatever passes is one absolute path of visible ASCII without dot or empty steps."""
    try:
        path = checked_path("/" + text)
    except InvalidOperation:
        return

    assert path.isascii()
    assert path.isprintable()
    assert not {".", "..", ""} & set(path[1:].split("/"))
    assert not set("?#\\ ") & set(path)


def shown(value: object) -> str:
    rich = getattr(value, "__rich_repr__", list)()
    return f"{value!r} {value} {list(rich)}"


@given(
    st.lists(st.from_regex(r"KEY[A-Za-z0-9+/=_-]{6,20}", fullmatch=True), min_size=4, max_size=4)
)
def test_no_key_is_shown(keys: list[str]) -> None:
    """No repr of an account or a request, rich's neither, holds a key or the header made of it."""
    site, track, app, write = keys
    account = Account(
        site_id=site,
        track_api_key=track,
        app_api_key=app,
        pipelines_write_key=write,
        private_key="sk_us_" + track,
    )
    requests = [account.request("GET", "/x", api=api) for api in APIS]
    text = "".join(map(shown, [account, *requests]))

    secrets = [*keys, "sk_us_" + track, *(r.headers["Authorization"].split()[1] for r in requests)]
    assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("broken", ["{}\u00e9", "{} x", "{}\x00"])
@pytest.mark.parametrize("name", [*LEGACY, "private_key"])
def test_no_error_shows_a_key(name: str, broken: str) -> None:
    """A key that is refused is not quoted."""
    with pytest.raises(ConfigurationError) as raised:
        Account(**{name: broken.format("KEYMARKER")})

    assert "KEYMARKER" not in f"{raised.value!r}"


def test_requests_are_addressed() -> None:
    """An operation becomes a request: URL, headers of its API, body, and a template to show."""
    account = Account(**LEGACY)
    operation = operations.submit_form("a/b", "1", {"x": "y"}).stamped("", 0)
    request = account.address(operation)

    assert request.method == "POST"
    assert request.url == "https://track.customer.io/api/v1/forms/a%2Fb/submit"
    assert request.template == "POST /api/v1/forms/{form_id}/submit"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.headers["Authorization"] == basic("site:track")
    assert "X-Strict-Mode" not in request.headers


@pytest.mark.parametrize("name", ["report_metric", "report_push_event", "unsubscribe"])
def test_what_needs_no_key_carries_none(name: str) -> None:
    """Endpoints without authentication get no credentials, and need none to be given."""
    endpoint = operations.CATALOGUE[name]
    request = Account().request(
        endpoint.method, "/x", api="track", authenticated=endpoint.authenticated
    )

    assert "Authorization" not in request.headers


def test_pipelines_is_asked_to_be_strict() -> None:
    """Pipelines calls carry X-Strict-Mode, or their rejections would be 200s."""
    request = Account(**LEGACY).request("POST", "/v1/track", api="pipelines", body=b"{}")

    assert request.headers["X-Strict-Mode"] == "1"


@pytest.mark.parametrize(
    ("query", "tail"),
    [
        ({"email": "a+b @c&d"}, "?email=a%2Bb+%40c%26d"),
        ({"limit": 5, "drafts": True, "all": False}, "?limit=5&drafts=true&all=false"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_query_is_encoded(query: dict[str, Any] | None, tail: str) -> None:
    """Values of a query are percent-encoded; true and false are spelled in small letters."""
    request = Account(**LEGACY).request("GET", "/v1/x", api="app", query=query)

    assert request.url == "https://api.customer.io/v1/x" + tail


@pytest.mark.parametrize("value", [None, 1.5, b"x", ["a"], "\ud800"])
def test_a_query_holds_no_other_values(value: Any) -> None:
    """What a query cannot say is refused rather than spelled somehow."""
    with pytest.raises(InvalidOperation) as raised:
        Account(**LEGACY).request("GET", "/v1/x", api="app", query={"q": value})

    assert "query" in str(raised.value.field)


@pytest.mark.parametrize(("pair"), list(itertools.pairwise(sorted(LEGACY))))
def test_accounts_are_compared_as_values(pair: tuple[str, str]) -> None:
    """Two accounts with the same keys are equal, and frozen."""
    given_ = {name: LEGACY[name] for name in pair}

    assert Account(**given_) == Account(**given_)
    with pytest.raises(AttributeError):
        Account(**given_).site_id = "other"  # type: ignore[misc]  # wrong on purpose
