"""uWSGI is told what it lacks: threads, and Python's hooks at a fork (rule 30)."""

import warnings
from types import SimpleNamespace

import pytest

from ferryman.outbox.hosts import check_host

THREADS, HOOKS = "--enable-threads", "--py-call-uwsgi-fork-hooks"


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ({}, [THREADS]),
        ({"master": b"true"}, [THREADS, HOOKS]),
        ({"master": True, "enable-threads": True}, [HOOKS]),
        ({"master": b"true", "enable-threads": b"false"}, [THREADS, HOOKS]),
        ({"master": b"true", "threads": b"4", "lazy-apps": b"true"}, []),
        ({b"master": b"true", b"enable-threads": b"true", b"py-call-uwsgi-fork-hooks": True}, []),
        ({"gevent": b"100", "master": True, "py-call-uwsgi-fork-hooks": b"true"}, []),
    ],
)
def test_what_is_lacking_is_named(options, lacking):
    """Its options come as text or bytes, switched on or off."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        check_host({"uwsgi": SimpleNamespace(opt=options)})

    said = "".join(str(each.message) for each in heard)
    assert [name for name in (THREADS, HOOKS) if name in said] == lacking
    assert len(heard) == bool(lacking)


@pytest.mark.parametrize("modules", [{}, {"uwsgi": SimpleNamespace()}])
def test_elsewhere_nothing_is_said(modules):
    """No uWSGI, or its stub for tools, is nobody's business."""
    check_host(modules)
