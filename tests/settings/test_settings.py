"""Settings: every variable, every mistake at once, and that no value of a secret is shown."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman import AsyncClient, Client, Settings
from ferryman._core.outbox_keys import new_outbox_key
from ferryman._core.variables import VARIABLES
from ferryman.errors import ConfigurationError

US_KEY = "sk_us_" + "a" * 32 + "_bbbbbb"
PAIR = {"CUSTOMERIO_SITE_ID": "site", "CUSTOMERIO_TRACK_API_KEY": "key"}
EVERY = {
    **PAIR,
    "CUSTOMERIO_APP_API_KEY": "app",
    "CUSTOMERIO_PRIVATE_KEY": "sk_eu_x",
    "CUSTOMERIO_PIPELINES_WRITE_KEY": "write",
    "CUSTOMERIO_WEBHOOK_SIGNING_KEY": "sign",
    "CUSTOMERIO_REGION": "eu",
    "CUSTOMERIO_TRACK_URL": "http://localhost:1",
    "CUSTOMERIO_APP_URL": "http://localhost:2",
    "CUSTOMERIO_PIPELINES_URL": "http://localhost:3",
    "CUSTOMERIO_OUTBOX": "sqlite:///x.db",
    "CUSTOMERIO_OUTBOX_KEYS": new_outbox_key(bytes(48)),
    "CUSTOMERIO_WORKSPACE": "staging",
    "CUSTOMERIO_MODE": "off",
}


def read(**environ: str) -> Settings:
    return Settings.from_env(environ=environ)


def test_the_table_holds_every_variable() -> None:
    """The fourteen variables that the documentation names, and no other."""
    assert set(VARIABLES) == set(EVERY)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_variable_is_read(name: str) -> None:
    """Each variable sets its field, without the white space around it."""
    found = read(**{**EVERY, name: f"  {EVERY[name]}\n"})

    assert getattr(found, VARIABLES[name][0]) == EVERY[name]


def test_what_is_absent_has_its_default() -> None:
    """An empty environment is live, the workspace "default", and everything else empty."""
    found = read()

    assert (found.mode, found.workspace, found.site_id, found.outbox) == ("live", "default", "", "")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"CUSTOMERIO_TRACK_API_KEY": "marker"},
            ["CUSTOMERIO_SITE_ID is missing", "CUSTOMERIO_SITE_ID="],
        ),
        ({"CUSTOMERIO_SITE_ID": "marker"}, ["CUSTOMERIO_TRACK_API_KEY=your-track-api-key"]),
        *(
            ({name: "sk_us_marker"}, [f"{name} holds a private key", "CUSTOMERIO_PRIVATE_KEY="])
            for name in ("CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY", "CUSTOMERIO_APP_API_KEY")
        ),
        *(
            ({name: "pk_eu_marker"}, [f"{name} holds a public key"])
            for name in ("CUSTOMERIO_PRIVATE_KEY", "CUSTOMERIO_TRACK_API_KEY", "CUSTOMERIO_SITE_ID")
        ),
        ({"CUSTOMERIO_PRIVATE_KEY": "marker"}, ["must begin with sk_us_ or sk_eu_"]),
        ({"CUSTOMERIO_WEBHOOK_SIGNING_KEY": "sk_us_marker"}, ["holds a private key"]),
        ({"CUSTOMERIO_REGION": "asia-marker"}, ["CUSTOMERIO_REGION must be us or eu"]),
        ({"CUSTOMERIO_MODE": "test-marker"}, ["CUSTOMERIO_MODE must be live or off"]),
        ({"CUSTOMERIO_SITEID": "marker"}, ["CUSTOMERIO_SITEID is not read", "CUSTOMERIO_SITE_ID?"]),
        (
            {"CUSTOMERIO_API_KEY": "marker"},
            [
                "CUSTOMERIO_API_KEY is not read",
                "CUSTOMERIO_TRACK_API_KEY or CUSTOMERIO_APP_API_KEY?",
            ],
        ),
        *(
            ({name: "marker"}, [f"{name} is not read; did you mean CUSTOMERIO_SITE_ID?"])
            for name in ("CIO_SITE_ID", "CUSTOMER_IO_SITE_ID", "customerio_site_id", "cio_site_id")
        ),
        ({"CIO_API_KEY": "marker"}, ["CUSTOMERIO_TRACK_API_KEY or CUSTOMERIO_APP_API_KEY?"]),
        (
            {**PAIR, "customerio_mode": "marker"},
            ["customerio_mode is not read", "CUSTOMERIO_MODE?"],
        ),
        *(
            ({**PAIR, name: value}, [f"{name} is in quotation marks", "write it without"])
            for name, value in (
                ("CUSTOMERIO_SITE_ID", '"marker"'),
                ("CUSTOMERIO_TRACK_API_KEY", "'marker'"),
                ("CUSTOMERIO_PRIVATE_KEY", '"sk_us_marker"'),
                ("CUSTOMERIO_OUTBOX", "'sqlite:///marker.db'"),
                ("CUSTOMERIO_TRACK_URL", "“https://marker”"),
                ("CUSTOMERIO_REGION", '"eu"'),
                ("CUSTOMERIO_MODE", '"off'),
            )
        ),
        *(
            ({**PAIR, name: value}, [f"{name} is still an example; put your own there"])
            for name, value in (
                ("CUSTOMERIO_SITE_ID", "your-site-id"),
                ("CUSTOMERIO_SITE_ID", "..."),
                ("CUSTOMERIO_TRACK_API_KEY", "your-track-api-key"),
                ("CUSTOMERIO_APP_API_KEY", "your-key"),
                ("CUSTOMERIO_APP_API_KEY", "<marker>"),
                ("CUSTOMERIO_PRIVATE_KEY", "sk_us_…"),
                ("CUSTOMERIO_PRIVATE_KEY", "sk_us_..."),
                ("CUSTOMERIO_PIPELINES_WRITE_KEY", "your-write-key"),
                ("CUSTOMERIO_WEBHOOK_SIGNING_KEY", "your-signing-key"),
            )
        ),
        *(
            ({**PAIR, "CUSTOMERIO_TRACK_API_KEY": value}, ["holds a space or a line break, which"])
            for value in ("mar ker", "marker\nmarker", "marker\tx")
        ),
        (
            {"CUSTOMERIO_PIPELINES_WRITE_KEY": "sk_us_marker"},
            ["holds a private key, which opens every API", "write it as CUSTOMERIO_PRIVATE_KEY="],
        ),
        (
            {**PAIR, "CUSTOMERIO_TRACK_API_KEY": "marker", "CUSTOMERIO_APP_API_KEY": "marker"},
            ["CUSTOMERIO_TRACK_API_KEY and CUSTOMERIO_APP_API_KEY hold the same key"],
        ),
        ({"CUSTOMERIO_TRACK_KEY": "marker"}, ["CUSTOMERIO_TRACK_KEY is not read"]),
        (
            {"CUSTOMERIO_TRACK_URL": "https://u:marker@x"},
            ["CUSTOMERIO_TRACK_URL must be an origin"],
        ),
        (
            {"CUSTOMERIO_APP_URL": "https://x/marker"},
            ["CUSTOMERIO_APP_URL must be an origin, without"],
        ),
        ({"CUSTOMERIO_PIPELINES_URL": "https://[marker"}, ["CUSTOMERIO_PIPELINES_URL must be an"]),
        *(
            (
                {"CUSTOMERIO_OUTBOX": place},
                ["CUSTOMERIO_OUTBOX must be memory:, sqlite:///relative/file.db"],
            )
            for place in (
                *("marker", "marker.db", "/marker.db", "sqlite:marker.db", "sqlite://marker.db"),
                *("sqlite:///", "sqlite3:///marker.db", "memory:marker", "redis://u:marker@h"),
            )
        ),
        *(
            ({"CUSTOMERIO_OUTBOX": place}, ["has no PostgreSQL outbox, only memory:, sqlite:///"])
            for place in ("postgresql://u:marker@h/db", "postgres://h/marker", "postgresql+x://h")
        ),
        ({**PAIR, "CUSTOMERIO_SITE_ID": "mar ker"}, ["CUSTOMERIO_SITE_ID holds a space"]),
        ({**PAIR, "CUSTOMERIO_SITE_ID": "marker:x"}, ["CUSTOMERIO_SITE_ID holds a colon"]),
        ({"HTTPS_PROXY": "ftp://u:marker@x"}, ["HTTPS_PROXY", "a proxy must be a URL"]),
    ],
)
def test_each_mistake_is_named(more: dict[str, str], says: list[str]) -> None:
    """A mistake is said by the variable's name, with what to write, and without its value."""
    with pytest.raises(ConfigurationError) as raised:
        read(**more)

    assert all(each in str(raised.value) for each in says)
    assert "marker" not in str(raised.value)


