"""Finds every regular expression of the packages, in the values of their modules and in their source."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

PACKAGES = ("index", "rag", "ui")
_CALLS = {"match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer", "compile"}
_CONSTANT = (
    *(ast.Assign, ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.Name, ast.Tuple),
    *(ast.expr_context, ast.BinOp, ast.Add),
)


@dataclass(frozen=True)
class Found:
    """A pattern.

    Attributes:
        pattern: Compiled.
        anchored: It is matched at the beginning of a text only, never searched for.
        place: Module and name, or line.
    """

    pattern: "re.Pattern[Any]"
    anchored: bool
    place: str


def modules() -> Iterator[ModuleType]:
    """Import and yield every module of the packages."""
    for package in PACKAGES:
        top = importlib.import_module(package)
        yield top
        for found in pkgutil.walk_packages(top.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def patterns() -> list[Found]:
    """Return the patterns of all modules, each once for each way it is used."""
    found: dict[tuple[re.Pattern[Any], bool], str] = {}
    sources = {module: inspect.getsource(module) for module in modules()}
    everything = "\n".join(sources.values())
    for module, source in sources.items():
        for name, value in vars(module).items():
            for pattern in _within(value, module.__name__):
                anchored = pattern is value and _is_anchored(name, source if name.startswith("_") else everything)
                found.setdefault((pattern, anchored), f"{module.__name__}.{name}")
        for pattern, anchored, line in _written(module, source):
            found.setdefault((pattern, anchored), f"{module.__name__}, line {line}")
    return [Found(pattern, anchored, place) for (pattern, anchored), place in found.items()]


def _is_anchored(name: str, source: str) -> bool:
    """Tell whether all that a source does with a pattern is to match it at the beginning of a text."""
    uses = re.findall(rf"(?<!\w){name}\b(?! = re|: )(?:\.(\w+)\()?", source)
    return bool(uses) and {"match", "fullmatch"}.issuperset(uses)


def _within(value: object, module: str, depth: int = 4) -> Iterator["re.Pattern[Any]"]:
    """Yield the patterns of a value: itself, or what a collection, a class or a function's defaults hold."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, Mapping):
        for each in [*value.keys(), *value.values()]:
            yield from _within(each, module, depth - 1)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _within(each, module, depth - 1)
    elif depth and not isinstance(value, ModuleType) and getattr(value, "__module__", "") == module:
        with suppress(TypeError):  # no `__dict__`
            yield from _within(dict(vars(value)), module, depth - 1)
        yield from _within(getattr(value, "__defaults__", None) or (), module, depth - 1)


def _written(module: ModuleType, source: str) -> Iterator[tuple["re.Pattern[Any]", bool, int]]:
    """Yield the patterns that functions hand to `re`, such as `re.sub("x+", …)`, with their lines.

    Raises:
        ValueError: One is made of values of the run other than by `re.escape`, so that nobody can tell what it is.
    """
    tree = ast.parse(source)
    if any(isinstance(each, ast.ImportFrom) and each.module == "re" for each in ast.walk(tree)):
        raise ValueError(f"{module.__name__} imports from re, where nobody finds its patterns. Use `import re`.")
    for function in [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]:
        if not any(isinstance(each, ast.Call) and _of_re(each) in _CALLS for each in ast.walk(function)):
            continue
        names = dict(vars(module))
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and all(isinstance(each, _CONSTANT) for each in ast.walk(node)):
                with suppress(NameError):  # it is made of arguments, so it is none of a pattern, or is missed below
                    exec(_code(ast.Module([node], [])), names)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _of_re(node) in _CALLS:
                written = _evaluated(node.args[0], names)
                if written is None:
                    raise ValueError(
                        f"{module.__name__}, line {node.lineno}: a pattern made of unknown values, "
                        f"{textwrap.shorten(ast.unparse(node), 80)}. Use constants and re.escape."
                    )
                flags = {
                    each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute) and each.attr in "IMSAX"
                }
                pattern = re.compile(written, sum(getattr(re, flag) for flag in flags))
                yield pattern, _of_re(node) in ("match", "fullmatch"), node.lineno


def _evaluated(node: ast.expr, names: dict[str, Any]) -> str | bytes | None:
    """Return the pattern that an expression stands for, a sample in the place of what is escaped; None if unknown."""
    for sample in ("a-a a", b"a-a a"):
        with suppress(NameError, TypeError):
            found = eval(_code(_Escaped(sample).visit(ast.parse(ast.unparse(node), mode="eval"))), names)
            if isinstance(found, str | bytes):
                return found
    return None


def _code(node: ast.Module | ast.Expression) -> CodeType:
    return compile(ast.fix_missing_locations(node), "<piece>", "exec" if isinstance(node, ast.Module) else "eval")


def _of_re(node: ast.Call) -> str:
    """Return the function of `re` that is called, "" where it is another."""
    match node.func:
        case ast.Attribute(ast.Name("re"), name):
            return name
    return ""


class _Escaped(ast.NodeTransformer):
    """Puts a sample in the place of every text that is escaped."""

    def __init__(self, sample: str | bytes) -> None:
        self.sample = sample

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return ast.Constant(self.sample) if _of_re(node) == "escape" else self.generic_visit(node)
