"""Builds, starts and commands the sink, the server that all contenders talk to.

Its certificate is made anew for each run: an authority and a leaf apart, since rustls refuses an
authority as a server's own certificate and Python 3.13 wants the key usage that trustme sets.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import trustme

HERE = Path(__file__).resolve().parent
SOURCES = sorted(HERE.glob("*.c"))
BINARY = HERE / "sink"
NEEDS = "the sink needs a C compiler and OpenSSL's headers (Debian: apt-get install gcc libssl-dev)"


class Counts(msgspec.Struct, frozen=True):
    """What the sink has counted since its last reset; sizes in bytes, times in seconds."""

    requests: int
    ok: int
    failed: int
    dropped: int
    broken: int
    bytes: int
    max_body: int
    median_body: int
    unique: int
    duplicates: int
    connections: int
    handshakes: int
    open: int
    max_open: int
    max_in_flight: int
    span: float
    cpu: float


def build() -> Path:
    """Compile the sink when its source is newer than its binary; return the binary's path."""
    changed = max(path.stat().st_mtime for path in (*SOURCES, *HERE.glob("*.h")))
    if BINARY.exists() and BINARY.stat().st_mtime >= changed:
        return BINARY
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        raise SystemExit(f"benchmarks: {NEEDS}, and Linux")
    # Under a name of its own first: another process may be starting or building it right now.
    fresh = BINARY.with_name(f"sink-{os.getpid()}")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(fresh), *map(str, SOURCES)]
    done = subprocess.run(
        [*command, "-lssl", "-lcrypto"], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"benchmarks: {NEEDS}\n{done.stderr.strip()}")
    fresh.replace(BINARY)
    return BINARY


def pinned(cpu: int | None) -> list[str]:
    """Return the words that put a command on one CPU, or none where that cannot be had."""
    if cpu is None or shutil.which("taskset") is None:
        return []
    return ["taskset", "-c", str(cpu)]


class Sink:
    """One running sink; a context manager. It ends with its owner, whatever happens to that."""

    def __init__(self, cpu: int | None = None) -> None:
        self._cpu = cpu
        self._folder = tempfile.TemporaryDirectory(prefix="ferryman-bench-")
        self.ca = Path(self._folder.name) / "ca.pem"
        self.port = 0

    @property
    def url(self) -> str:
        """Return the origin that contenders talk to."""
        return f"https://localhost:{self.port}"

    def __enter__(self) -> Self:
        binary = build()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca)
        leaf = authority.issue_cert("localhost", "127.0.0.1")
        chain, key = self.ca.with_name("leaf.pem"), self.ca.with_name("leaf.key")
        leaf.cert_chain_pems[0].write_to_path(chain)
        leaf.private_key_pem.write_to_path(key)
        self._process = subprocess.Popen(
            [*pinned(self._cpu), str(binary), "--cert", str(chain), "--key", str(key)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(json.loads(self._line())["port"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("benchmarks: the sink has ended by itself")
        return line

    def command(self, verb: str, **options: float) -> Counts:
        """Send one command (see the head of sink.c); return the counters after it."""
        words = [verb, *(f"{name}={value:g}" for name, value in options.items())]
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._line(), type=Counts)

    def reset(self, **behaviour: float) -> None:
        """Forget all that was counted and behave as told."""
        self.command("reset")
        self.command("set", **behaviour)

    def down(self, ms: float = 3_600_000) -> None:
        """Reset every connection and refuse new ones for *ms* milliseconds, or until :meth:`up`."""
        self.command("down", ms=ms)

    def up(self) -> None:
        """Listen again at once."""
        self.command("up")

    def counts(self) -> Counts:
        """Return the counters."""
        return self.command("stats")
