"""What the server around the process must be told for an outbox to work in it. Knows no outbox.

uWSGI forks in C, and by default neither calls Python's hooks in the child nor lets threads run:
its options say whether it does (delivery rule 30).
"""

import sys
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

_OFF = (None, False, b"", b"0", b"false", b"no", b"off")


def check_host(modules: Mapping[str, ModuleType] = sys.modules) -> None:
    """Warn, with the options to add, where uWSGI starts no threads or hides its forks."""
    options: Mapping[Any, Any] | None = getattr(modules.get("uwsgi"), "opt", None)
    if options is None:
        return
    given = {_text(name) for name, value in options.items() if value not in _OFF}
    lacking: list[str] = []
    if not given & {"enable-threads", "threads", "gevent"}:
        lacking.append("enable-threads")
    # Without a master or with lazy-apps the application is loaded after the fork.
    if "master" in given and not given & {"lazy-apps", "lazy", "py-call-uwsgi-fork-hooks"}:
        lacking.append("py-call-uwsgi-fork-hooks")
    if lacking:
        warnings.warn(
            f"uWSGI lacks {' and '.join(f'--{name}' for name in lacking)}: without, its workers"
            " may deliver nothing",
            RuntimeWarning,
            stacklevel=3,
        )


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
