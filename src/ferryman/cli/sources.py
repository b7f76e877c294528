"""Which Python files a check reads, and where in them the classes of a plan stand.

Here must not live: what is in the files (ferryman.plan.review).
"""

import ast
import inspect
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from ferryman.errors import ConfigurationError
from ferryman.plan import TrackingPlan
from ferryman.plan.declaring.standins import Model, is_model
from ferryman.plan.review import Place, Source

SKIPPED: Final = ("node_modules", "build", "dist", "venv", "site-packages", "__pycache__")
"""Folders that are not read, beside hidden ones and virtual environments of any name."""


def python_files(paths: Sequence[Path], exclude: Sequence[str]) -> Iterator[Path]:
    """Yield the Python files at and under *paths*, sorted, each once.

    *exclude* are patterns (``migrations``, ``tests/*.py``) of names, or of paths from here.
    Raises ConfigurationError for a path that is not there.
    """
    met: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise ConfigurationError(f"there is no file or folder {path}")
        for file in [path] if path.is_file() else _under(path, exclude):
            if file.resolve() not in met and not _is_excluded(file, exclude):
                met.add(file.resolve())
                yield file


def _under(folder: Path, exclude: Sequence[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or _is_excluded(path, exclude):
            continue
        if path.is_file():
            if path.suffix == ".py":
                yield path
        elif not path.is_symlink() and path.name not in SKIPPED and not _is_environment(path):
            yield from _under(path, exclude)


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()


def _is_excluded(path: Path, exclude: Sequence[str]) -> bool:
    shown = path.as_posix().removeprefix("./")
    patterns = [pattern.removeprefix("./").rstrip("/") for pattern in exclude]
    return any(fnmatch(shown, each) or fnmatch(path.name, each) for each in patterns)


def read_source(path: Path) -> Source:
    """Return the text of a file in the encoding that it declares.

    Bytes that are not of that encoding become signs of their own: names can be read all the same.
    """
    shown = shown_path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {shown}: {error.strerror}") from None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except (SyntaxError, UnicodeDecodeError):
        encoding = "utf-8"
    return Source(shown, content.decode(encoding, errors="replace").removeprefix("\ufeff"))


def shown_path(path: Path) -> str:
    """Return *path* from here where it lies under this folder, as editors link it."""
    here = Path.cwd()
    found = path.resolve()
    return (found.relative_to(here) if found.is_relative_to(here) else found).as_posix()


def places_of(plan: TrackingPlan[Any, Any]) -> dict[tuple[str, str], Place]:
    """Return where the classes of *plan* stand, by kind and name; those that have no file lack."""
    found: dict[tuple[str, str], Place] = {}
    trees: dict[str, ast.Module] = {}
    for model in plan.parts.all():
        try:
            file = inspect.getsourcefile(model.cls)
        except TypeError:
            continue
        if file is None or not Path(file).is_file():
            continue
        if file not in trees:
            try:
                trees[file] = ast.parse(Path(file).read_bytes())
            except (SyntaxError, ValueError):
                continue
        if (node := _class_at(trees[file].body, model.cls.__qualname__)) is not None:
            # As documents say it: a person has no name.
            name = "" if model.facts.kind == "person" else model.facts.name
            found[model.facts.kind, name] = _place(model, node, shown_path(Path(file)))
    return found


def _class_at(body: Iterable[ast.stmt], name: str) -> ast.ClassDef | None:
    """Return the class of the qualified *name*; for one made in a function there is none."""
    first, _, rest = name.partition(".")
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == first:
            return _class_at(node.body, rest) if rest else node
        inner = node.body if isinstance(node, ast.If | ast.Try) else ()
        if (found := _class_at(inner, name)) is not None:
            return found
    return None


def _place(model: Model[Any], node: ast.ClassDef, file: str) -> Place:
    lines = {
        each.target.id: each.lineno
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    cls: Any = model.cls
    encoded: tuple[str, ...] = getattr(cls, "__struct_encode_fields__", ())
    names: tuple[str, ...] = getattr(cls, "__struct_fields__", ())
    wire = dict(zip(names, encoded, strict=True))
    if is_model(cls):
        wire = {
            name: field.serialization_alias or field.alias or name
            for name, field in cls.model_fields.items()
        }
    return Place(
        file=file,
        line=node.lineno,
        module=cls.__module__,
        name=cls.__qualname__,
        fields={wire.get(name, name): line for name, line in lines.items()},
        last=node.body[0].lineno - 1 if node.body else node.lineno,
    )
