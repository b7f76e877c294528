"""The emulator's certificate authority: made once, kept, and bundled with the system's roots.

The vendor's Python client speaks https only. A client that is told to trust the bundle trusts
this authority besides, not instead of, what it trusted before.
"""

import os
import ssl
import stat
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import trustme

NAMES: Final = ("localhost", "127.0.0.1", "::1")
VALID: Final = timedelta(days=397)  # what browsers accept at most
RENEWED: Final = timedelta(days=30)

# Where systems keep their roots, after what OpenSSL itself was built to read.
ROOTS: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class Authority(msgspec.Struct, frozen=True):
    """The files of an authority: the server's chain and key, and the bundle clients trust."""

    chain: Path
    key: Path
    bundle: Path


def default_directory() -> Path:
    """Return the directory of the current user's authority: a cache, kept between runs."""
    caches = {"darwin": "Library/Caches", "win32": "AppData/Local"}.get(sys.platform, ".cache")
    return Path.home() / caches / "ferryman" / "emulator"


def prepare(directory: Path, names: tuple[str, ...] = NAMES, *, now: datetime) -> Authority:
    """Return the authority kept in *directory*, made if it is missing, old, or lacks a name.

    The directory is made with mode 0700, the key with 0600. Raises OSError when it cannot be
    written or belongs to somebody else.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_owner(directory)
    authority = Authority(
        directory / "server.pem", directory / "server-key.pem", directory / "bundle.pem"
    )
    root = directory / "authority.pem"
    named = directory / "names"
    if not _usable(authority, root, named, names, now):
        _make(authority, root, named, names, now)
    # Written anew each time: the system's roots change.
    _write(authority.bundle, _system_roots(authority.bundle) + root.read_bytes(), 0o644)
    return authority


def _check_owner(directory: Path) -> None:
    if not hasattr(os, "getuid"):
        return
    found = directory.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("The directory of the authority must be writable by its owner only")


def _usable(
    authority: Authority, root: Path, names_file: Path, names: tuple[str, ...], now: datetime
) -> bool:
    try:
        named, _, until = names_file.read_text().partition("\n")
        fresh = datetime.fromisoformat(until.strip()) > now + RENEWED
        whole = all(path.stat().st_size for path in (authority.chain, authority.key, root))
    except (OSError, ValueError):
        return False
    return fresh and whole and named == " ".join(names)


def _make(
    authority: Authority, root: Path, names_file: Path, names: tuple[str, ...], now: datetime
) -> None:
    until = now + VALID
    ca = trustme.CA(organization_name="ferryman emulator", key_type=trustme.KeyType.ECDSA)
    server = ca.issue_cert(*names, not_after=until, key_type=trustme.KeyType.ECDSA)
    # The authority's own key is never written: nobody can sign anything else with it.
    _write(authority.key, server.private_key_pem.bytes(), 0o600)
    _write(authority.chain, b"".join(blob.bytes() for blob in server.cert_chain_pems), 0o644)
    _write(root, ca.cert_pem.bytes(), 0o644)
    _write(names_file, f"{' '.join(names)}\n{until.isoformat()}\n".encode(), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    # Whole or not at all, also for an emulator that starts at the same moment.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _system_roots(bundle: Path) -> bytes:
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, paths.openssl_cafile, *ROOTS):
        # SSL_CERT_FILE may name our bundle from the last run: that one grows by itself.
        if path is None or Path(path).absolute() == bundle.absolute():
            continue
        try:
            content = Path(path).read_bytes()
        except OSError:
            continue
        if b"BEGIN CERTIFICATE" in content:
            return content.rstrip(b"\n") + b"\n"
    # Systems that keep no such file (macOS, Windows) still hand out what they trust.
    held = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(ssl.DER_cert_to_PEM_cert(each) for each in held).encode()
