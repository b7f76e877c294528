"""Many operations in one request: how they are split by bytes, and what the answer says of each.

Counted in encoded bytes, the envelope included (delivery rule 25). Shared by the direct client
and by the relay. Pure.
"""

from collections.abc import Iterator, Sequence

import msgspec

from ferryman.errors import BadRequest, Detail

from .answer import details, parsed
from .encode import MAX_BATCH
from .message import Reply

ENVELOPE = len(b'{"batch":[]}')


class BatchResult(msgspec.Struct, frozen=True):
    """What became of a batch: ``count`` items were said, those in ``rejected`` were refused.

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
            raise BadRequest(
                f"batch: {len(self.rejected)} of {self.count} items were refused",
                status=207,
                operation="batch",
                details=tuple(self.rejected.values()),
            )


def spans(sizes: Sequence[int], *, limit: int = MAX_BATCH) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of consecutive runs whose request body is at most *limit* bytes."""
    start, size = 0, ENVELOPE
    for index, each in enumerate(sizes):
        if index > start and size + each + 1 > limit:
            yield start, index
            start, size = index, ENVELOPE
        size += each + 1
    if start < len(sizes):
        yield start, len(sizes)


def refused_items(reply: Reply, count: int) -> dict[int, Detail] | None:
    """Return the refusals in a 2xx answer to *count* items, by place; None when it is unclear.

    Unclear is an answer with errors that name no item: somebody was refused, nobody knows who.
    """
    found = details(parsed(reply.body))
    if any(d.batch_index is None or not 0 <= d.batch_index < count for d in found):
        return None
    return {d.batch_index: d for d in found if d.batch_index is not None}
