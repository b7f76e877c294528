"""Whatever data holds, no control character of it reaches the terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Emulated, Ran

from ferryman import Account, Email, Outbox
from ferryman.cli.app import app
from ferryman.cli.out import console, shown
from ferryman.outbox.entry import Dead
from ferryman.testing.stores import waiting

HOSTILE = "a\x1b[2J\x1b]0;title\x1b\\\x07\x08\r\x7f\x9b2J\u202eb\u2028c\tfoo\nferryman: all is well"
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
COLUMN = HOSTILE.replace("\r", "").replace(",", "")
SAFE = "\x1b[2J\x9b2Jx"  # what names in a document of a plan may hold, too

Run = Callable[..., Ran]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a file for each command, with something hostile wherever text may stand."""
    event = {"type": "track", "event": HOSTILE, "userId": HOSTILE, "properties": {HOSTILE: HOSTILE}}
    (tmp_path / "said.ndjson").write_text(json.dumps(event) + "\n" + json.dumps({"x": 1}) + "\n")
    (tmp_path / "rows.csv").write_text(f'who,note,"{COLUMN}"\n,1,1\nann,2,x\n')
    for name, kind in (("old", "string"), ("new", "integer")):
        document = {
            "title": HOSTILE,
            "properties": {SAFE: {"type": kind, "description": HOSTILE, "pattern": HOSTILE}},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    said = {"type": "string", "description": HOSTILE, "default": HOSTILE}
    (tmp_path / "plain.json").write_text(json.dumps({"title": HOSTILE, "properties": {"a": said}}))
    (tmp_path / "hostile.py").write_text(
        "from ferryman.plan import Conventions, Event, TrackingPlan\n"
        f"class A(Event, event={SAFE!r}, owner={HOSTILE!r}):\n"
        f"    {HOSTILE!r}\n"
        "    email: str\n"
        f"plan = TrackingPlan([A], conventions=Conventions(events='any'), title={HOSTILE!r})\n"
    )
    (tmp_path / "mail.liquid").write_text(f"{{{{ event['{SAFE}'] }}}} {{% {SAFE} %}}")
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(f"sqlite:///{tmp_path}/outbox.db", account, relay="external") as outbox:
        for person in (HOSTILE, Email("a\x1b[2J\x9b2J\u202e@x"), HOSTILE):
            outbox.track(person, HOSTILE[:60], data={HOSTILE: HOSTILE})
        first, second, _ = waiting(outbox._store)
        dead = [
            Dead(each, HOSTILE, field=HOSTILE, message=HOSTILE, status=400)
            for each in (first, second)
        ]
        outbox._store.settle(dead, 1_790_000_000)
    return tmp_path


@pytest.fixture
def run(files: Path, bare_env: dict[str, str], emulator: Emulated) -> Run:
    """Run a command in that folder."""
    env = bare_env | emulator.ready["env"]
    env |= {"CUSTOMERIO_OUTBOX": f"sqlite:///{files}/outbox.db", "COLUMNS": "300"}
    env |= {"CUSTOMERIO_WORKSPACE": "default"}

    def run(*words: str) -> Ran:
        command = [sys.executable, "-m", "ferryman", *words]
        return subprocess.run(
            command, env=env, cwd=files, capture_output=True, check=False, text=True, timeout=60
        )

    return run


NAMED = r"a\x1b[2J"
ESCAPED = r"a\x1b[2J"
IMPORT = ("import", "rows.csv", "--event", "e", "--person")
COMMANDS: list[tuple[tuple[str, ...], str]] = [
    (("plan", "observe", "said.ndjson"), f"event {ESCAPED}"),
    (("plan", "observe", "said.ndjson", "--plan", "hostile:plan"), "unseen      event \\x1b[2J"),
    (("plan", "observe", "said.ndjson", "--json"), ""),
    (("plan", "observe", "said.ndjson", "--propose", "-"), "Nothing is proposed"),
    (("plan", "observe", "rows.csv", "--event", SAFE, "--person", "who"), r"event \x1b[2J"),
    (("plan", "check", "hostile:plan"), r"event \x1b[2J"),
    (("plan", "check", "old.json"), r"event a\x1b[2J"),
    (("plan", "check", "old.json", "--github"), r"\x1b[2J"),
    (("plan", "check", "old.json", "--json"), ""),
    (("plan", "diff", "old.json", "new.json"), r"\x1b[2J\x9b2Jx: "),
    (("plan", "diff", "old.json", "new.json", "--github"), r"\x1b[2J"),
    (("plan", "templates", "hostile:plan", "mail.liquid", "--event", SAFE), r"\x1b[2J"),
    (("plan", "templates", "hostile:plan", "mail.liquid", "--event", "a" + SAFE), ESCAPED),
    (("plan", "generate", "old.json"), r"\x1b[2J"),
    ((*IMPORT, "who", "--types", "note=int"), "person: must not be"),
    ((*IMPORT, "who", "--types", f"{COLUMN}=int"), rf"{ESCAPED}"),
    ((*IMPORT, COLUMN.replace("\n", " ")), rf'did you mean "{ESCAPED}'),
    ((*IMPORT, COLUMN, "--json"), ""),
    (("import", SAFE, "--event", "e", "--person", "who", "--format", "csv"), ""),
    (("outbox", "status"), ESCAPED),
    (("outbox", "status", "--json"), ""),
    (("outbox", "dead"), ESCAPED),
    (("outbox", "dead", "--json"), ""),
    (("outbox", "dead", "--show-person"), f"id:{ESCAPED}"),
    (("outbox", "show", "1"), ESCAPED),
    (("outbox", "show", "2", "--show-person", "--payload"), r"email:a\x1b[2j"),
    (("outbox", "show", "2", "--show-person", "--payload", "--json"), ""),
    (("outbox", "check"), ""),
    (("outbox", "replay", "--person", HOSTILE, "--dry-run"), "Would replay 1"),
    (("outbox", "skip", "--reason", HOSTILE, "--dry-run"), "Would skip 2"),
    (("outbox", "purge", "--everything-of", HOSTILE, "--yes"), "Purged 2"),
    (("outbox", "key"), ""),
    (("relay", "run", "--once"), "delivered"),
    (("demo",), "nothing lost"),
    (("a" + SAFE,), ESCAPED),
    (("outbox", "dead", "--outbox", SAFE), ""),
]
FILES: list[tuple[str, ...]] = [
    ("plan", "generate", "plain.json"),
    ("plan", "schema", "hostile:plan"),
    ("plan", "typescript", "old.json"),
    ("plan", "docs", "old.json"),
    ("plan", "docs", "old.json", "--html"),
]
"""Those that write the text of a file: it is changed for a terminal alone."""


@pytest.mark.parametrize(("words", "said"), COMMANDS, ids=[shown(" ".join(w)) for w, _ in COMMANDS])
def test_what_data_holds_does_nothing_to_a_terminal(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    """Every command shows an escape in the place of a control character, in results and errors."""
    ran = run(*words)

    assert RAW.findall(ran.stdout + ran.stderr) == []
    assert said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert not re.search("^ferryman: all is well", ran.stdout + ran.stderr, re.MULTILINE)
    if "--json" in words:
        json.loads(ran.stdout)


@pytest.mark.parametrize("words", FILES, ids=" ".join)
def test_the_text_of_a_file_does_nothing_to_a_terminal(
    files: Path, bare_env: dict[str, str], words: tuple[str, ...]
) -> None:
    """What goes into a file is what the file must be; on a terminal its control characters show."""
    shown_ = on_terminal([*words], files, bare_env)

    assert "\\x1b[2J" in shown_ or "\\u001b[2J" in shown_ or "title" in shown_
    assert RAW.findall(shown_.replace("\r\n", "\n")) == []


def on_terminal(words: list[str], at: Path, env: dict[str, str]) -> str:
    """Return what a command writes to a terminal."""
    main, child = pty.openpty()
    command = [sys.executable, "-m", "ferryman", *words]
    with subprocess.Popen(command, env=env, cwd=at, stdout=child, stderr=child, stdin=child):
        os.close(child)
        read = b"".join(_read(main))
    os.close(main)
    return read.decode()


def _read(main: int) -> Iterator[bytes]:
    while True:
        try:
            content = os.read(main, 65_536)
        except OSError:  # the other end is closed
            return
        if not content:
            return
        yield content


def test_bars_and_tables_of_a_terminal_show_no_control_of_data(
    files: Path, bare_env: dict[str, str]
) -> None:
    """Colours are rich's own; none of the sequences that stand in the data is among them."""
    env = bare_env | {"TERM": "xterm-256color", "CUSTOMERIO_OUTBOX": f"sqlite:///{files}/outbox.db"}

    read = on_terminal(["outbox", "show", "2", "--show-person", "--payload"], files, env)
    read += on_terminal(["outbox", "status"], files, env)

    assert "\x1b[1m" in read
    assert re.findall(r"\x1b\[2J|\x1b\]|\x9b|\x7f|\u202e", read) == []


def test_the_emulator_says_nothing_of_what_it_is_told(
    begin: Callable[..., "subprocess.Popen[str]"],
) -> None:
    """Requests are shown on its page, and leave no line on its terminal."""
    import httpx2

    process = begin("emulator", "--port", "0", "--tls-port", "0")
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1].removesuffix("/emulator/")
    with httpx2.Client(base_url=url, trust_env=False) as client:
        client.post("/api/v2/entity", json={"action": HOSTILE}, headers={"x-a": b"\x9b2J"})
        client.get("/%1b%5b2J")
    process.send_signal(signal.SIGTERM)
    said, complained = process.communicate(timeout=20)

    assert RAW.findall(said + complained) == []


def test_no_command_is_left_out() -> None:
    """A new command that prints must be shown to be harmless."""
    tried = {" ".join(words[:2]) for words, _ in COMMANDS} | {
        " ".join(words[:2]) for words in FILES
    }
    names = set()
    for name in app:
        inner = [f"{name} {each}" for each in app[name] if not each.startswith("-")]
        names |= set(inner or [name])

    assert "outbox show" in names
    known = {name for name in names if not name.startswith("-")} - {"emulator"}
    assert {name for name in known if not any(each.startswith(name) for each in tried)} == set()


def test_a_console_leaves_lines_and_letters_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends that are ours, tabs, and letters of any script are as they were."""
    console().print("größe\n\t二 🙂")

    assert capsys.readouterr().out.split() == ["größe", "二", "🙂"]
