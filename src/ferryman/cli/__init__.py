"""The command line: parse, call, print. What reads files for an import lives here too.

Nothing is decided here that a program could not ask of the library. The parts are imported by
the command that needs them, so that `ferryman --help` is quick.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that *argv* (by default the process's) names; return its exit code."""
    if find_spec("cyclopts") is None or find_spec("rich") is None:
        print('The command line needs its extra: pip install "ferryman[cli]"', file=sys.stderr)
        return 2
    from ferryman.cli.app import run

    return run(sys.argv[1:] if argv is None else list(argv))
