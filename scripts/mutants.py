"""Break each rule of delivery once, and see that the test which guards it fails.

    make mutants                        every mutant of tests/mutants
    make mutants ARGS=power             those whose name contains "power"
    make mutants ARGS="--rule 9"        those that break rule 9
    make mutants ARGS="--quick --json"  those that take seconds, as JSON

scripts/mutation.py tells how a mutant is written. Nothing is changed in the working tree: copies of
it are. Each test runs in a fork of a process that has pytest and the libraries loaded already.
Exits 1 when a test fails without a mutant, a mutant no longer applies, or a test does not fail
under its mutant.
"""

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

import pytest
from mutation import Mutant, Unfit, apply, read, source

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "tests" / "mutants"
AT_ONCE = 2
LONGEST = 300
"""Seconds after which a test is hung."""
LIBRARIES = ("apsw", "httpx2", "hypothesis", "msgspec", "orjson")
"""What most tests import beside ferryman."""
FORK = multiprocessing.get_context("fork")
# What pytest's exit codes say of a test under a mutant; any other says that it could not be run.
NOTICED = {0: "no", 1: "yes"}


@dataclass(frozen=True)
class Row:
    """What came of one mutant; ``noticed`` is yes, or what is wrong."""

    mutant: str
    rule: str
    noticed_by: tuple[str, ...]
    seconds: float
    noticed: str


def mutants(folder: Path = MUTANTS) -> list[Mutant]:
    """Return every mutant of *folder*, by name; raise Unfit."""
    return [read(path) for path in sorted(folder.glob("*.mutant"))]


def _copy_tree(into: Path) -> None:
    """Copy what is in the working tree and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():  # not one that was just removed
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)


def _warm(folder: Path) -> None:
    """Load pytest, its plugins and the libraries: each fork finds them loaded."""
    os.environ["CI"] = "1"  # hypothesis tries the same examples each time
    os.environ["FERRYMAN_NO_SKIP"] = ""
    empty = folder / "warm.py"
    empty.write_text(f"import {', '.join(LIBRARIES)}\n")
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["-q", "-p", "no:cacheprovider", f"--rootdir={folder}", str(empty)])


def _pytest(tree: Path, *arguments: str) -> int | None:
    """Run pytest in *tree*, where its output is kept; return its exit code, None when it hung."""
    process = FORK.Process(target=_in_fork, args=(tree, arguments))
    process.start()
    assert process.pid is not None
    try:
        process.join(LONGEST)
        return process.exitcode
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what the test has left behind goes too
        process.join()


def _in_fork(tree: Path, arguments: Sequence[str]) -> None:
    os.setsid()
    out = os.open(tree.with_suffix(".out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree / "src")  # goes before the installed ferryman
    sys.path[:1] = [str(tree), str(tree / "src")]
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-m", "", *arguments]))


def _try(mutant: Mutant, plain: Path) -> Row:
    """Run the tests of *mutant* in a copy of *plain* that it was applied to."""
    start = time.monotonic()
    tree = _own_copy(plain)
    try:
        changed = apply(mutant, source(plain / "src"))
    except Unfit as error:
        return Row(mutant.name, mutant.rule, mutant.noticed_by, 0, f"does not apply: {error}")
    for path, text in changed.items():
        (tree / "src" / path).write_text(text)
        # A time of its own, so that Python takes nothing for its compiled form.
        moment = crc32(text.encode())
        os.utime(tree / "src" / path, (moment, moment))
    noticed = _verdict(mutant, tree)
    for path in changed:
        shutil.copy2(plain / "src" / path, tree / "src" / path)
    seconds = round(time.monotonic() - start, 1)
    return Row(mutant.name, mutant.rule, mutant.noticed_by, seconds, noticed)


@cache
def _own_copy(plain: Path) -> Path:
    """Return the copy of *plain* that this process changes."""
    return Path(shutil.copytree(plain, plain.parent / str(os.getpid())))


def _verdict(mutant: Mutant, tree: Path) -> str:
    for test in mutant.noticed_by:
        code = _pytest(tree, "-x", test)
        word = "hangs" if code is None else NOTICED.get(code, "cannot be run")
        if word != "yes":
            return word if len(mutant.noticed_by) == 1 else f"{word}: {test}"
    return "yes"


def _rows(chosen: Sequence[Mutant], plain: Path) -> Iterator[Row]:
    with ProcessPoolExecutor(AT_ONCE, mp_context=FORK) as pool:
        for done in as_completed([pool.submit(_try, mutant, plain) for mutant in chosen]):
            yield done.result()


def _table(rows: Sequence[Row]) -> Iterator[str]:
    wide = max(len(row.mutant) for row in rows)
    rules = max(len(row.rule) for row in rows)
    yield f"{'mutant':{wide}}  {'rule':{rules}}  {'s':>5}  noticed"
    for row in rows:
        yield f"{row.mutant:{wide}}  {row.rule:{rules}}  {row.seconds:5.1f}  {row.noticed}"
        for test in row.noticed_by:
            yield f"{'':{wide}}    by {test.removeprefix('tests/')}"


def _say(text: str) -> None:
    """Show how far it is, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the chosen mutants; return the exit code."""
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="make mutants", description=about)
    parser.add_argument("names", nargs="*", help="parts of names of mutants; all without")
    parser.add_argument("--rule", metavar="NUMBER", help="only those that break this rule")
    parser.add_argument("--quick", action="store_true", help="only those that take seconds")
    parser.add_argument("--json", action="store_true", help="print JSON rather than a table")
    given = parser.parse_args(arguments)
    chosen = [
        mutant
        for mutant in mutants()
        if (mutant.quick or not given.quick)
        and (given.rule is None or given.rule in mutant.rules)
        and (not given.names or any(name in mutant.name for name in given.names))
    ]
    if not chosen:
        parser.error("tests/mutants has no such mutant")

    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ferryman-mutants-") as folder:
        _warm(Path(folder))
        plain = Path(folder) / "plain"
        _copy_tree(plain)
        if (ROOT.parent / "shared").is_dir():  # tests look for it beside the tree
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        tests = sorted({test for mutant in chosen for test in mutant.noticed_by})
        _say(f"{len(tests)} tests without a mutant")
        spread = ["-n", str(AT_ONCE)] if len(tests) > 4 * AT_ONCE else []
        if _pytest(plain, *spread, *tests) != 0:
            print(plain.with_suffix(".out").read_text())
            print("mutants: without any mutant these tests must pass")
            return 1
        for row in _rows(chosen, plain):
            rows.append(row)
            _say(f"{len(rows)} of {len(chosen)}: {row.mutant}")
    _say("")

    rows.sort(key=lambda row: row.mutant)
    missed = [row for row in rows if row.noticed != "yes"]
    if given.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print(*_table(rows), sep="\n")
        print(f"{len(rows) - len(missed)} of {len(rows)} mutants were noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
