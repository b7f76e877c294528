"""Manual segments: who is in and who is not.

Follows https://docs.customer.io/integrations/api/track/#tag/segments
"""

import re
from collections.abc import Sequence

from ferryman._core.encode import segment
from ferryman._core.message import Operation
from ferryman._core.person import PersonId, quoted, who
from ferryman.errors import InvalidOperation

from ._item import post
from .catalogue import CATALOGUE

MAX_IDS = 1_000
_NUMBER = re.compile(r"[0-9]{1,18}")
_KINDS = ("id", "email", "cio_id")


def add_to_segment(segment_id: int | str, people: Sequence[PersonId], /) -> Operation[None]:
    """Put *people* into the manual segment *segment_id*.

    *people* are 1 to 1,000, all named the same way: by id, Email or CioId.
    Raises InvalidOperation naming the field and the rule.

    https://docs.customer.io/integrations/api/track/#operation/add_to_segment
    """
    return _members("add_to_segment", segment_id, people)


def remove_from_segment(segment_id: int | str, people: Sequence[PersonId], /) -> Operation[None]:
    """Take *people* out of the manual segment *segment_id*; the rules of adding hold.

    https://docs.customer.io/integrations/api/track/#operation/remove_from_segment
    """
    return _members("remove_from_segment", segment_id, people)


def _members(name: str, segment_id: int | str, people: Sequence[PersonId]) -> Operation[None]:
    number = segment_id if type(segment_id) is str else ""
    if type(segment_id) is int and 0 <= segment_id < 10**18:
        number = str(segment_id)
    if not _NUMBER.fullmatch(number):
        raise InvalidOperation("must be the number of a segment", field="segment_id")
    if isinstance(people, str | bytes) or not isinstance(people, Sequence):
        raise InvalidOperation("must be a list", field="people")
    if not 1 <= len(people) <= MAX_IDS:
        raise InvalidOperation(f"must be 1 to {MAX_IDS:,}", field="people")
    found = [who(person, at=f"people[{i}]") for i, person in enumerate(people)]
    kinds = {each.kind for each in found}
    if len(kinds) > 1 or not kinds <= set(_KINDS):
        raise InvalidOperation("must all be ids, all Email or all CioId", field="people")
    path = CATALOGUE[name].path.format(segment_id=segment(number, at="segment_id"))
    body = b'{"ids":[%b]}' % b",".join(quoted(each.value) for each in found)
    return post(name, body, key=f"s:{number}", path=f"{path}?id_type={kinds.pop()}")
