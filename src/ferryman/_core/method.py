"""One declaration for all who say it: a descriptor that turns an operation into a method.

``suppress = Method(operations.suppress)`` is ``(person) -> None`` on a client, the awaitable of
it on an async client, ``(person) -> Receipt`` on an outbox. Signature and docstring are the
function's own in every colour. It binds once per instance: the bound function then stands in
the instance's dict and costs what a method costs.
"""

import functools
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from .message import Operation, Receipt

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Asks:
    """Says an operation now and returns the answer."""

    @abstractmethod
    def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer."""


class AsksAsync:
    """Says an operation now; its answer is awaited."""

    @abstractmethod
    async def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer."""


class Keeps:
    """Accepts an operation, to be said later."""

    @abstractmethod
    def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation* and return the receipt."""


class KeepsAsync:
    """Accepts an operation, to be said later; acceptance is awaited."""

    @abstractmethod
    async def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation* and return the receipt."""


class Speaks(Generic[R_co]):
    """Says an operation that only happens, in whatever colour its speaker has."""

    @abstractmethod
    def speak(self, operation: Operation[Any]) -> R_co:
        """Say *operation* as the speaker does."""


class Method(Generic[P, T]):
    """An operation as a method of whoever says it."""

    def __init__(self, say: Callable[P, Operation[T]]) -> None:
        self.say = say
        self.__doc__ = say.__doc__
        self.__wrapped__ = say
        self._name = say.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, who: None, owner: type) -> "Method[P, T]": ...
    @overload
    def __get__(self, who: Asks, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, who: AsksAsync, owner: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, who: Keeps, owner: type) -> Callable[P, Receipt]: ...
    @overload
    def __get__(self, who: KeepsAsync, owner: type) -> Callable[P, Awaitable[Receipt]]: ...
    @overload
    def __get__(self: "Method[P, None]", who: Speaks[R], owner: type) -> Callable[P, R]: ...
    def __get__(self, who: Any, owner: type) -> Any:
        """Bind to *who* and stay bound."""
        if who is None:
            return self
        do, say = _voice(who), self.say

        @functools.wraps(say)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return do(say(*args, **kwargs))

        who.__dict__[self._name] = method
        return method


def _voice(who: Any) -> Callable[[Operation[Any]], Any]:
    if isinstance(who, Asks | AsksAsync):
        return who.perform
    if isinstance(who, Keeps | KeepsAsync):
        return who.accept
    voice: Callable[[Operation[Any]], Any] = who.speak
    return voice