def test_a_key_that_looks_like_anothers_is_warned_of() -> None:
    """A Track key of the App API's form may be right, so it is warned of and taken."""
    with pytest.warns(UserWarning, match="CUSTOMERIO_TRACK_API_KEY looks like") as warned:
        found = read(**PAIR | {"CUSTOMERIO_TRACK_API_KEY": "0123456789abcdef" * 2})

    assert found.track_ready
    assert "0123" not in str(warned[0].message)


def test_all_mistakes_are_said_at_once() -> None:
    """One error names everything that is wrong, a line each."""
    with pytest.raises(ConfigurationError) as raised:
        read(
            CUSTOMERIO_TRACK_API_KEY="sk_us_x",
            CUSTOMERIO_PRIVATE_KEY="pk_us_x",
            CUSTOMERIO_REGION="asia",
            CUSTOMERIO_MODE="on",
            CUSTOMERIO_TRACK_URL="x",
            CUSTOMERIO_OUT_BOX="memory:",
            HTTP_PROXY="ftp://x",
        )

    assert len(str(raised.value).splitlines()) == 1 + 7


@pytest.mark.parametrize(
    "fine",
    [
        PAIR,
        {"CUSTOMERIO_PRIVATE_KEY": US_KEY},
        {"CUSTOMERIO_PRIVATE_KEY": US_KEY, "CUSTOMERIO_SITE_ID": "site"},
        {"CUSTOMERIO_PIPELINES_WRITE_KEY": "pk_eu_x"},
        {"CUSTOMERIO_PIPELINES_WRITE_KEY": "sk_eu_x", "CUSTOMERIO_PRIVATE_KEY": US_KEY},
        {**PAIR, "CUSTOMERIO_API_KEY": "another program's"},
        {"CUSTOMERIO_PRIVATE_KEY": US_KEY, "CUSTOMERIO_API_KEY": "another program's"},
        {**PAIR, "CIO_APP_API_KEY": "another program's", "CIO_REGION": "eu"},
        {"CUSTOMERIO_MODE": "off", "CUSTOMERIO_SITE_ID": "your-site-id"},
        {"CUSTOMERIO_MODE": "off", "CIO_SITE_ID": "x"},
        {"CUSTOMERIO_MODE": "off", "CUSTOMERIO_SITE_ID": "site"},
        {**PAIR, "CUSTOMERIO_SOMETHING_ELSE_ENTIRELY": "x"},
        {**PAIR, "CUSTOMERIO_SITEID": "old"},
    ],
)
def test_what_can_work_is_taken(fine: dict[str, str]) -> None:
    """Keys of any kind, other programs' variables and an old name beside the right one are fine."""
    found = read(**fine)

    assert isinstance(found, Settings)


