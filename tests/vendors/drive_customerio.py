"""Says everything that the vendor's `customerio` can say to Track.

`drive_customerio.py ORIGIN SITE KEY`, in an environment of its own, so it imports nothing of
ours. Prints one JSON object: what became of each step, "ok" or the error's text.
"""

import json
import sys
from datetime import UTC, datetime

from customerio import CustomerIO

ORIGIN, SITE, KEY = sys.argv[1:4]
HOST, _, PORT = ORIGIN.removeprefix("https://").partition(":")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

results: dict[str, str] = {}
cio = CustomerIO(SITE, KEY, host=HOST, port=int(PORT))
stranger = CustomerIO(SITE, "not-the-key", host=HOST, port=int(PORT))


def step(name, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except Exception as error:
        results[name] = str(error)
    else:
        results[name] = "ok"


step("identify", cio.identify, "py-1", email="py-1@example.com", plan="gold", created_at=NOON)
step("identify again", cio.identify, "py-1", plan="silver", seats=3)
order = ("py-1", "order_completed", {"total": 12.5, "lines": [{"sku": "A"}], "at": NOON})
step("track", cio.track, *order, id="01J00000000000000000000001", timestamp=NOON)
step("track repeated", cio.track, *order, id="01J00000000000000000000001", timestamp=NOON)
step("pageview", cio.pageview, "py-1", "/pricing", referrer="search")
step("backfill", cio.backfill, "py-1", "joined", 1_700_000_000, via="invitation")
step("track_anonymous", cio.track_anonymous, "py-anon", "looked", {"at": "shoes"})
step("identify anonymous", cio.identify, "py-6", anonymous_id="py-anon")
step("add_device", cio.add_device, "py-1", "token-1", "ios", last_used=1_700_000_000)
step("add_device other", cio.add_device, "py-1", "token-2", "android")
step("delete_device", cio.delete_device, "py-1", "token-2")

step("identify suppressed", cio.identify, "py-2", plan="gold")
step("suppress", cio.suppress, "py-2")
step("identify while suppressed", cio.identify, "py-2", plan="gold")
step("identify unsuppressed", cio.identify, "py-3", plan="gold")
step("suppress other", cio.suppress, "py-3")
step("unsuppress", cio.unsuppress, "py-3")
step("identify after unsuppress", cio.identify, "py-3", plan="bronze")

step("identify secondary", cio.identify, "py-4", nickname="four")
step("track secondary", cio.track, "py-4", "waved")
step("merge_customers", cio.merge_customers, "id", "py-1", "id", "py-4")
step("identify deleted", cio.identify, "py-5", plan="gold")
step("delete", cio.delete, "py-5")
step("identify awkward id", cio.identify, "py/7 + 8?&#%2Fé", plan="odd")

step(
    "batch",
    cio.batch,
    [
        {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": "py-9"},
            "attributes": {"plan": "batch"},
        },
        {
            "type": "person",
            "action": "event",
            "identifiers": {"id": "py-9"},
            "name": "batched",
            "attributes": {"n": 1},
        },
        {
            "type": "object",
            "action": "identify",
            "identifiers": {"object_type_id": "1", "object_id": "py-acme"},
            "attributes": {"name": "Acme"},
            "cio_relationships": [{"identifiers": {"id": "py-9"}}],
        },
    ],
)
step("wrong key", stranger.identify, "py-stranger", plan="none")

print(json.dumps(results))
