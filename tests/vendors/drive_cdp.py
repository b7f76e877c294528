"""Says everything that the vendor's `customerio-cdp-analytics` can say to Pipelines.

`drive_cdp.py ORIGIN WRITE_KEY PRIVATE_KEY`, in an environment of its own, so it imports nothing of
ours. Prints one JSON object: what became of each step, "ok" or the error's text.
"""

import json
import sys
from datetime import UTC, datetime

from customerio.analytics.client import Client

ORIGIN, WRITE_KEY, PRIVATE_KEY = sys.argv[1:4]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

results: dict[str, str] = {}


def client(key, step_name, **options):
    """A client whose background thread writes its errors where the test looks for them."""
    results[step_name] = "ok"

    def failed(error, items):
        results[step_name] = str(error)

    return Client(key, host=ORIGIN, on_error=failed, max_retries=1, **options)


cdp = client(WRITE_KEY, "queued")
cdp.identify("cdp-1", {"email": "cdp-1@example.com", "plan": "gold"}, timestamp=NOON)
cdp.identify("cdp-1", {"plan": "silver", "seats": 3}, timestamp=NOON)
for _ in range(2):
    cdp.track(
        "cdp-1", "order_completed", {"total": 12.5}, timestamp=NOON, message_id="cdp-message-1"
    )
cdp.page("cdp-1", "docs", "Pricing", {"url": "https://shop.example.com/pricing"})
cdp.screen("cdp-1", "app", "Basket", {"lines": 2})
cdp.track(anonymous_id="cdp-anon", event="looked", properties={"at": "shoes"})
cdp.group("cdp-1", "cdp-acme", {"name": "Acme", "objectTypeId": "1"})
cdp.identify("cdp-old", {"nickname": "old"})
cdp.alias("cdp-old", "cdp-1")
cdp.shutdown()

zipped = client(WRITE_KEY, "gzip", gzip=True)
zipped.identify("cdp-zip", {"plan": "gold"})
zipped.shutdown()

private = client(PRIVATE_KEY, "private key")
private.identify("cdp-private", {"plan": "gold"})
private.shutdown()

inline = Client(WRITE_KEY, host=ORIGIN, sync_mode=True)
inline.track("cdp-1", "inline", {"n": 1})
results["sync_mode"] = "ok"

stranger = client("not-the-key", "wrong key")
stranger.identify("cdp-stranger", {"plan": "none"})
stranger.shutdown()

print(json.dumps(results))
