"""The benchmarks: the server counts what arrived, and a figure below its promise is called so."""

import http.client
import importlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from benchmarks.figures import Figure, Verdict
    from benchmarks.medians import Medians
    from benchmarks.sink import Counts, Sink

ROOT = Path(__file__).resolve().parents[2]
MARKER = b"ev@000000007"
PATIENCE_S = 10.0


def _figures() -> tuple["Figure", ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        from benchmarks.figures import FIGURES

        return FIGURES


FIGURES = _figures()


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `benchmarks`, which is no part of the package, be imported."""
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture(scope="module")
def compiled(program: Callable[..., str]) -> None:
    """Skip where the server cannot be compiled."""
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    compiler = program("gcc", "cc")
    headers = subprocess.run(
        [compiler, "-E", "-include", "openssl/ssl.h", "-x", "c", "/dev/null"],
        capture_output=True,
        check=False,
    )
    if headers.returncode != 0:
        pytest.skip("needs OpenSSL's headers (Debian: apt-get install libssl-dev)")


@pytest.fixture
def sink(compiled: None) -> Iterator["Sink"]:
    """A running server that has seen nothing."""
    from benchmarks.sink import Sink

    with Sink() as running:
        yield running


def connected(sink: "Sink") -> ssl.SSLSocket:
    trust = ssl.create_default_context(cafile=sink.ca)
    plain = socket.create_connection(("localhost", sink.port), timeout=PATIENCE_S)
    return trust.wrap_socket(plain, server_hostname="localhost")


def head(*fields: bytes) -> bytes:
    return b"\r\n".join((b"POST /api/v2/batch HTTP/1.1", b"Host: localhost", *fields, b"", b""))


def status(wire: ssl.SSLSocket) -> int:
    answer = http.client.HTTPResponse(wire)
    answer.begin()
    answer.read()
    return answer.status


def post(sink: "Sink", body: bytes) -> int:
    with connected(sink) as wire:
        wire.sendall(head(b"Content-Length: %d" % len(body)) + body)
        return status(wire)


def until(sink: "Sink", holds: Callable[["Counts"], bool]) -> "Counts":
    """Return the counts once they are as wished; what a client does the server sees later."""
    give_up = time.monotonic() + PATIENCE_S
    while not holds(counts := sink.counts()) and time.monotonic() < give_up:
        time.sleep(0.01)
    return counts


def test_each_event_is_counted_once_and_its_repeats_apart(sink: "Sink") -> None:
    """An event that arrives again is a duplicate, in the same request or in another."""
    post(sink, b'["ev@000000001","ev@000000002","ev@000000001"]')
    post(sink, b'["ev@000000002","ev@000000003"]')

    counts = sink.counts()
    assert (counts.requests, counts.ok) == (2, 2)
    assert (counts.unique, counts.duplicates) == (3, 2)


def test_what_is_no_marker_is_not_counted(sink: "Sink") -> None:
    """A marker is `ev@` and nine digits, nothing less."""
    post(sink, b'"ev@12345678" "ev@ev@000000004" "ev@0000x0000" ev@')

    counts = sink.counts()
    assert (counts.unique, counts.duplicates) == (1, 0)


@pytest.mark.parametrize("cut", range(1, len(MARKER)))
def test_a_marker_that_two_reads_cut_is_counted_once(sink: "Sink", cut: int) -> None:
    """Wherever the network cuts a body, its events are counted, once each."""
    pieces = b'["ev@000000001",' + MARKER[:cut], MARKER[cut:] + b',"ev@000000002"]'
    with connected(sink) as wire:
        wire.sendall(head(b"Content-Length: %d" % sum(map(len, pieces))))
        for piece in pieces:  # a TLS record each, which is a read each
            wire.sendall(piece)
        answered = status(wire)

    counts = sink.counts()
    assert answered == 200
    assert (counts.unique, counts.duplicates) == (3, 0)


def test_a_marker_that_two_chunks_cut_is_counted(sink: "Sink") -> None:
    """A body in the chunked coding is the same body."""
    pieces = MARKER[:5], MARKER[5:]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    with connected(sink) as wire:
        wire.sendall(head(b"Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
        answered = status(wire)

    counts = sink.counts()
    assert answered == 200
    assert (counts.unique, counts.max_body) == (1, len(MARKER))


def test_a_body_that_is_cut_short_counts_for_nothing(sink: "Sink") -> None:
    """Who hangs up before the end of a request has delivered none of it."""
    with connected(sink) as wire:
        wire.sendall(head(b"Content-Length: 1000") + MARKER)

    counts = until(sink, lambda counts: counts.connections == 1 and counts.open == 0)
    assert (counts.requests, counts.ok) == (1, 0)
    assert (counts.unique, counts.duplicates) == (0, 0)


def test_a_refused_request_delivers_nothing(sink: "Sink") -> None:
    """What is answered with an error is not counted as arrived."""
    sink.command("set", status=503)
    answered = post(sink, MARKER)

    counts = sink.counts()
    assert answered == 503
    assert (counts.failed, counts.unique) == (1, 0)


def test_an_outage_resets_and_refuses_and_forgets_nothing(sink: "Sink") -> None:
    """While the server is down nobody is answered; afterwards the counts go on."""
    post(sink, b"ev@000000001")
    with socket.create_connection(("localhost", sink.port), timeout=PATIENCE_S) as idle:
        until(sink, lambda counts: counts.open == 1)
        sink.down()
        with pytest.raises(ConnectionResetError):
            idle.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connected(sink)
    sink.up()
    post(sink, b"ev@000000001 ev@000000002")

    counts = sink.counts()
    assert (counts.unique, counts.duplicates) == (2, 1)


def test_an_outage_ends_by_itself(sink: "Sink") -> None:
    """`down` lasts as long as it was told."""
    sink.down(ms=1)
    give_up = time.monotonic() + PATIENCE_S
    answered = 0
    while not answered and time.monotonic() < give_up:
        try:
            answered = post(sink, b"")
        except OSError:
            time.sleep(0.01)

    assert answered == 200


# -- figures


def measured(figure: "Figure", reached: float) -> "Medians":
    """Return medians of which *figure* reaches so much."""
    medians: Medians = {}
    whole = {"sum": 1 / max(1, len(figure.over)), "highest": 1.0, "lowest": 1.0}[figure.by]
    values = [(at, reached) for at in figure.of] + [(at, whole) for at in figure.over]
    for at, value in values:
        medians.setdefault((at.section, at.row, at.case), {})[at.value] = value
    return medians


def verdict(figure: "Figure", medians: "Medians") -> "Verdict":
    from benchmarks.figures import judge

    (found,) = judge(medians, (figure,))
    return found


@pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])
def test_a_figure_holds_at_its_promise_and_not_beyond(figure: "Figure") -> None:
    """Just what is promised is enough; a thousandth worse is not."""
    promised = figure.at_least if figure.at_least is not None else figure.at_most
    assert promised is not None
    worse = promised * 0.999 if figure.at_least is not None else promised * 1.001 + 0.001

    better = promised * 1.001 if figure.at_least is not None else promised * 0.999
    assert verdict(figure, measured(figure, better)).holds is True
    assert verdict(figure, measured(figure, worse)).holds is False


@pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])
def test_a_figure_is_not_judged_by_half(figure: "Figure") -> None:
    """Where one of its values is missing a figure neither holds nor fails."""
    for missing in (*figure.of, *figure.over):
        medians = measured(figure, 1.0)
        del medians[missing.section, missing.row, missing.case][missing.value]

        assert verdict(figure, medians).holds is None


@pytest.mark.parametrize(
    ("at_least", "at_most", "best"), [(3.0, None, 3.0), (None, 1.0, 1.0)], ids=["least", "most"]
)
def test_the_better_of_several_ways_decides(
    at_least: float | None, at_most: float | None, best: float
) -> None:
    """Where a figure may be reached by several ways, one that reaches it is enough."""
    from benchmarks.figures import Figure, Value

    ways = tuple(Value("speed", row, "0 ms", "rate") for row in ("a", "b", "c"))
    figure = Figure(name="of ways", of=ways, at_least=at_least, at_most=at_most)
    medians: Medians = {
        (at.section, at.row, at.case): {at.value: value}
        for at, value in zip(ways, (2.0, 1.0, 3.0), strict=True)
    }

    assert (verdict(figure, medians).reached, verdict(figure, medians).holds) == (best, True)


def test_a_call_is_judged_beside_the_call_of_the_floor() -> None:
    """The median call takes at most one and a half times what any call in Python takes."""
    judged = [figure for figure in FIGURES if figure.name.startswith("p50 of a call")]

    assert len(judged) == 4
    for figure in judged:
        assert [at.row.partition(",")[0] for at in figure.over] == ["floor"]
        assert figure.at_most == 1.5


def test_every_value_that_a_figure_reads_is_measured() -> None:
    """A figure names rows and cases that exist, so that none goes unjudged by a slip."""
    from benchmarks.rows import ROWS

    there = {(row.section, row.name, case.name) for row in ROWS for case in row.cases}
    node_forks = ("losses", "@customerio/cdp-analytics-node", "fork")

    for figure in FIGURES:
        read = {(at.section, at.row, at.case) for at in (*figure.of, *figure.over, *figure.beside)}
        assert read - there <= {node_forks}


def test_a_typed_event_says_what_the_peers_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says it as a class or as a dict, the same is carried."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "contenders"))
    meter, said = importlib.import_module("meter"), importlib.import_module("said")

    for number in (0, 1, 99, 12_345):
        assert msgspec.to_builtins(said.typed(number)) == meter.event(number)


def test_the_clock_runs_from_the_first_call_to_the_last_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Opening a contender and closing it are in no figure; what says neither is measured whole."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "contenders"))
    meter = importlib.import_module("meter")
    given = meter.argparse.Namespace(n=1, url="https://localhost:1", ca="", pace=0, option=[])
    job = meter.Job(given)

    job.begin()
    job.end()
    ended = job.spent()
    again = job.spent()
    job.begin()
    until_now = job.spent()

    assert again == ended
    assert until_now[0] > 0


def test_medians_are_of_rates_and_losses_add_up() -> None:
    """One slow round does not spoil a rate; one lost event spoils a row."""
    from benchmarks.medians import Run, medians

    runs = [
        Run(
            section="speed",
            row="outbox",
            case="0 ms",
            round=number,
            events=10,
            values={"rate": rate, "lost": lost, "duplicates": 0.0},
        )
        for number, (rate, lost) in enumerate(((90.0, 0.0), (10.0, 1.0), (100.0, 0.0)))
    ]

    values = medians(runs)["speed", "outbox", "0 ms"]
    assert values["rate"] == 90.0
    assert (values["rate_low"], values["rate_high"]) == (10.0, 100.0)
    assert values["lost"] == 1.0


def test_a_loss_of_ours_is_told_in_any_section() -> None:
    """Events of ours that did not arrive spoil a run, whatever its figures say."""
    from benchmarks.report import spoilt
    from benchmarks.rows import BULK, CDP, FAR

    fine: dict[str, float] = {"rate": 1e9, "lost": 0.0, "duplicates": 0.0}

    assert spoilt({("speed", BULK, FAR): fine}) == []
    assert spoilt({("speed", CDP, FAR): fine | {"lost": 5.0}}) == []
    assert len(spoilt({("speed", BULK, FAR): fine | {"lost": 5.0}})) == 1
    assert len(spoilt({("speed", BULK, FAR): fine | {"duplicates": 5.0}})) == 1


@pytest.mark.parametrize(
    ("reached", "scale", "code"), [(1.0, 1.0, 0), (0.5, 1.0, 1), (0.5, 0.2, 0)]
)
def test_a_broken_promise_fails_a_whole_run(reached: float, scale: float, code: int) -> None:
    """The exit code says whether the figures hold; a short run is a look, and judges nothing."""
    from benchmarks.__main__ import exit_code

    figure = next(figure for figure in FIGURES if figure.at_least is not None)
    assert figure.at_least is not None
    medians = measured(figure, figure.at_least * reached)

    assert exit_code([verdict(figure, medians)], medians, [], scale=scale) == code


@pytest.mark.parametrize(("ours", "code"), [(True, 1), (False, 0)])
def test_only_a_contender_of_ours_must_run(ours: bool, code: int) -> None:
    """A peer that this machine cannot build fails nothing; what is ours has no such excuse."""
    from benchmarks.__main__ import exit_code
    from benchmarks.child import Failed

    failed = Failed("somebody", "0 ms", ours, "no such file")

    assert exit_code([], {}, [failed], scale=0.2) == code


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


SHORT = (
    ("speed:in bulk", "0 ms", "rate"),
    ("durable:apsw", "256 tasks", "rate"),
    ("checks:plan", "flat", "added_us"),
    ("losses:outbox", "kill -9", "left_by_the_first"),
)
LONG = (("backlog:outbox", "while down and drained", "grown_mb"),)


@pytest.mark.parametrize(
    ("only", "case", "value"),
    [*SHORT, *(pytest.param(*each, marks=pytest.mark.soak) for each in LONG)],
    ids=lambda given: given,
)
def test_each_section_runs_and_loses_nothing(
    compiled: None, only: str, case: str, value: str
) -> None:
    """What `make bench` runs of ours, with a hundredth of the events, arrives whole."""
    done = command("--only", only, "--cases", case, "--rounds", "1", "--scale", "0.01", "--json")

    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert row["case"] == case
    assert value in row
    assert row.get("lost", 0) == 0


def test_list_names_every_figure_and_row() -> None:
    """`--list` is the table of contents of what can be asked for."""
    from benchmarks.rows import ROWS

    done = command("--list")

    lines: Any = {line.strip().partition("  (")[0] for line in done.stdout.splitlines()}
    assert done.returncode == 0
    assert {figure.name for figure in FIGURES} - lines == set()
    assert {row.name for row in ROWS} - lines == set()


def test_a_word_that_names_no_row_is_refused() -> None:
    """A slip in `--only` measures nothing, and says so rather than passing."""
    done = command("--only", "no such row")

    assert done.returncode == 2
    assert "--list" in done.stderr


def test_every_case_can_be_asked_for_by_its_name() -> None:
    """`--cases` parts names at commas, so that none may hold one."""
    from benchmarks.rows import ROWS

    assert [case.name for row in ROWS for case in row.cases if "," in case.name] == []
