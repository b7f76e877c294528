"""What a relay's thread imports while somebody forks is locked for ever in the child (rule 30)."""

import json
import subprocess
import sys

from ferryman.emulator import DEFAULT_WORKSPACE as KEYS
from ferryman.emulator import Emulator

SCENE = """
import builtins, json, sys, threading
real, late = builtins.__import__, []

def spy(name, *given, **named):
    before = set(sys.modules)
    found = real(name, *given, **named)
    if threading.current_thread() is not threading.main_thread():
        late.extend(set(sys.modules) - before)
    return found

builtins.__import__ = spy
from ferryman import Account, Outbox

site, key, url = sys.argv[1:]
account = Account(site_id=site, track_api_key=key, track_url=url)
with Outbox("memory:", account) as outbox:
    outbox.track("1", "said")
    outbox.flush(20)
print(json.dumps(sorted(set(late))))
"""


def test_the_relay_imports_nothing():
    """All that sending needs was imported before its thread began."""
    with Emulator() as emulator:
        done = subprocess.run(
            [sys.executable, "-c", SCENE, KEYS.site_id, KEYS.track_api_key, emulator.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    assert json.loads(done.stdout) == []
