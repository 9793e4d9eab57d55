"""HumanEval's and MBPP's records as task families of our sandbox.

The benchmark's own tests run in one confined process, the answer in another that never holds them: every call of the
answer's function goes there, and its value comes back with its type (tuples stay tuples). A call in an MBPP test whose
arguments the test does not compute goes as text, so that it may use the answer's own classes.
"""

import ast
import builtins
import functools
from pathlib import Path
from string import Template
from typing import Any

from acdc.errors import InputError
from evals.benchmarks.paper.replies import parsed

_HERE = Path(__file__).parent
_MODULES = (
    "collections",
    "copy",
    "datetime",
    "functools",
    "heapq",
    "itertools",
    "math",
    "random",
    "re",
    "string",
)
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def humaneval(record: dict[str, Any]) -> dict[str, Any]:
    """A record of HumanEval with the task family that scores it.

    Raises:
        InputError: Its prompt or its test is no Python.
    """
    entry = str(record["entry_point"])
    prompt = _parsed(f"{record['prompt']}\n    pass\n", record)
    _parsed(str(record["test"]), record)
    helpers = [node for node in prompt.body if not (isinstance(node, ast.FunctionDef) and node.name == entry)]
    preamble = ast.unparse(ast.Module(helpers, []))
    names = f"{entry} = _acdc_function({entry!r})"
    return record | {"source": _source(preamble, names, str(record["test"]), f"check({entry})"), "task": "1"}


def mbpp(record: dict[str, Any]) -> dict[str, Any]:
    """A record of MBPP with the task family that scores it.

    Raises:
        InputError: A test is no Python.
    """
    tests = [_parsed(str(test).strip(), record) for test in record["test_list"]]
    known = {*dir(builtins), *_MODULES}
    bound = {
        node.id
        for test in tests
        for node in ast.walk(test)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    called = {
        node.func.id
        for test in tests
        for node in ast.walk(test)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    theirs = sorted(called - known - bound)
    lines = [line for test in tests for line in ast.unparse(_Outermost(theirs).visit(test)).splitlines()]
    names = "\n".join(f"{name} = _acdc_function({name!r})" for name in theirs)
    imports = f"import {', '.join(_MODULES)}"
    test = "def check():\n" + "".join(f"    {line}\n" for line in lines)
    setup = str(record.get("test_setup_code") or "")
    return record | {"source": _source(imports, names, test, "check()", setup), "task": "1"}


class _Outermost(ast.NodeTransformer):
    """Replaces calls of the answer's functions by their text, but for what depends on the test's own variables."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> Any:
        """The node, changed where it is such a call."""
        if isinstance(node, _SCOPES):
            return node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._names:
            return ast.Call(ast.Name("_acdc_expression", ast.Load()), [ast.Constant(ast.unparse(node))], [])
        return self.generic_visit(node)


def _source(preamble: str, names: str, test: str, check: str, setup: str = "") -> str:
    """The task family that scores a record."""
    exchange = _text("exchange.txt").template
    imports = f"import {', '.join(_MODULES)}\n"
    answer_side = _text("answer_side.txt").substitute(exchange=imports + setup + "\n" + exchange)
    return _text("program_task.txt").substitute(
        preamble=preamble,
        exchange=exchange,
        answer_side=repr(answer_side),
        names=names,
        test=test,
        check=check,
    )


@functools.cache
def _text(name: str) -> Template:
    return Template((_HERE / name).read_text("utf-8"))


def _parsed(text: str, record: dict[str, Any]) -> ast.Module:
    try:
        return parsed(text)
    except SyntaxError as error:
        raise InputError(
            f"record {record.get('task_id')}: its prompt or test is no Python: {error}"
        ) from error
