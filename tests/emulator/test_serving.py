"""Starting and stopping, TLS and its authority, and state that outlives the process."""

import shlex
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import httpx2
import pytest

from ferryman.emulator import DEFAULT_WORKSPACE, Emulator, env_block
from ferryman.emulator.authority import NAMES, prepare
from ferryman.emulator.listening import bind

KEY = {"authorization": f"Bearer {DEFAULT_WORKSPACE.private_key}"}
NOW = datetime.now(UTC)
SCRIPT = """
import sys
from ferryman.emulator import serve
serve(port=0, tls_port=0, data=sys.argv[1], directory=sys.argv[2],
      on_ready=lambda ready: print(ready.url, flush=True))
print("stopped", flush=True)
"""


@contextmanager
def process(data: Path, directory: Path) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    """An emulator in a process of its own, killed at the end."""
    command = [sys.executable, "-c", SCRIPT, str(data), str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout
            url = running.stdout.readline().strip()
            with httpx2.Client(base_url=url, headers=KEY, trust_env=False) as client:
                yield running, client
        finally:
            running.kill()


def test_threads_and_ports() -> None:
    """Two emulators run side by side on ports of their own, and stopping twice is fine."""
    with Emulator() as one, Emulator() as two:
        one.env["CUSTOMERIO_TRACK_URL"] = "changed"
        urls = {one.url, one.tls_url, two.url, two.tls_url}
        answers = [httpx2.get(f"{each.url}/livez").status_code for each in (one, two)]
        kept = one.env["CUSTOMERIO_TRACK_URL"]
    one.stop()

    assert len(urls) == 4
    assert answers == [200, 200]
    assert kept != "changed"
    with pytest.raises(RuntimeError, match="not running"):
        _ = one.url


def test_port_in_use() -> None:
    """A port that is taken is an OSError at the start, and the emulator can start later."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        emulator = Emulator(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            emulator.start()
    with emulator:
        assert httpx2.get(f"{emulator.url}/livez").status_code == 200


def test_answers_do_not_wait() -> None:
    """A listening socket names TCP, or asyncio leaves Nagle's delay of 40 ms an answer on."""
    with bind("127.0.0.1", 0) as sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_env_block(running: Emulator) -> None:
    """The lines to paste name every key and origin, and survive a shell."""
    block = env_block(running.ready)
    read: dict[str, str] = {}
    for line in block.splitlines():
        if not line.startswith("#"):
            export, assignment = shlex.split(line)
            assert export == "export"
            name, _, value = assignment.partition("=")
            read[name] = value

    assert read == running.env
    assert read["CUSTOMERIO_SITE_ID"] == "emulator-site"
    assert read["CUSTOMERIO_PIPELINES_URL"] == running.url
    assert read["NODE_EXTRA_CA_CERTS"] == read["SSL_CERT_FILE"] == running.ca_bundle
    assert f"# export CUSTOMERIO_PRIVATE_KEY={DEFAULT_WORKSPACE.private_key}\n" in block


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_tls(running: Emulator, name: str) -> None:
    """Who trusts the bundle, as strictly as Python can, trusts the emulator."""
    trust = ssl.create_default_context(cafile=running.ca_bundle)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    url = running.tls_url.replace("127.0.0.1", name)

    assert httpx2.get(f"{url}/livez", verify=trust).json() == {"status": "ok"}


def test_tls_is_not_trusted_by_others(running: Emulator) -> None:
    """Who does not trust the bundle does not trust the emulator."""
    with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx2.get(f"{running.tls_url}/livez", verify=ssl.create_default_context())


def test_bundle_holds_the_roots(tmp_path: Path) -> None:
    """The bundle holds what the system trusts and the authority, however often it is made."""
    system = len(ssl.create_default_context().get_ca_certs())
    if not system:
        pytest.skip("needs a system with certificate authorities")
    counts: list[int] = []
    for _ in range(2):
        bundle = prepare(tmp_path / "ca", now=NOW).bundle
        counts.append(len(ssl.create_default_context(cafile=str(bundle)).get_ca_certs()))

    assert counts == [system + 1] * 2


def test_own_bundle_as_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle that SSL_CERT_FILE names is not put into itself."""
    first = prepare(tmp_path, now=NOW).bundle.read_bytes()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle.pem"))
    second = prepare(tmp_path, now=NOW).bundle.read_bytes()

    assert second == first


def test_authority_is_kept(tmp_path: Path) -> None:
    """The authority survives a restart, until it runs out or lacks a name."""
    folder = tmp_path / "a" / "b"
    keys = [
        prepare(folder, names, now=now).key.read_bytes()
        for names, now in (
            (NAMES, NOW),
            (NAMES, NOW + timedelta(days=300)),
            ((*NAMES, "host.example"), NOW),
            ((*NAMES, "host.example"), NOW + timedelta(days=390)),
        )
    ]

    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_authority_is_private(tmp_path: Path) -> None:
    """Only its owner can enter the authority's folder and read its key."""
    authority = prepare(tmp_path / "ca", now=NOW)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ca", authority.key)]

    assert modes == [0o700, 0o600]


def test_authority_refuses_an_open_folder(tmp_path: Path) -> None:
    """A folder that others can write to keeps no authority."""
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError, match="owner only"):
        prepare(tmp_path, now=NOW)


