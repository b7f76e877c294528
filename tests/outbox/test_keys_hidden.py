"""Keys that are given in Python stand in clear in no frame of ours when opening fails."""

import asyncio
import sys
import traceback
from pathlib import Path

import apsw
import pytest

import ferryman
from ferryman import Account, AsyncOutbox, Outbox, Settings
from ferryman._core.outbox_keys import new_outbox_key
from ferryman.outbox.stores import open_store
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sealed import Sealed

OURS = str(Path(ferryman.__file__).parent)
ACCOUNT = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
KEY = str(new_outbox_key(bytes(range(48))))
OTHER = str(new_outbox_key(bytes(range(50, 98)), KEY))
STRANGE = str(new_outbox_key(bytes(range(100, 148))))
CLEAR = [part for key in (KEY, OTHER, STRANGE) for part in key.removeprefix("ferryman_").split(".")]


def variables_of(error):
    """Return the values of all variables in the frames of ours that *error* went through."""
    found = []
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith(OURS):
                found += frame.f_locals.values()
        error = error.__cause__ or error.__context__
    return found


def shown(error):
    """Return what an error tracker shows of them and has a part of a key in it."""
    told = []
    for value in variables_of(error):
        try:
            told.append(repr(value))
        except Exception:  # an object whose making failed
            told.append(type(value).__name__)
    assert told
    return [text for text in told if any(part in text for part in CLEAR)]


def texts_in(error):
    """Return the plain texts of keys among the variables of our frames, and within them."""
    found = []
    for value in variables_of(error):
        inner = [*value.values()] if isinstance(value, dict) else value
        listed = list(inner) if isinstance(inner, list | tuple | set) else [inner]
        found += [each for each in listed if type(each) in (str, bytes)]
    return [text for text in found if any(part in str(text) for part in CLEAR)]


def broken(error):
    raise error


GIVEN = {
    "a text": KEY,
    "texts": [KEY, OTHER],
    "a generator": (key for key in (KEY, OTHER)),
}
WRONG = {
    "a second key that is none": f"{KEY},{OTHER}x",
    "keys of two outboxes": [KEY, STRANGE],
    "a key twice": (KEY, KEY),
    "bytes": KEY.encode(),
    "a list of bytes": [KEY, OTHER.encode()],
    "half a key": KEY[:-3],
    "a mapping": {KEY + "x": 1},
    "an iterator that fails": (key if key is KEY else broken(OSError("away")) for key in (KEY, "")),
}


@pytest.fixture
def waiting(tmp_path):
    """A file in which something waits that was sealed with another key."""
    with Outbox(
        f"sqlite:///{tmp_path}/spool.db", ACCOUNT, relay="external", keys=STRANGE
    ) as outbox:
        outbox.track("1", "said")
    return f"sqlite:///{tmp_path}/spool.db"


def places(tmp_path, waiting):
    """Return ways to open an outbox that fail, each with right keys."""
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"SQLite format 3\0" + bytes(5_000))
    plain = f"sqlite:///{tmp_path}/plain.db"
    with Outbox(plain, ACCOUNT, relay="external") as outbox:
        outbox.track("1", "said")
    newer = f"sqlite:///{tmp_path}/newer.db"
    with Outbox(newer, ACCOUNT, relay="external"):
        pass
    apsw.Connection(str(tmp_path / "newer.db")).execute("PRAGMA user_version = 99")
    yield "no folder", "sqlite:////no/folder/x.db", {}
    yield "no place", "postgres://x", {}
    yield "no file", f"sqlite:///{tmp_path}", {}
    yield "damaged", f"sqlite:///{damaged}", {}
    yield "another format", newer, {}
    yield "another workspace", plain, {"workspace": "other"}
    yield "another key", waiting, {}
    yield "a bound", plain, {"max_bytes": 0}
    yield "a level", plain, {"level": "memory"}
    yield "mode off", plain, {"mode": "off"}


def opened(place, keys, options):
    Outbox(place, ACCOUNT, keys=keys, **options).track("1", "said")


def opened_async(place, keys, options):
    async def open_it():
        AsyncOutbox(place, ACCOUNT, keys=keys, **options)

    asyncio.run(open_it())


def opened_by_settings(place, keys, options):
    Settings(site_id="s", track_api_key="k", outbox=place).open_outbox(keys=keys, **options)


def opened_by_settings_async(place, keys, options):
    Settings(site_id="s", track_api_key="k", outbox=place).open_async_outbox(keys=keys, **options)


def set_in_settings(place, keys, options):
    text = keys if isinstance(keys, str) else ",".join(keys)
    Settings(site_id="s", track_api_key="k", outbox=place, outbox_keys=text).open_outbox(**options)


WAYS = [opened, opened_async, opened_by_settings, opened_by_settings_async, set_in_settings]


def failing(way, *given):
    """Return the error that *way* to open an outbox ends in."""
    try:
        way(*given)
    except Exception as error:
        return error
    pytest.fail("it opened")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("keys", [KEY, [KEY, OTHER]], ids=["a text", "a list"])
def test_a_place_that_cannot_be_opened_shows_no_key(tmp_path, waiting, way, keys):
    """Whatever is wrong with the place or the options, no frame of ours holds a key in clear."""
    seen = {}
    for name, place, options in places(tmp_path, waiting):
        try:
            way(place, keys, options)
        except Exception as error:
            seen[name] = (shown(error), texts_in(error))

    assert len(seen) >= 9
    assert {name: each for name, each in seen.items() if each != ([], [])} == {}


@pytest.mark.parametrize("way", [opened, opened_async, opened_by_settings])
@pytest.mark.parametrize("keys", WRONG.values(), ids=WRONG)
def test_keys_that_are_none_are_not_shown(tmp_path, way, keys):
    """A list with one slip shows neither the slip nor the keys beside it."""
    keys = list(keys) if isinstance(keys, dict) else keys
    error = failing(way, f"sqlite:///{tmp_path}/spool.db", keys, {})

    assert shown(error) == []
    assert texts_in(error) == []


def test_without_the_cipher_no_key_is_shown(tmp_path, monkeypatch):
    """An extra that is not installed is told without them."""
    monkeypatch.setitem(sys.modules, "ferryman.outbox.stores.sealed", None)
    error = failing(opened, f"sqlite:///{tmp_path}/spool.db", KEY, {})

    assert "pip install" in str(error)
    assert shown(error) == []


def test_stores_show_no_key():
    """Nor do the functions under an outbox, which a program may call itself."""
    store = MemoryStore()
    for keys in (f"{KEY},x", [KEY, STRANGE]):
        for open_ in (
            lambda keys=keys: open_store(store, workspace="w", keys=keys),
            lambda keys=keys: Sealed(store, keys),
        ):
            error = failing(open_)

            assert shown(error) == []
            assert texts_in(error) == []


@pytest.mark.parametrize("keys", GIVEN.values(), ids=GIVEN)
def test_keys_in_every_form_open_an_outbox(tmp_path, keys):
    """Masking changes nothing of what they do."""
    place = f"sqlite:///{tmp_path}/spool.db"
    with Outbox(place, ACCOUNT, relay="external", keys=keys) as outbox:
        outbox.track("1", "said")

    with Outbox(place, ACCOUNT, relay="external", keys=[OTHER, KEY]) as outbox:
        assert outbox.stats().pending == 1
