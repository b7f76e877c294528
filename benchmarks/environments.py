"""Builds the environments of the peers under `benchmarks/peers/`, apart from ours and each other's.

`customerio` and `customerio-cdp-analytics` overwrite each other, and none of them belongs beside
ferryman. Each is pinned with hashes in `requirements/` (the Node one in `node/`), built when it is
first wanted and again when its pins change.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE / "peers"
PATIENCE_S = 300


class Absent(Exception):
    """The machine lacks what a peer is built from; the text says what."""


def python(name: str) -> Path:
    """Return the interpreter of the peer pinned by `requirements/{name}.txt`."""
    pins = HERE / "requirements" / f"{name}.txt"
    home = HOME / name
    _when_changed(home, [pins], lambda: _build_python(home, pins))
    return home / "bin" / "python"


def node() -> Path:
    """Return the folder that holds the `node_modules` pinned by `node/package-lock.json`."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise Absent(f"no {tool} on this machine")
    home = HOME / "node"
    manifests = [HERE / "node" / "package.json", HERE / "node" / "package-lock.json"]
    _when_changed(home, manifests, lambda: _build_node(home, manifests))
    return home


def _when_changed(home: Path, pins: list[Path], build: Callable[[], None]) -> None:
    content = b"".join(pin.read_bytes() for pin in pins) + sys.version.encode()
    wanted = hashlib.sha256(content).hexdigest()
    stamp = home / ".pins"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"building {home.name} ...", file=sys.stderr, flush=True)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    build()
    stamp.write_text(wanted)


def _build_python(home: Path, pins: Path) -> None:
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(home)])
        install = [uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python")]
    else:
        _run([sys.executable, "-m", "venv", str(home)])
        install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run([*install, "--require-hashes", "-r", str(pins)])


def _build_node(home: Path, manifests: list[Path]) -> None:
    home.mkdir(parents=True)
    for manifest in manifests:
        shutil.copy(manifest, home)
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home)


def _run(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "VIRTUAL_ENV": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise Absent(f"{Path(command[0]).name} could not build it: {' '.join(last)}")
