"""Who may speak: the credentials of the emulated workspaces, and the check of a request's.

Missing credentials, a wrong scheme and a wrong secret are one and the same 401 at Customer.io.
Pure.
"""

import base64
import binascii
import hmac
from typing import Final, Literal

import msgspec

Api = Literal["track", "pipelines", "app"]


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """The credentials of one emulated workspace; made up, so they may be shown."""

    name: str = "emulator"
    site_id: str = "emulator-site"
    track_api_key: str = "emulator-key"
    app_api_key: str = "emulator-app"
    write_key: str = "emulator-write"
    private_key: str = "sk_us_emulatoremulatoremulatoremulator_local0"
    environment_id: int = 1


DEFAULT_WORKSPACE: Final = Workspace()


def admits(workspace: Workspace, api: Api, authorization: str) -> bool:
    """Tell whether *authorization*, the header's value, opens *api* of *workspace*."""
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "bearer":
        # Of the public and private keys of October 2026 a server holds the private one, which
        # works with every API.
        own = api == "app" and _same(credentials, workspace.app_api_key)
        return _same(credentials, workspace.private_key) or own
    if scheme.lower() != "basic" or api == "app":
        return False
    try:
        user, colon, password = base64.b64decode(credentials, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    if not colon:
        return False
    if api == "track":
        wanted = workspace.site_id, workspace.track_api_key
    else:
        wanted = workspace.write_key, ""
    return _same(user, wanted[0]) and _same(password, wanted[1])


def _same(given: str | bytes, wanted: str) -> bool:
    raw = given if isinstance(given, bytes) else given.encode("utf-8", "surrogateescape")
    return hmac.compare_digest(raw, wanted.encode())
