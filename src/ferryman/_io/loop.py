"""Which event loop is running: the key by which loops keep their own connections."""

from typing import Any

import anyio.lowlevel


def current_loop() -> Any | None:
    """Return the running event loop (asyncio) or its token (trio), None outside of one."""
    try:
        token = anyio.lowlevel.current_token()
    except Exception:  # asked outside of a loop, each anyio version raises its own
        return None
    return getattr(token, "native_token", token)
