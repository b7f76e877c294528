"""`ferryman emulator`: a Customer.io of one's own, until stopped."""

import errno
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.emulator import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_TLS_PORT,
    Ready,
    env_block,
    serve,
)

PORTS: Final = Number(gte=0, lte=65_535)


def run_emulator(
    *,
    host: Annotated[str, Parameter(help="The address to listen on.")] = DEFAULT_HOST,
    port: Annotated[
        int, Parameter(help="The port of http; 0 picks a free one.", validator=PORTS)
    ] = DEFAULT_PORT,
    tls_port: Annotated[
        int, Parameter(help="The port of https; 0 picks a free one.", validator=PORTS)
    ] = DEFAULT_TLS_PORT,
    data: Annotated[
        str | None, Parameter(help="A SQLite file that keeps the state; by default memory does.")
    ] = None,
    json: Annotated[
        bool, Parameter(help="Say where it is in one line of JSON.", show_default=False)
    ] = False,
) -> int:
    """Stand in for Customer.io on this machine, until stopped."""

    def ready(where: Ready) -> None:
        if json:
            out.emit(where)
        else:
            _print(where)

    try:
        serve(host=host, port=port, tls_port=tls_port, data=data, on_ready=ready)
    except OSError as error:
        out.complain(cannot_start(error, f"--port {port} or --tls-port {tls_port}"))
        return INCOMPLETE
    return DONE


def cannot_start(error: OSError, ports: str) -> str:
    """Say why the emulator did not start; *ports* are the options that were asked for."""
    if error.errno == errno.EADDRINUSE:
        return f"the emulator cannot start: {ports} is taken; choose another, or 0 for a free one"
    return f"the emulator cannot start: {error.strerror or error}"


def _print(where: Ready) -> None:
    out.say(f"The emulator runs. Look at {where.url}/emulator/", "bold")
    out.say(f"With TLS it is at {where.tls_url}. Ctrl-C stops it.")
    out.say("Paste this where your application runs:")
    out.say()
    out.say(env_block(where).rstrip())
