"""Asks Customer.io now and returns the answer: Client blocks, AsyncClient is awaited.

No decision about Customer.io stands here: flows decide, drivers perform. track and identify are
written out in both colours (see operations/verbs.py); everything else is declared once.
"""

from ferryman.client.aio import AsyncClient
from ferryman.client.sync import Client

__all__ = ["AsyncClient", "Client"]
