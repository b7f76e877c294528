"""Makes the calls of the vendor's `customerio` that standard input lists, in order.

`call_customerio.py ORIGIN SITE KEY`; the list is JSON: `[[method, [arguments], {named}], ...]`.
Runs in an environment of its own. Prints how many calls were made.
"""

import json
import sys

from customerio import CustomerIO

ORIGIN, SITE, KEY = sys.argv[1:4]
HOST, _, PORT = ORIGIN.removeprefix("https://").partition(":")

calls = json.load(sys.stdin)
with CustomerIO(SITE, KEY, host=HOST, port=int(PORT)) as cio:
    for method, arguments, named in calls:
        getattr(cio, method)(*arguments, **named)

print(json.dumps({"calls": len(calls)}))
