"""The program in a reply, for lm-eval's filters: a continuation of the prompt, or the function written out, fenced or not.

Prompts end inside an open fence, so a model that goes on where the prompt stops writes code first and closes the fence.
Others greet, open a fence of their own, or write plain code and explain it. Whichever comes first and defines the
function is taken; text that is no Python is cut off behind it. Nothing is run here.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

_FENCE = re.compile(r"```[^\n`]*\n(.*?)(?:```|\Z)", re.DOTALL)
_BEGINS = re.compile(r"^(?:def |async def |class |import |from |@)", re.MULTILINE)
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
_LONGEST = 100_000  # characters of a reply that are looked at
_CUTS = 60  # trailing pieces that are cut off before it is given up
_NOT_THE_FUNCTION = {
    "assert",
    "set",
    "sorted",
    "list",
    "tuple",
    "round",
    "str",
    "len",
    "abs",
    "dict",
    "math",
    "not",
}


def humaneval(resps: Sequence[Sequence[str]], docs: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Programs of replies to HumanEval; empty where there is none."""
    return [
        [program(reply, str(doc["entry_point"]), str(doc["prompt"])) for reply in replies]
        for replies, doc in zip(resps, docs, strict=True)
    ]


def mbpp(resps: Sequence[Sequence[str]], docs: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Programs of replies to MBPP; empty where there is none."""
    return [
        [program(reply, entry_point(doc), "") for reply in replies]
        for replies, doc in zip(resps, docs, strict=True)
    ]


def entry_point(doc: dict[str, Any]) -> str:
    """The function that MBPP's first test calls."""
    called = _CALLED.findall(str(doc["test_list"][0]))
    return next((name for name in called if name not in _NOT_THE_FUNCTION), "")


def program(reply: str, entry: str, head: str) -> str:
    """The first candidate of a reply that defines the function, or nothing.

    Args:
        reply: The whole reply.
        entry: Name of the function.
        head: What the prompt has already written of the program; empty where it has nothing.
    """
    for candidate in _candidates(reply[:_LONGEST].replace("\r\n", "\n"), entry, head):
        found = _python(candidate, entry)
        if found:
            return found
    return ""


def parsed(source: str) -> ast.Module:
    """The syntax tree of foreign code, whatever Python thinks of its escapes; raises as :func:`ast.parse`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # else warnings that are errors would change verdicts
        return ast.parse(source)


def _candidates(reply: str, entry: str, head: str) -> Iterator[str]:
    begin = f"{head}\n" if head else ""
    yield begin + reply.split("```")[0]
    # Helpers and imports of the prompt stay in force for a function that is written out again.
    for block in _FENCE.findall(reply):
        yield begin + block
    if found := _BEGINS.search(reply):
        yield begin + reply[found.start() :].split("```")[0]


def _python(text: str, entry: str) -> str:
    """The text up to where it stops being Python, if the function is in it with a body; else nothing."""
    lines = text.split("\n")
    for _ in range(_CUTS):
        source = "\n".join(lines)
        try:
            tree = parsed(source)
        except SyntaxError as error:
            end = min(len(lines) - 1, max(0, (error.lineno or len(lines)) - 1))
            lines = lines[:end]
            if not lines:
                return ""
        except (ValueError, RecursionError, MemoryError):  # NUL, surrogates, endless nesting
            return ""
        else:
            return source if _defines(tree, entry) else ""
    return ""


def _defines(tree: ast.Module, entry: str) -> bool:
    """Whether the last definition of the function has more than a docstring in it."""
    for node in reversed(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == entry:
            return any(
                not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
                for part in node.body
            )
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == entry for target in node.targets
        ):
            return True
    return False
