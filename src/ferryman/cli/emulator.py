"""`ferryman emulator`: a Customer.io of one's own, until stopped."""

from typing import Annotated

from cyclopts import Parameter

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


def run_emulator(
    *,
    host: Annotated[str, Parameter(help="The address to listen on.")] = DEFAULT_HOST,
    port: Annotated[int, Parameter(help="The port of http; 0 picks a free one.")] = DEFAULT_PORT,
    tls_port: Annotated[
        int, Parameter(help="The port of https; 0 picks a free one.")
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
        out.complain(f"The emulator cannot start: {error.strerror or error}")
        return INCOMPLETE
    return DONE


def _print(where: Ready) -> None:
    out.say(f"The emulator answers as Customer.io does. Look at {where.url}/emulator/", "bold")
    out.say(f"With TLS it is at {where.tls_url}. Ctrl-C stops it.")
    out.say("Paste this where your application runs:")
    out.say()
    out.say(env_block(where).rstrip())
