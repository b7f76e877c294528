"""One declaration for all who say it: a descriptor that turns an operation into a method.

``suppress = Method(operations.suppress)`` is ``(person) -> None`` on a client, the awaitable of
it on an async client, ``(person) -> Receipt`` on an outbox. Signature and docstring are the
function's own in every colour. It binds once per instance: the bound function then stands in
the instance's dict and costs what a method costs.
"""

import functools
import inspect
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, get_args, overload

from .message import Operation, Receipt

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Method(Generic[P, T]):
    """An operation as a method of whoever says it."""

    def __init__(self, say: Callable[P, Operation[T]]) -> None:
        self.say = say
        self.__doc__ = say.__doc__
        self._name = say.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, who: None, owner: type) -> Callable[Concatenate[Any, P], Any]: ...
    @overload
    def __get__(self, who: "Asks", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, who: "AsksAsync", owner: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, who: "Keeps", owner: type) -> Callable[P, Receipt]: ...
    @overload
    def __get__(self, who: "KeepsAsync", owner: type) -> Callable[P, Awaitable[Receipt]]: ...
    @overload
    def __get__(self: "Method[P, None]", who: "Speaks[R]", owner: type) -> Callable[P, R]: ...
    def __get__(self, who: Any, owner: type) -> Any:
        """Return the method of *who*, or of the class *owner*."""
        return self.function(owner) if who is None else self._bind(who)

    def function(self, owner: type) -> Callable[..., Any]:
        """Return this as the class *owner* has it: a plain function that takes the speaker first.

        ``help``, ``inspect`` and ``create_autospec`` look for one in the class.
        """

        def said(who: Any, /, *args: Any, **kwargs: Any) -> Any:
            return self._bind(who)(*args, **kwargs)

        async def awaited(who: Any, /, *args: Any, **kwargs: Any) -> Any:
            return await self._bind(who)(*args, **kwargs)

        is_async = issubclass(owner, (AsksAsync, KeepsAsync))
        function: Any = awaited if is_async else said  # Any: its own attributes are set below
        function.__name__, function.__qualname__ = self._name, f"{owner.__qualname__}.{self._name}"
        function.__module__, function.__doc__ = owner.__module__, self.__doc__
        function.__signature__ = _signature(self.say, owner)
        function.__wrapped__ = self.say  # where its source is
        return cast(Callable[..., Any], function)

    def _bind(self, who: Any) -> Callable[P, Any]:
        do, say = _voice(who), self.say

        @functools.wraps(say)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return do(say(*args, **kwargs))

        # From here on it is found before the class's function, and binds no more.
        who.__dict__[self._name] = method
        return method


class Voice:
    """Whoever says operations: what is declared as a Method becomes a function of the class."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        for name in dir(cls):
            declared = inspect.getattr_static(cls, name)
            if isinstance(declared, Method):
                setattr(cls, name, declared.function(cls))


class Asks(Voice):
    """Says an operation now and returns the answer."""

    @abstractmethod
    def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer."""


class AsksAsync(Voice):
    """Says an operation now; its answer is awaited."""

    @abstractmethod
    async def perform(self, operation: Operation[T]) -> T:
        """Say *operation* and return its answer."""


class Keeps(Voice):
    """Accepts an operation, to be said later."""

    @abstractmethod
    def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation* and return the receipt."""


class KeepsAsync(Voice):
    """Accepts an operation, to be said later; acceptance is awaited."""

    @abstractmethod
    async def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation* and return the receipt."""


class Speaks(Voice, Generic[R_co]):
    """Says an operation that only happens, in whatever colour its speaker has."""

    @abstractmethod
    def speak(self, operation: Operation[Any]) -> R_co:
        """Say *operation* as the speaker does."""


def _voice(who: Any) -> Callable[[Operation[Any]], Any]:
    if isinstance(who, Asks | AsksAsync):
        return who.perform
    if isinstance(who, Keeps | KeepsAsync):
        return who.accept
    voice: Callable[[Operation[Any]], Any] = who.speak
    return voice


def _signature(say: Callable[..., Operation[Any]], owner: type) -> inspect.Signature:
    own = inspect.signature(say)
    # Python wants what is positional-only first.
    kinds = (each.kind for each in own.parameters.values())
    kind = min([inspect.Parameter.POSITIONAL_OR_KEYWORD, *kinds])
    answer: Any = inspect.Signature.empty
    if issubclass(owner, (Keeps, KeepsAsync)):
        answer = Receipt
    elif issubclass(owner, (Asks, AsksAsync)):
        (answer,) = get_args(own.return_annotation) or (answer,)
        answer = None if answer is type(None) else answer
    speaker = inspect.Parameter("self", kind)
    return own.replace(parameters=[speaker, *own.parameters.values()], return_annotation=answer)
