"""Every regular expression of the packages, found in their modules and their source, and texts made to slow each down."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined] # what `re` parses a pattern into
from re import _parser  # type: ignore[attr-defined]
from types import CodeType, ModuleType
from typing import Any

PACKAGES = ("index", "rag", "ui")
UNITS = (" ", "a-", "a ", "a", "A", "Aa ", "A-", "\n", " \n", "1", "1,", "1-", ",", ", ", ".", ". ", "(", ")", "{", "}")
UNITS += ("[", "](", "<", "<a ", "</a", "\\", "\\a", "$", "&", "-", "'", "’s ", '"', "`", "*", "_", "=", ":", "@", "#")
UNITS += ("http://a.", "10.1/", "a.", "by A ", "in 2020 ", "papers ", "and ", "the ", "é", "\x1b[")
_CALLS = {"match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer", "compile"}
_CONSTANT = (ast.Assign, ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.Name, ast.Tuple, ast.expr_context)
_CONSTANT += (ast.BinOp, ast.Add)
_SAMPLES = "a1 -.,:;A_\n!'\"()[]{}<>\\/&é"
_CATEGORY = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_NOT_DIGIT: "a -",
    sre.CATEGORY_SPACE: " \n",
    sre.CATEGORY_NOT_SPACE: "a-",
    sre.CATEGORY_WORD: "a1A",
    sre.CATEGORY_NOT_WORD: " -.",
}
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_ENDLESS = 100  # as good as endless
Nodes = Any


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
    for function in [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]:
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
    function = node.func
    known = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"
    return function.attr if known else ""


class _Escaped(ast.NodeTransformer):
    """Puts a sample in the place of every text that is escaped or encoded."""

    def __init__(self, sample: str | bytes) -> None:
        self.sample = sample

    def visit_Call(self, node: ast.Call) -> ast.AST:  # noqa: N802 - its name says what it visits
        return ast.Constant(self.sample) if _of_re(node) == "escape" else self.generic_visit(node)


def texts(pattern: "re.Pattern[Any]") -> list[tuple[Any, Any, Any]]:
    """Return (beginning, unit, end) of texts that may slow a pattern down: the unit is to be repeated.

    For each repeat of the pattern the unit is what the repeat matches, or what leads to it as well; the end lets the
    rest of the pattern match or fail. Patterns without an endless repeat are not slowed down by any text.
    """
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    repeats = list(_repeats(list(tree), [""]))
    if not repeats:
        return []
    whole = _samples(list(tree))[:1]
    found = [("", unit, end) for unit in [*UNITS, *whole] for end in ("", "\0")]
    for before, units in repeats:
        found += [(lead, unit, end) for lead in {before, ""} for unit in units for end in ("", "\0")]
        found += [("", before + unit, "\0") for unit in units] + [("", before, "\0")]
    found = [each for each in dict.fromkeys(found) if each[1]]
    return [tuple(part.encode() for part in each) for each in found] if isinstance(pattern.pattern, bytes) else found


def _repeats(nodes: Nodes, before: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield for each endless repeat what leads to it, and what it may repeat."""
    lead = before[0]
    for at, (kind, value) in enumerate(nodes):
        if kind in _REPEATS:
            least, most, body = value
            yield from _repeats(list(body), [lead])
            if most > _ENDLESS:
                units = _samples(list(body))
                yield lead, units + [unit + (_samples(nodes[at + 1 :]) or [""])[0] for unit in units[:1]]
        else:
            for inner in _inner(kind, value):
                yield from _repeats(inner, [lead])
        lead += (_samples([(kind, value)]) or [""])[0]


def _inner(kind: Any, value: Any) -> list[Nodes]:  # noqa: ANN401 - nodes of the parser have no types
    """Return the sequences of nodes that a node other than a repeat contains."""
    if kind is sre.SUBPATTERN:
        return [list(value[3])]
    if kind is sre.BRANCH:
        return [list(each) for each in value[1]]
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return [list(value[1])]
    if kind is sre.ATOMIC_GROUP:
        return [list(value)]
    return []


def _samples(nodes: Nodes, most: int = 4) -> list[str]:
    """Return texts that a sequence of nodes matches, its lookarounds and references left aside."""
    found = [""]
    for kind, value in nodes:
        if kind is sre.LITERAL:
            next_ = [chr(value)]
        elif kind is sre.NOT_LITERAL:
            next_ = [each for each in _SAMPLES if ord(each) != value]
        elif kind is sre.ANY:
            next_ = list("a -")
        elif kind is sre.IN:
            next_ = _of_class(value)
        elif kind in _REPEATS:
            next_ = [each * max(1, min(value[0], 8)) for each in _samples(list(value[2]))] + [""] * (value[0] == 0)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            continue
        else:
            next_ = [each for inner in _inner(kind, value) for each in _samples(inner)] or [""]
        found = [one + other for other in next_[:most] for one in found][:most]
    return list(dict.fromkeys(found))


def _of_class(members: Nodes) -> list[str]:
    """Return a few characters of a class."""
    negated = bool(members) and members[0][0] is sre.NEGATE
    one_of: list[str] = []
    for kind, value in members:
        if kind is sre.LITERAL:
            one_of.append(chr(value))
        elif kind is sre.RANGE:
            one_of.append(chr(value[0]))
        elif kind is sre.CATEGORY:
            one_of.extend(_CATEGORY[value])
    if not negated:
        return one_of
    taken = re.compile("|".join(map(re.escape, one_of)) or "(?!)")
    return [each for each in _SAMPLES if not taken.fullmatch(each)]