def test_no_key_at_all_names_the_lines_to_write() -> None:
    """Without a key the error shows both ways to give one, and the mode that needs none."""
    with pytest.raises(ConfigurationError) as raised:
        read().client()

    for line in (
        "CUSTOMERIO_SITE_ID=",
        "CUSTOMERIO_TRACK_API_KEY=",
        "CUSTOMERIO_PRIVATE_KEY=sk_us_",
    ):
        assert f"  {line}" in str(raised.value)
    assert "CUSTOMERIO_MODE=off" in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({}, {"CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY", "CUSTOMERIO_OUTBOX"}),
        (PAIR, {"CUSTOMERIO_OUTBOX"}),
        ({"CUSTOMERIO_OUTBOX": "memory:"}, {"CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"}),
        (
            {"CUSTOMERIO_OUTBOX": "memory:", "CUSTOMERIO_APP_API_KEY": "app"},
            {"CUSTOMERIO_SITE_ID", "CUSTOMERIO_TRACK_API_KEY"},
        ),
    ],
)
def test_an_outbox_names_all_that_it_lacks(environ: dict[str, str], missing: set[str]) -> None:
    """Every variable that an outbox lacks is named at once, and none that is there."""
    with pytest.raises(ConfigurationError) as raised:
        read(**environ).open_outbox()

    lines = re.findall(r"^  (CUSTOMERIO_\w+)=", str(raised.value), re.MULTILINE)
    assert set(lines) - {"CUSTOMERIO_PRIVATE_KEY"} == missing


