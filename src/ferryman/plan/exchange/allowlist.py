"""The Python that a generated module may consist of: an allowlist of syntax, held against it.

Pure: the source is parsed and never run. A document is checked before it becomes code
(wellformed.py), and names and texts are written so that they stay names and texts (source.py);
this sees whatever those let through. Here must not live: the checks of a document.
"""

import ast
import builtins
from collections.abc import Iterable
from typing import Final

from ferryman.errors import InvalidOperation
from ferryman.plan.names.identifiers import CLASSES

_IMPORTS: Final = {"datetime", "enum", "msgspec"}
_FROM: Final = {
    "decimal": {"Decimal"},
    "ferryman.plan": {
        "Conventions", "Event", "Field", "MessageData", "Object", "Person", "TrackingPlan",
    },
    "typing": {"Annotated", "Any", "Literal", "TypeAlias"},
    "uuid": {"UUID"},
}  # fmt: skip
_BASES: Final = {"Event", "MessageData", "Object", "Person", "enum.Enum", "msgspec.Struct"}
_OPTIONS: Final = {
    "deprecated", "event", "frozen", "kw_only", "message", "object_type", "omit_defaults", "owner",
    "tag", "tag_field", "version",
}  # fmt: skip
_TYPES: Final = {
    "Any", "Decimal", "UUID", "bool", "datetime.date", "datetime.datetime", "float", "int",
    "msgspec.UnsetType", "str",
}  # fmt: skip
_GENERIC: Final = {"dict", "frozenset", "list", "set", "tuple"}
_CALLS: Final = {
    "Conventions", "Decimal", "Field", "TrackingPlan", "UUID", "datetime.date",
    "datetime.datetime", "frozenset", "msgspec.field", "set",
}  # fmt: skip
_VALUES: Final = {"datetime.UTC", "msgspec.UNSET"}
_RULE: Final = "would become code that is more than a declaration"


def check_module(source: str) -> None:
    """Raise InvalidOperation unless *source* only declares: imports, classes, and the plan.

    Calls are those of our marks and of values, with literals; nothing is called that the module
    does not import from us, from msgspec or for a value, or declares itself.
    """
    try:
        body = ast.parse(source).body
        module = _Module({each.name for each in body if isinstance(each, ast.ClassDef)})
        for number, statement in enumerate(body):
            module.check(statement, is_first=number == 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidOperation("cannot be written as Python", field="document") from None


class _Module:
    """One module, which may name the *classes* that it declares."""

    def __init__(self, classes: set[str]) -> None:
        self._classes = classes
        self._types = _TYPES | classes
        self._calls = _CALLS | classes
        self._parameters = {"Events"} | classes

    def check(self, node: ast.stmt, *, is_first: bool) -> None:
        """Check a statement of the module."""
        match node:
            case ast.Expr(value=ast.Constant(value=str())) if is_first:
                pass
            case ast.Import(names=[ast.alias(name=name, asname=None)]):
                _permit(name in _IMPORTS, node)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                allowed = _FROM.get(module, set())
                _permit(all(each.name in allowed and not each.asname for each in names), node)
            case ast.ClassDef():
                self._check_class(node)
            case ast.AnnAssign(
                target=ast.Name(id="Events"),
                annotation=ast.Name(id="TypeAlias"),
                value=ast.expr() as union,
            ):
                self._check_type(union)
            case ast.Assign(targets=[ast.Name(id="plan")], value=ast.Call()):
                self._check_value(node.value)
            case _:
                raise _refused(node)

    def _check_class(self, node: ast.ClassDef) -> None:
        bases = [_dotted(base) for base in node.bases]
        taken = node.name in CLASSES or hasattr(builtins, node.name)
        _permit(not node.decorator_list and not taken, node)
        _permit(len(bases) == 1 and bases[0] in _BASES, node)
        for option in node.keywords:
            _permit(option.arg in _OPTIONS and _is_literal(option.value), node)
        for number, each in enumerate(node.body):
            match each:
                case ast.Pass():
                    pass
                case ast.Expr(value=ast.Constant(value=str())) if number == 0:
                    pass
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if bases == ["enum.Enum"]:
                    _permit(not name.startswith("__") and _is_literal(value), each)
                case ast.AnnAssign(target=ast.Name(id=name)) if bases != ["enum.Enum"]:
                    _permit(not name.startswith("__"), each)
                    self._check_annotation(each.annotation)
                    if each.value is not None:
                        self._check_value(each.value)
                case _:
                    raise _refused(each)

    def _check_annotation(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # One that names a class further down is text, which msgspec evaluates.
            node = ast.parse(node.value, mode="eval").body
        self._check_type(node)

    def _check_type(self, node: ast.expr) -> None:
        match node:
            case ast.Name() | ast.Attribute():
                _permit(_dotted(node) in self._types, node)
            case ast.Constant(value=None):
                pass
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                self._check_type(left)
                self._check_type(right)
            case ast.Subscript(value=ast.Name(id="Literal")):
                _permit(all(map(_is_literal, _items(node))), node)
            case ast.Subscript(value=ast.Name(id="Annotated")):
                inner, *marks = _items(node)
                self._check_type(inner)
                for mark in marks:
                    _permit(isinstance(mark, ast.Call), mark)
                    self._check_value(mark)
            case ast.Subscript(value=ast.Name(id=name)) if name in _GENERIC:
                for each in _items(node):
                    if not (isinstance(each, ast.Constant) and each.value is ...):
                        self._check_type(each)
            case _:
                raise _refused(node)

    def _check_value(self, node: ast.expr) -> None:
        match node:
            case _ if _is_literal(node):
                pass
            case ast.Name(id=name):
                _permit(name in self._classes, node)
            case ast.Attribute(value=ast.Name(id=name), attr=member) if name in self._classes:
                _permit(not member.startswith("_"), node)
            case ast.Attribute():
                _permit(_dotted(node) in _VALUES, node)
            case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Set(elts=inner):
                self._check_values(inner)
            case ast.Dict(keys=keys, values=values):
                self._check_values([*keys, *values])
            case ast.Lambda(args=arguments, body=body):
                _permit(ast.unparse(arguments) == "", node)
                self._check_value(body)
            case ast.Call(func=called, args=given, keywords=named):
                if isinstance(called, ast.Subscript) and _dotted(called.value) == "TrackingPlan":
                    given_types = map(_dotted, _items(called))
                    _permit(all(each in self._parameters for each in given_types), node)
                else:
                    _permit(_dotted(called) in self._calls, node)
                self._check_values([*given, *(each.arg and each.value for each in named)])
            case _:
                raise _refused(node)

    def _check_values(self, nodes: Iterable[ast.expr | str | None]) -> None:
        for each in nodes:
            if not isinstance(each, ast.expr):  # ** of a dict or of a call
                raise InvalidOperation(_RULE, field="document")
            self._check_value(each)


def _dotted(node: ast.expr) -> str:
    """Return the name *node* or ``module.name``, or "" for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=member):
            return f"{name}.{member}"
        case _:
            return ""


def _items(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _is_literal(node: ast.expr) -> bool:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return True
        case ast.Constant(value=None | bool() | int() | float() | str()):
            return True
        case _:
            return False


def _permit(holds: bool, node: ast.AST) -> None:
    if not holds:
        raise _refused(node)


def _refused(node: ast.AST) -> InvalidOperation:
    return InvalidOperation(f"{_RULE} ({type(node).__name__})", field="document")
