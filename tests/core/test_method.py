"""Operations as methods: what help, inspect and mocks make of them on a class."""

import inspect
import pickle
import pydoc
from typing import Any
from unittest import mock

import pytest

from ferryman import AsyncClient, AsyncOutbox, Client, Outbox, operations
from ferryman.operations.pipelines.speaking import Pipelines
from ferryman.operations.verbs import Reads, Writes

SPEAKERS = [Client, AsyncClient, Outbox, AsyncOutbox]
DECLARED = sorted({name for each in (Reads, Writes) for name in vars(each) if name[0] != "_"})


@pytest.mark.parametrize("kind", [*SPEAKERS, Pipelines])
@pytest.mark.parametrize("name", ["suppress", "delete_object"])
def test_a_method_of_a_class_is_a_function(kind: Any, name: str) -> None:
    """The class has a plain function of the method's name, which pickles as any."""
    function = getattr(kind, name)

    assert inspect.isfunction(function)
    assert function.__name__ == name
    assert function.__qualname__ in {f"{each.__name__}.{name}" for each in kind.__mro__}
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize(
    ("kind", "answer"),
    [(Client, "None"), (AsyncClient, "None"), (Outbox, "Receipt"), (AsyncOutbox, "Receipt")],
)
def test_its_signature_is_the_operations_own(kind: Any, answer: str) -> None:
    """The speaker comes first, then what the operation takes; back comes what the speaker gives."""
    found = inspect.signature(kind.suppress)
    own = inspect.signature(operations.suppress)

    assert list(found.parameters) == ["self", *own.parameters]
    assert answer in str(found.return_annotation)
    assert inspect.iscoroutinefunction(kind.suppress) is kind.__name__.startswith("Async")


@pytest.mark.parametrize("name", [name for name in DECLARED if hasattr(Client, name)])
def test_every_signature_can_be_read(name: str) -> None:
    """No method is without a signature or a docstring, whatever its operation takes."""
    function = getattr(Client, name)

    assert next(iter(inspect.signature(function).parameters)) == "self"
    assert function.__doc__


def test_help_shows_it() -> None:
    """help() of the class and of the method shows the signature and the first sentence."""
    of_class = pydoc.plain(pydoc.render_doc(Client))
    of_method = pydoc.plain(pydoc.render_doc(Client.suppress))

    for text in (of_class, of_method):
        assert "suppress(self, person: " in text
        assert "Delete *person* and ignore everything said" in text


@pytest.mark.parametrize("kind", [Client, Outbox])
def test_a_mock_of_it_checks_its_calls(kind: Any) -> None:
    """create_autospec takes what the method takes, and refuses what it refuses."""
    mocked = mock.create_autospec(kind, instance=True)
    mocked.suppress("1")

    mocked.suppress.assert_called_once_with("1")
    with pytest.raises(TypeError):
        mocked.suppress("1", "2")


def test_a_mock_of_an_async_client_is_awaited() -> None:
    """create_autospec of an async speaker gives methods that are awaited."""
    mocked = mock.create_autospec(AsyncClient, instance=True)

    assert inspect.iscoroutinefunction(mocked.suppress)


def test_a_method_is_patched_and_put_back() -> None:
    """patch.object on the class is seen by its instances, and undone."""
    before = Client.suppress
    with mock.patch.object(Client, "suppress", autospec=True) as patched:
        with pytest.raises(TypeError):
            Client.suppress()
        patched.assert_not_called()

    assert Client.suppress is before