def test_mode_off_needs_no_keys() -> None:
    """In mode off clients for every API and outboxes are made without a key, and say nothing."""
    found = read(CUSTOMERIO_MODE="off", CUSTOMERIO_TRACK_URL="http://127.0.0.1:1")
    with found.client() as client:
        client.track("1", "x")
        client.request("GET", "/v1/x")
    with found.open_outbox() as outbox:
        receipt = outbox.track("1", "x")
        outbox.flush(timeout=10)

    assert client.stats() == {"track": 1, "request": 1}
    assert receipt.level == "memory"
    assert outbox.stats().delivered == 1


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        (PAIR, "https://track.customer.io"),
        ({**PAIR, "CUSTOMERIO_REGION": "eu"}, "https://track-eu.customer.io"),
        (
            {"CUSTOMERIO_PRIVATE_KEY": US_KEY, "CUSTOMERIO_REGION": "eu"},
            "https://track.customer.io",
        ),
        (
            {"CUSTOMERIO_PRIVATE_KEY": US_KEY, "CUSTOMERIO_TRACK_URL": "http://x:1/"},
            "http://x:1",
        ),
    ],
)
def test_url_before_key_before_region(environ: dict[str, str], url: str) -> None:
    """A URL given wins over the key's region, that over CUSTOMERIO_REGION."""
    account = read(**environ).account()

    assert account.base_url("track") == url