def test_state_survives_kill(tmp_path: Path) -> None:
    """What was answered is there after kill -9: people, ids seen, digits, order, suppression."""
    data, directory = tmp_path / "state.db", tmp_path / "ca"
    shown: list[str] = []
    with process(data, directory) as (running, client):
        for number in range(20):
            body = b'{"name":"paid","id":"e%d","data":{"price":29.90}}' % number
            client.post("/api/v1/customers/1/events", content=body).raise_for_status()
        client.put("/api/v1/customers/1", json={"email": "a@b"})
        client.post("/api/v1/customers/2/suppress")
        shown.append(client.get("/emulator/people/a%40b").text)
        running.kill()
    with process(data, directory) as (_, client):
        shown.append(client.get("/emulator/people/a%40b").text)
        client.post("/api/v1/customers/1/events", json={"name": "paid", "id": "e7"})
        client.put("/api/v1/customers/2", json={})
        summary = client.get("/emulator/summary").json()

    assert shown[0] == shown[1]
    assert shown[0].count('"price":29.90') == 20
    assert (summary["people"], summary["events"], summary["repeats"]) == (1, 20, 1)
    assert stat.S_IMODE(data.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """SIGINT and SIGTERM end the blocking form, with a connection open and exit code 0."""
    with process(tmp_path / "state.db", tmp_path / "ca") as (running, client):
        client.get("/livez")
        running.send_signal(number)
        out, _ = running.communicate(timeout=20)

    assert out == "stopped\n"
    assert running.returncode == 0


def test_reset_is_kept(tmp_path: Path) -> None:
    """After a reset nothing comes back."""
    held: list[int] = []
    for _ in range(2):
        with (
            Emulator(data=tmp_path / "d") as emulator,
            httpx2.Client(base_url=emulator.url, headers=KEY) as client,
        ):
            held.append(client.get("/emulator/summary").json()["people"])
            client.put("/api/v1/customers/1", json={})
            held.append(client.get("/emulator/summary").json()["people"])
            client.post("/emulator/reset", json={})

    assert held == [0, 1] * 2


def test_one_emulator_a_file(tmp_path: Path) -> None:
    """A file that an emulator uses is not opened by a second one."""
    with Emulator(data=tmp_path / "d"), pytest.raises(OSError, match="Cannot keep"):
        Emulator(data=tmp_path / "d").start()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, None], ids=["text", "SQLite"])
def test_foreign_file(tmp_path: Path, content: bytes | None) -> None:
    """A file that is something else is refused, and left as it is."""
    file = tmp_path / "d"
    if content is None:
        other = apsw.Connection(str(file))
        other.execute("CREATE TABLE other (x)")
        other.close()
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    with pytest.raises(OSError, match="Cannot keep"):
        Emulator(data=file).start()

    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_no_log_holds_a_path(caplog: pytest.LogCaptureFixture) -> None:
    """Paths hold ids, so no request is logged, even where the program logs everything."""
    with caplog.at_level("DEBUG"), Emulator() as emulator:
        httpx2.get(f"{emulator.url}/emulator/people/marker")
        told = [record.getMessage() for record in caplog.records if "httpx" not in record.name]

    assert not [message for message in told if "marker" in message]


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_cannot_be_is_an_os_error(port: int) -> None:
    """Numbers that are no ports fail as ports in use do."""
    with pytest.raises(OSError, match="65535"):
        bind("127.0.0.1", port)
