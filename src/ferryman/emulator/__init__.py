"""The emulator: a local server that answers as Customer.io does.

Starlette and uvicorn carry it, `world` decides what holds, `answering` what is answered. It
imports neither the client nor the outbox, so that it can catch their mistakes.
"""

from ferryman.emulator.access import DEFAULT_WORKSPACE, Workspace
from ferryman.emulator.serve import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_TLS_PORT,
    Emulator,
    Ready,
    env_block,
    serve,
)

__all__ = [
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "DEFAULT_TLS_PORT",
    "DEFAULT_WORKSPACE",
    "Emulator",
    "Ready",
    "Workspace",
    "env_block",
    "serve",
]
