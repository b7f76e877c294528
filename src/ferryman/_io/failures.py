"""What an exception of the HTTP library says about the request: never sent, or nobody knows."""

import httpx2

from ferryman._core.message import NoReply

# Raised before a byte of the request left: the connection was never there.
NOT_SENT: tuple[type[Exception], ...] = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
ANY: tuple[type[Exception], ...] = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)
TOO_LONG = "the answer took too long"


def no_reply(error: Exception) -> NoReply:
    """Return the failure as a value; its reason names the kind and quotes nothing."""
    return NoReply(False if isinstance(error, NOT_SENT) else None, type(error).__name__)