@pytest.mark.parametrize(
    ("environ", "proxies"),
    [
        ({"HTTP_PROXY": "http://a:1", "http_proxy": "http://b:1"}, {"http": "http://b:1"}),
        ({"HTTP_PROXY": "http://a:1", "http_proxy": ""}, {}),
        ({"HTTPS_PROXY": "a:1"}, {"https": "http://a:1"}),
        ({"ALL_PROXY": "http://a:1"}, {"all": "http://a:1"}),
        ({"FTP_PROXY": "http://a:1"}, {}),
        ({"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}, {}),
        ({"http_proxy": "http://a:1", "REQUEST_METHOD": "GET"}, {"http": "http://a:1"}),
    ],
)
def test_proxies_of_the_environment(environ: dict[str, str], proxies: dict[str, str]) -> None:
    """Proxy variables are read as other programs read them; a CGI's HTTP_PROXY is not believed."""
    found = read(**environ)

    assert found.http.proxies() == proxies


def test_no_proxy_and_authorities_of_the_environment() -> None:
    """NO_PROXY is a list, SSL_CERT_FILE comes before SSL_CERT_DIR."""
    found = read(NO_PROXY="localhost, .x.io ,", SSL_CERT_FILE="/ca.pem", SSL_CERT_DIR="/certs")

    assert found.http.no_proxy == ("localhost", ".x.io")
    assert found.http.ca == "/ca.pem"
    assert read(SSL_CERT_DIR="/certs").http.ca == "/certs"


def test_an_env_file_fills_what_the_process_lacks(tmp_path: Path) -> None:
    """A variable of the process wins over the file's; the file gives the others."""
    path = tmp_path / ".env"
    path.write_text('CUSTOMERIO_SITE_ID=file\nexport CUSTOMERIO_TRACK_API_KEY="key"\n# x\n')
    found = Settings.from_env(path, environ={"CUSTOMERIO_SITE_ID": "process"})

    assert (found.site_id, found.track_api_key) == ("process", "key")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_an_env_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing or garbled file is an error that names it."""
    path = tmp_path / "my.env"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"my\.env"):
        Settings.from_env(path, environ={})


def test_mistakes_in_the_env_file_count(tmp_path: Path) -> None:
    """What the file says is checked as what the process says."""
    path = tmp_path / ".env"
    path.write_text("CUSTOMERIO_REGION=asia\n")

    with pytest.raises(ConfigurationError, match="CUSTOMERIO_REGION"):
        Settings.from_env(path, environ={})


secret = st.from_regex(r"KEY[A-Za-z0-9_-]{8,20}", fullmatch=True)


def shown(value: Any) -> str:
    return f"{value!r} {value} {getattr(value, '__rich_repr__', list)()}"


@given(keys=st.lists(secret, min_size=6, max_size=6, unique=True))
def test_no_secret_is_shown(keys: list[str]) -> None:
    """No repr of settings, account, client or outbox, rich's neither, holds a secret."""
    site, track, app, private, write, sign = keys
    found = read(
        CUSTOMERIO_SITE_ID=site,
        CUSTOMERIO_TRACK_API_KEY=track,
        CUSTOMERIO_APP_API_KEY=app,
        CUSTOMERIO_PRIVATE_KEY="sk_us_" + private,
        CUSTOMERIO_PIPELINES_WRITE_KEY=write,
        CUSTOMERIO_WEBHOOK_SIGNING_KEY=sign,
        CUSTOMERIO_OUTBOX="memory:",
        HTTPS_PROXY=f"http://user:{sign}@proxy:1",
    )
    text = shown(found) + shown(found.account()) + shown(found.http)

    assert not [key for key in keys if key in text]


@pytest.mark.parametrize("field", ["outbox", "track_url", "app_url", "pipelines_url"])
def test_no_password_of_a_url_is_shown(field: str) -> None:
    """Settings show where a place is and who enters it, and stars for the password."""
    found = Settings(**{field: "postgresql://user:KEYMARKER@host/db"})  # type: ignore[arg-type]  # one text

    assert "postgresql://user:***@host/db" in repr(found)
    assert "KEYMARKER" not in shown(found)


def test_no_secret_is_shown_by_what_is_made() -> None:
    """Clients and outboxes of settings show no key."""
    marker = "KEYMARKER"
    environ = dict.fromkeys(PAIR, marker)
    found = read(**environ, CUSTOMERIO_OUTBOX="memory:", CUSTOMERIO_TRACK_URL="http://127.0.0.1:1")
    with found.client() as client, found.open_outbox() as outbox:
        text = shown(client) + shown(outbox)
    lazy = found.async_client()
    text += shown(lazy)
    lazy.abandon()

    assert marker not in text
    assert isinstance(client, Client)
    assert isinstance(lazy, AsyncClient)


@given(
    name=st.sampled_from([n for n in sorted(EVERY) if n != "CUSTOMERIO_WORKSPACE"]),
    value=st.sampled_from(
        ["{}", "sk_us_{}", "pk_us_{}", "https://u:{}@x", "{} é", "{}:x", "sk_x_{}"]
    ),
)
def test_no_error_shows_a_value(name: str, value: str) -> None:
    """Whatever is wrong with a variable, the error does not quote what it holds."""
    said = ""
    try:
        read(**{name: value.format("KEYMARKER")}).place()
    except ConfigurationError as error:
        said = f"{error!r} {error}"

    assert "KEYMARKER" not in said


def test_only_settings_reads_the_environment(root: Path) -> None:
    """No other module of the package reads environment variables, the command line neither."""
    reading = re.compile(r"\bos\.(environ|getenv|environb)\b|from os import .*\b(environ|getenv)\b")
    readers = {
        path.relative_to(root / "src" / "ferryman").as_posix()
        for path in (root / "src" / "ferryman").rglob("*.py")
        if reading.search(path.read_text())
    }

    assert readers <= {"settings.py", "emulator/authority.py"}
    assert "settings.py" in readers
