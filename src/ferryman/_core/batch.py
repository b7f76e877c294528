"""Many operations in one request: how they are split by bytes, and what the answer says of each.

Counted in encoded bytes, the envelope included (delivery rule 25). Shared by the direct client
and by the relay. Pure.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from ferryman.errors import BadRequest, Detail

from .answer import details, parsed
from .encode import MAX_BATCH
from .message import Operation, Reply
from .reasons import told

ENVELOPE = len(b'{"batch":[]}')
Span: TypeAlias = tuple[int, int]


class BatchResult(msgspec.Struct, frozen=True):
    """What became of a batch: ``count`` items were said, those in ``rejected`` were refused.

    Where it stopped early, the first ``count`` of Track's items and then of Pipelines' were said.
    ``rejected`` maps an item's place in the batch to Customer.io's reason, field and message.
    """

    count: int
    rejected: dict[int, Detail]

    @property
    def accepted(self) -> int:
        """How many items Customer.io took."""
        return self.count - len(self.rejected)

    def raise_for_rejected(self) -> None:
        """Raise BadRequest with every reason, if any item was refused."""
        if self.rejected:
            said = told(tuple(self.rejected.values()))
            raise BadRequest(
                f"batch: {len(self.rejected)} of {self.count} items were refused"
                + (f" ({said})" if said else ""),
                status=207,
                operation="batch",
                details=tuple(self.rejected.values()),
            )


def spans(operations: Sequence[Operation[Any]], *, limit: int = MAX_BATCH) -> Iterator[Span]:
    """Yield (start, stop) of consecutive runs that may share a request, as few as there can be.

    All of *operations* are of one route.

    A request's body is at most *limit* bytes, and what follows a barrier of its own person or
    object goes into the next one: inside a batch no order is promised (delivery rule 9).
    """
    start, size = 0, ENVELOPE - 1
    closed: set[str] = set()
    for index, operation in enumerate(operations):
        each = len(operation.body or b"") + 1
        keys = {operation.key, operation.other or operation.key}
        if index > start and (size + each > limit or not closed.isdisjoint(keys)):
            yield start, index
            start, size = index, ENVELOPE - 1
            closed.clear()
        size += each
        if operation.barrier:
            closed |= keys
    if start < len(operations):
        yield start, len(operations)


def refused_items(reply: Reply, count: int) -> dict[int, Detail] | None:
    """Return the refusals in a 2xx answer to *count* items, by place; None when it is unclear.

    Unclear is an answer with errors that name no item: somebody was refused, nobody knows who.
    """
    found = details(parsed(reply.body))
    if any(d.batch_index is None or not 0 <= d.batch_index < count for d in found):
        return None
    return {d.batch_index: d for d in found if d.batch_index is not None}
