"""KEEPS AND CARRIES. What is accepted here is kept, and delivered in order."""

from ferryman.outbox.aio import AsyncOutbox
from ferryman.outbox.many import Accepted
from ferryman.outbox.outbox import Outbox

__all__ = ["Accepted", "AsyncOutbox", "Outbox"]
