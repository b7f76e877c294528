"""Break each rule of delivery once, and see that the test which guards it fails.

    make mutants                        every patch of tests/mutants
    make mutants ARGS=power             those whose name contains "power"
    make mutants ARGS="--quick --json"  those that take seconds, as JSON

A patch opens with its header: the `# rule:` it breaks, a `# noticed-by:` line for each test that
must fail under it, and `# quick` where that takes no more than some five seconds. Nothing is
changed in the working tree: copies of it are patched. Exits 1 when a test fails without a patch,
a patch no longer applies, or nobody notices one.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "tests" / "mutants"
AT_ONCE = 2
LONGEST = 300
"""Seconds after which a test is hung."""
# What pytest's exit codes say of a test under a patch; any other says that it could not be run.
NOTICED = {0: "no", 1: "yes"}


@dataclass(frozen=True)
class Mutant:
    """A patch that breaks one rule, and the tests that must notice it."""

    path: Path
    rule: str
    noticed_by: tuple[str, ...]
    quick: bool

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True)
class Row:
    """What came of one mutant; ``noticed`` is yes, or what is wrong."""

    patch: str
    rule: str
    noticed_by: tuple[str, ...]
    seconds: float
    noticed: str


def mutants(folder: Path = MUTANTS) -> list[Mutant]:
    """Return every mutant of *folder*, by name."""
    return [_read(path) for path in sorted(folder.glob("*.patch"))]


def _read(path: Path) -> Mutant:
    header = path.read_text().partition("\ndiff --git")[0]
    rules = re.findall(r"^# rule: (.+)$", header, re.MULTILINE)
    tests = re.findall(r"^# noticed-by: (\S+)$", header, re.MULTILINE)
    if len(rules) != 1 or not tests:
        raise SystemExit(f"mutants: {path.name} must name one rule, and who notices it")
    return Mutant(path, rules[0], tuple(tests), "\n# quick" in header)


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


def _pytest(tree: Path, *arguments: str) -> tuple[int | None, str]:
    """Run pytest in *tree*; return its exit code, None when it hung, and what it said."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree / "src"),  # goes before the installed ferryman
        "CI": "1",  # hypothesis tries the same examples each time
        "FERRYMAN_NO_SKIP": "",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "", *arguments]
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]
    return process.returncode, out


def _try(mutant: Mutant, plain: Path) -> Row:
    """Run the tests of *mutant* in a patched copy of *plain*."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=plain.parent) as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(plain, tree)
        noticed = _verdict(mutant, tree)
    seconds = round(time.monotonic() - start, 1)
    return Row(mutant.name, mutant.rule, mutant.noticed_by, seconds, noticed)


def _verdict(mutant: Mutant, tree: Path) -> str:
    applied = subprocess.run(
        ["git", "apply", str(mutant.path)], cwd=tree, capture_output=True, text=True, check=False
    )
    if applied.returncode:
        return "the patch does not apply"
    for test in mutant.noticed_by:
        code, _ = _pytest(tree, "-x", test)
        word = "hangs" if code is None else NOTICED.get(code, "cannot be run")
        if word != "yes":
            return word if len(mutant.noticed_by) == 1 else f"{word}: {test}"
    return "yes"


def _rows(chosen: Sequence[Mutant], plain: Path) -> Iterator[Row]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in as_completed([pool.submit(_try, mutant, plain) for mutant in chosen]):
            yield done.result()


def _table(rows: Sequence[Row]) -> Iterator[str]:
    wide = max(len(row.patch) for row in rows)
    rules = max(len(row.rule) for row in rows)
    yield f"{'patch':{wide}}  {'rule':{rules}}  {'s':>5}  noticed"
    for row in rows:
        yield f"{row.patch:{wide}}  {row.rule:{rules}}  {row.seconds:5.1f}  {row.noticed}"
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
    parser.add_argument("names", nargs="*", help="parts of names of patches; all without")
    parser.add_argument("--quick", action="store_true", help="only those that take seconds")
    parser.add_argument("--json", action="store_true", help="print JSON rather than a table")
    given = parser.parse_args(arguments)
    chosen = [
        mutant
        for mutant in mutants()
        if (mutant.quick or not given.quick)
        and (not given.names or any(name in mutant.name for name in given.names))
    ]
    if not chosen:
        parser.error("no patch of tests/mutants has such a name")

    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ferryman-mutants-") as folder:
        plain = Path(folder) / "plain"
        _copy_tree(plain)
        if (ROOT.parent / "shared").is_dir():  # tests look for it beside the tree
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        tests = sorted({test for mutant in chosen for test in mutant.noticed_by})
        _say(f"{len(tests)} tests without a patch")
        code, out = _pytest(plain, "-n", str(AT_ONCE), *tests)
        if code != 0:
            print(out, "mutants: without any patch these tests must pass", sep="\n")
            return 1
        for row in _rows(chosen, plain):
            rows.append(row)
            _say(f"{len(rows)} of {len(chosen)}: {row.patch}")
    _say("")

    rows.sort(key=lambda row: row.patch)
    missed = [row for row in rows if row.noticed != "yes"]
    if given.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print(*_table(rows), sep="\n")
        print(f"{len(rows) - len(missed)} of {len(rows)} mutants were noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
