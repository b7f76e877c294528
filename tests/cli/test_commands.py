"""The command line as a whole, and the commands that need no outbox of their own."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from tests.cli.conftest import Ran

from ferryman import __version__
from ferryman.cli.demo import sample

Command = Callable[..., Ran]
Begin = Callable[..., "subprocess.Popen[str]"]


def test_version(command: Command) -> None:
    """`--version` says which ferryman this is."""
    ran = command("--version")

    assert (ran.returncode, ran.stdout) == (0, f"ferryman {__version__}\n")


@pytest.mark.parametrize("words", [(), ("import",), ("relay", "run"), ("emulator",), ("demo",)])
def test_every_command_explains_itself(command: Command, words: tuple[str, ...]) -> None:
    """`--help` of each command says what it does and, of each that ends with one, its codes."""
    ran = command(*words, "--help")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Usage: ferryman" in ran.stdout
    assert not words or "Exit code: 0" in ran.stdout


def test_help_imports_no_command(bare_env: dict[str, str]) -> None:
    """The list of commands is there before anything heavy is imported."""
    script = (
        "import sys; from ferryman.cli import main; main(['--help']);"
        "print([m for m in ('uvicorn', 'starlette', 'apsw', 'rich.progress') if m in sys.modules])"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script], env=bare_env, capture_output=True, text=True, check=True
    )

    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [("bogus",), ("relay", "bogus"), ("emulator", "--port", "x")])
def test_wrong_words_are_code_2(command: Command, words: tuple[str, ...]) -> None:
    """What is no command or no option is one sentence on stderr, and code 2."""
    ran = command(*words)

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)


def test_without_its_extra_the_command_says_what_to_install(
    bare_env: dict[str, str], tmp_path: Path
) -> None:
    """Where cyclopts is missing, the line that installs it is printed, and the code is 2."""
    blocker = "import sys; sys.modules['cyclopts'] = None\n"
    script = "import sys; from ferryman.cli import main; sys.exit(main([]))"
    (tmp_path / "blocked.py").write_text(blocker + script)

    ran = subprocess.run(
        [sys.executable, tmp_path / "blocked.py"],
        env=bare_env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert ran.stderr == 'The command line needs its extra: pip install "ferryman[cli]"\n'


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_emulator_says_where_it_is(begin: Begin, number: int) -> None:
    """`--json` is one line with everything a program needs; a signal ends it with code 0."""
    process = begin("emulator", "--port", "0", "--tls-port", "0", "--json")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    alive = httpx2.get(f"{ready['url']}/livez", trust_env=False)

    process.send_signal(number)
    rest, err = process.communicate(timeout=20)

    assert alive.status_code == 200
    assert ready["env"]["CUSTOMERIO_TRACK_URL"] == ready["url"]
    assert Path(ready["ca_bundle"]).is_file()
    assert (process.returncode, rest, err) == (0, "", "")


def test_the_emulator_prints_lines_to_paste(begin: Begin, command: Command) -> None:
    """People get the address to look at, and lines that a shell takes as they are."""
    process = begin("emulator", "--port", "0", "--tls-port", "0", NO_COLOR="1")
    assert process.stdout is not None
    lines = []
    while not lines or "PRIVATE_KEY" not in lines[-1]:
        lines.append(process.stdout.readline())
    exports = "".join(line for line in lines if line.startswith("export "))
    shell = subprocess.run(
        ["sh", "-c", f"{exports}\nexec {sys.executable} -c 'import os; print(dict(os.environ))'"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert "/emulator/" in lines[0]
    assert "'CUSTOMERIO_SITE_ID': 'emulator-site'" in shell.stdout
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("words", [("emulator", "--tls-port", "0"), ("demo",)])
def test_a_taken_port_is_one_sentence(command: Command, words: tuple[str, ...]) -> None:
    """A port that somebody else has is named, with code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = command(*words, "--port", str(port))

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert f"--port {port}" in ran.stderr
    assert "taken" in ran.stderr


def test_the_demo_ends_with_accepted_as_delivered(command: Command) -> None:
    """Through five faults everything of the sample arrives once, and the table says so."""
    people, events = len({line.shopper for line in sample()}), len(sample())

    ran = command("demo", "--json")

    figures = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert figures["accepted"] == figures["delivered"] == people + events
    assert (figures["people"], figures["events"], figures["faults"]) == (people, events, 5)
    assert figures["repeats"] > 0


def test_the_demo_can_be_looked_at(begin: Begin) -> None:
    """`--serve` stays up and says where to look; a signal ends it."""
    process = begin("demo", "--serve")
    assert process.stdout is not None
    line, lines = "", []
    while not line.startswith("Look at "):
        line = process.stdout.readline()
        assert line, process.communicate()
        lines.append(line)
    page = httpx2.get(line.split()[2], trust_env=False)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert page.status_code == 200
    assert "accepted = delivered" in "".join(lines)
    assert process.returncode == 0, err


def test_the_sample_is_small_and_typed() -> None:
    """The sample keeps ids as text and prices as written."""
    lines = sample()

    assert 100 < len(lines) < 1_000
    assert all(len(line.shopper) == 5 for line in lines)
    assert str(lines[0].total) == "6.90"


def test_a_reader_that_goes_away_is_no_traceback(begin: Begin) -> None:
    """`ferryman ... | head -1` ends quietly."""
    with begin("demo") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        err = process.stderr.read()

    assert process.returncode != 0
    assert "Traceback" not in err
