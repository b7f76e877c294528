"""Faults: what goes wrong on purpose, and for which requests.

A fault is a value, `{"share": 0.1, "status": 503, "retry_after": 1}`; whether it strikes is
decided from a number between 0 and 1 and how often it struck before. Pure: chance comes in as a
function.
"""

from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from ferryman.emulator.reading import InvalidItem

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Chance = Callable[[], float]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to go wrong, for a share of the requests to the APIs."""

    share: Share = 1.0
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] | None = None
    """Answer with this status and apply nothing."""
    retry_after: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """The Retry-After of that answer, in seconds."""
    delay: Annotated[float, msgspec.Meta(ge=0, le=600)] | None = None
    """Wait so many seconds before anything else."""
    drop: Literal["before", "after"] | None = None
    """Drop the connection before or after applying what the request says."""
    partial: Share | None = None
    """Refuse this share of the items of a Track batch with a 207."""
    path: str = ""
    """Strike only requests whose path starts so."""
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Strike so many times, then no more."""
    seed: int | None = None
    """Strike the same requests in every run."""


Document = Fault | list[Fault]
_decode: Final = msgspec.json.Decoder[Document](Document).decode


def parse(document: bytes) -> tuple[Fault, ...]:
    """Read a fault or a list of them from JSON; raise ValueError that says what is wrong."""
    try:
        read: Document = _decode(document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
    found = tuple(read) if isinstance(read, list) else (read,)
    for fault in found:
        does = [name for name in ("status", "drop", "partial") if getattr(fault, name) is not None]
        if len(does) > 1:
            raise ValueError(f"A fault does one of status, drop, partial; this one: {does}")
        if not does and fault.delay is None:
            raise ValueError("A fault needs one of status, delay, drop, partial")
        if fault.retry_after is not None and fault.status is None:
            raise ValueError("retry_after goes with a status")
    return found


def strikes(fault: Fault, *, path: str, batch: bool, struck: int, chance: float) -> bool:
    """Decide whether *fault* strikes a request."""
    if fault.count is not None and struck >= fault.count:
        return False
    if not path.startswith(fault.path) or (fault.partial is not None and not batch):
        return False
    return chance < fault.share


class Faults:
    """The faults in force and how often each struck."""

    def __init__(self, source: Callable[[int | None], Chance]) -> None:
        self._source: Final = source
        self.put(())

    def put(self, faults: tuple[Fault, ...]) -> None:
        """Replace all faults, and start to count anew."""
        self.faults: tuple[Fault, ...] = faults
        self.struck: list[int] = [0] * len(faults)
        self._chances = [self._source(fault.seed) for fault in faults]

    def draw(self, path: str, *, batch: bool) -> tuple[Fault, Chance] | None:
        """Return the first fault that strikes this request, with its source of chance."""
        for index, fault in enumerate(self.faults):
            chance = self._chances[index]
            struck = self.struck[index]
            if strikes(fault, path=path, batch=batch, struck=struck, chance=chance()):
                self.struck[index] += 1
                return fault, chance
        return None


REFUSED: Final = InvalidItem("emulated", "", "Refused on purpose by a fault of the emulator")
