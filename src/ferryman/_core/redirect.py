"""Where a redirect leads, and whether the credentials may come along (delivery rule 23).

Method and body are kept for all four statuses: turning a POST into a GET would report success
for an event that was lost. Pure.
"""

import re
from urllib.parse import urljoin, urlsplit

import msgspec

from .message import Reply, Request

REDIRECTS = frozenset({301, 302, 307, 308})
MAX_REDIRECTS = 5


_HOST = re.compile(r"[0-9a-z.-]+|\[[0-9a-f:.]+\]")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").rstrip("."), port


def _readable(url: str) -> bool:
    # User names, backslashes and the like are where two readers of one URL see two hosts.
    host, _, port = urlsplit(url).netloc.lower().rpartition(":")
    if not port.isdigit():
        host = urlsplit(url).netloc.lower()
    return bool(_HOST.fullmatch(host))


def _within_customerio(host: str) -> bool:
    return host == "customer.io" or host.endswith(".customer.io")


def follow(request: Request, reply: Reply) -> Request | None:
    """Return the request that *reply* redirects *request* to, or None when it leads nowhere.

    Credentials go to the same origin, or from customer.io to customer.io over https; to any
    other place the request goes without them. A step from https down to http leads nowhere, and
    so does an address with a user name in it.
    """
    location = reply.headers.get("location", "")
    if not location:
        return None
    try:
        url = urljoin(request.url, location)
        old, new = _origin(request.url), _origin(url)
    except ValueError:
        return None
    if new[0] not in ("http", "https") or (old[0] == "https" and new[0] == "http"):
        return None
    if not _readable(url):
        return None
    headers = dict(request.headers)
    kept = new == old or (
        new[0] == "https" and _within_customerio(old[1]) and _within_customerio(new[1])
    )
    if not kept:
        headers.pop("Authorization", None)
    return msgspec.structs.replace(request, url=url, headers=headers)
