"""Redirects: method and body stay, credentials stay only where they belong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman._core.flow import Send, exchange
from ferryman._core.message import Reply, Request
from ferryman._core.redirect import MAX_REDIRECTS, follow

US = "https://track.customer.io/api/v2/entity"
HEADERS = {"Authorization": "Basic c2VjcmV0", "Content-Type": "application/json"}


def request(url: str) -> Request:
    return Request("POST", url, HEADERS, b'{"a":1}', "POST /api/v2/entity")


def redirected(url: str, location: str, status: int = 301) -> Request | None:
    return follow(request(url), Reply(status, {"location": location}))


@pytest.mark.parametrize(
    ("url", "location", "onward", "keeps"),
    [
        pytest.param(US, "/x", "https://track.customer.io/x", True, id="relative"),
        pytest.param(US, "x", "https://track.customer.io/api/v2/x", True, id="relative-step"),
        pytest.param(US, "https://track.customer.io:443/x", None, True, id="default-port"),
        pytest.param(US, "https://TRACK.customer.io./x", None, True, id="case-and-dot"),
        pytest.param(US, "https://track-eu.customer.io/x", None, True, id="us-to-eu"),
        pytest.param(
            US, "//track-eu.customer.io/x", "https://track-eu.customer.io/x", True, id="no-scheme"
        ),
        pytest.param(US, "https://customer.io/x", None, True, id="the-domain-itself"),
        pytest.param(
            "http://track.customer.io/x", "https://track.customer.io/x", None, True, id="up"
        ),
        pytest.param(
            "http://localhost:1/x", "http://localhost:1/y", None, True, id="same-origin-http"
        ),
        pytest.param("http://[::1]:1/x", "http://[::1]:1/y", None, True, id="same-origin-v6"),
        pytest.param("http://localhost:1/x", "http://localhost:2/x", None, False, id="other-port"),
        pytest.param(
            "http://localhost:1/x", "https://localhost:1/x", None, False, id="other-scheme"
        ),
        pytest.param("http://localhost/x", "http://127.0.0.1/x", None, False, id="other-host"),
        pytest.param(US, "https://evilcustomer.io/x", None, False, id="ends-alike"),
        pytest.param(US, "https://customer.io.evil.com/x", None, False, id="begins-alike"),
        pytest.param(US, "https://track.customer.io.evil.com/x", None, False, id="begins-alike-2"),
        pytest.param(US, "//evil.com/x", "https://evil.com/x", False, id="no-scheme-evil"),
        pytest.param("https://evil.com/x", "https://track.customer.io/x", None, False, id="into"),
        pytest.param(
            "http://track.customer.io/x", "http://api.customer.io/x", None, False, id="within-http"
        ),
    ],
)
def test_credentials_stay_with_their_origin_or_within_customerio(
    url: str, location: str, onward: str | None, keeps: bool
) -> None:
    """Authorization goes to the same origin, or from customer.io to customer.io over https."""
    found = redirected(url, location)

    assert found is not None
    assert found.url == (onward or location)
    assert ("Authorization" in found.headers) is keeps
    assert found.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "location",
    [
        *("", "http://track.customer.io/x", "http://evil.com/", "ftp://track.customer.io/"),
        *("javascript:alert(1)", "file:///etc/passwd", "https://[::1"),
        *("https://user:pw@track-eu.customer.io/", "https://track.customer.io@evil.com/"),
        *("https://@track-eu.customer.io/", "https://evil.com\\.customer.io/"),
        *("https://track.customer.io\\@evil.com/", "https://a b.customer.io/", "https://x:99999/"),
        *("https://x:port/", "https://evil.com%2f.customer.io/", "https://é.customer.io/"),
    ],
)
def test_a_location_that_leads_nowhere(location: str) -> None:
    """No location, a step down from https, another scheme or an address of two minds is nowhere."""
    found = redirected(US, location)

    assert found is None


def test_no_location_at_all_leads_nowhere() -> None:
    """A redirect without the header leads nowhere."""
    found = follow(request(US), Reply(302))

    assert found is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_method_and_body_are_kept(status: int) -> None:
    """All four statuses keep method and body: a GET would report success for a lost event."""
    flow = exchange(request(US))
    next(flow)
    effect = flow.send(Reply(status, {"location": "https://track-eu.customer.io/api/v2/entity"}))

    assert effect == Send(
        Request(
            "POST",
            "https://track-eu.customer.io/api/v2/entity",
            HEADERS,
            b'{"a":1}',
            "POST /api/v2/entity",
        )
    )


@pytest.mark.parametrize("status", [300, 303, 304, 305, 306])
def test_other_statuses_are_not_followed(status: int) -> None:
    """Only these four are followed; 303 would change the method."""
    flow = exchange(request(US))
    next(flow)

    with pytest.raises(StopIteration) as stopped:
        flow.send(Reply(status, {"location": "/x"}))
    assert stopped.value.value.status == status


def test_a_loop_ends() -> None:
    """After five redirects the sixth is the answer."""
    answer = Reply(302, {"location": "/again"})
    flow = exchange(request(US))
    next(flow)
    for _ in range(MAX_REDIRECTS):
        flow.send(answer)

    with pytest.raises(StopIteration) as stopped:
        flow.send(answer)
    assert MAX_REDIRECTS == 5
    assert stopped.value.value is answer


def test_credentials_once_dropped_stay_dropped() -> None:
    """Nothing brings the credentials back after a foreign origin, a redirect home neither."""
    away = redirected("https://track.customer.io/x", "https://evil.com/")
    assert away is not None
    back = follow(away, Reply(301, {"location": US}))

    assert back is not None
    assert "Authorization" not in back.headers


@given(
    location=st.text(max_size=40) | st.from_regex(r"https://[a-z.@:\\/%0-9]{1,30}", fullmatch=True)
)
def test_no_location_carries_credentials_out(location: str) -> None:
    """Whatever Location says, the key never leaves customer.io over anything but https."""
    found = redirected(US, location)

    if found is not None and "Authorization" in found.headers:
        host = found.url.removeprefix("https://").split("/")[0].split("?")[0].split("#")[0]
        assert found.url.startswith("https://")
        assert host.rsplit(":")[0].rstrip(".").lower().endswith("customer.io")
        assert "@" not in host
