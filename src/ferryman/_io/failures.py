"""What an exception of the HTTP library says about the request: never sent, or nobody knows."""

import httpx2

from ferryman._core.answer import MAX_ANSWER
from ferryman._core.message import NoReply

from .options import Http

# Raised before a byte of the request left: the connection was never there.
NOT_SENT: tuple[type[Exception], ...] = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
# ValueError: a status that is no number, a name that is no text; the library lets it through.
_ANY = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError)
TOO_LONG = "the answer took too long"
TOO_LARGE = f"the answer has more than {MAX_ANSWER >> 20} MiB"


def failures(http: Http) -> tuple[type[Exception], ...]:
    """Return what an exchange raises where no answer came of it."""
    if not http.http2:
        return _ANY
    from h2.exceptions import H2Error  # which the HTTP library does not always make its own

    return (*_ANY, H2Error)


def no_reply(error: Exception) -> NoReply:
    """Return the failure as a value; its reason names the kind and quotes nothing."""
    return NoReply(False if isinstance(error, NOT_SENT) else None, type(error).__name__)
