"""Starts one contender as a process of its own, and reads the line of results that it ends with.

The contender runs on the first CPU and the sink on the second, where there are two.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import environments
from benchmarks.rows import Case, Row
from benchmarks.sink import Sink, pinned

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


class Failed(msgspec.Struct, frozen=True):
    """A contender that could not run, and the reason in one line."""

    name: str
    case: str
    ours: bool
    reason: str


class Broken(Exception):
    """A contender ended without its results; the text is the last that it said."""


def cpus() -> tuple[int | None, int | None]:
    """Return the CPUs of the contender and of the sink, or none where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def command(row: Row) -> list[str]:
    """Return the words that start *row*'s script; build its environment first. Raises Absent."""
    script = str(HERE / "contenders" / row.script)
    match row.interpreter:
        case "here":
            return [sys.executable, script]
        case "node":
            return ["node", script, "--modules", str(environments.node())]
        case peer:
            return [str(environments.python(peer)), script]


class Child:
    """One running contender, in a process group of its own that ends with it."""

    def __init__(
        self,
        row: Row,
        words: list[str],
        case: Case,
        n: int,
        sink: Sink,
        folder: Path,
        *,
        source: Path = SOURCE,
        options: tuple[str, ...] = (),
    ) -> None:
        options = (f"folder={folder}", *row.options, *case.options, *options)
        path = {"PYTHONPATH": str(source) if row.interpreter == "here" else ""}
        self._process = subprocess.Popen(
            [
                *pinned(cpus()[0]),
                *words,
                *("--n", str(n)),
                *("--url", sink.url),
                *("--ca", str(sink.ca)),
                *("--pace", str(case.pace)),
                *(word for option in options for word in ("--option", option)),
            ],
            env={**os.environ, **dict.fromkeys(TRUST, str(sink.ca)), **path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def says(self, timeout: float) -> str:
        """Wait for a line of the contender's and return it. Raises Broken when it ends instead."""
        assert self._process.stdout is not None
        watch = threading.Timer(timeout, self._process.kill)
        watch.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            self._explain(self.end(timeout=10)[1])
        return line.strip()

    def tell(self, line: str) -> None:
        """Send the contender a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self, timeout: float) -> tuple[str, str, int]:
        """Wait for the end, or bring it about; return output, errors and return code."""
        try:
            out, err = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            err = f"not done after {timeout:.0f} s"
            self._kill()
            out = ""
        except BaseException:
            self._kill()  # in a group of its own, it does not hear a Ctrl-C
            raise
        # What a contender has forked must not live on into the next one's time.
        self._kill()
        return out, err, self._process.returncode

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def results(self, timeout: float) -> dict[str, float]:
        """Return what the contender's last line says. Raises Broken."""
        out, err, code = self.end(timeout)
        lines = out.strip().splitlines()
        if code != 0 or not lines:
            self._explain(err)
        found: dict[str, Any] = msgspec.json.decode(lines[-1])
        return {name: float(value) for name, value in found.items()}

    def _explain(self, err: str) -> None:
        raise Broken((err.strip().splitlines() or ["it said nothing"])[-1])
