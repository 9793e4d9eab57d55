"""Finds tasks whose `score` would run the submission in its own interpreter.

A conservative look at the source: everything that `score` can reach by name, in any number of steps, must not mention exec, eval
or compile. That is a rule for honest authors and for the scientist's slips; what hides from it is still confined.
"""

import ast

FORBIDDEN = frozenset(
    {"exec", "eval", "compile", "execfile", "__import__", "__builtins__", "FunctionType", "CodeType"}
)
_HOSTS = frozenset({"builtins", "__builtins__"})
_MODULES = frozenset({"builtins", "code", "codeop", "runpy", "importlib"})
_REFLECTION = frozenset({"getattr", "globals", "vars", "locals"})


def self_executing(tree: ast.Module) -> str | None:
    """Says why this source's `score` could execute a submission itself.

    Args:
        tree: The parsed module.

    Returns:
        What was found and where, or None.
    """
    definitions = _definitions(tree)
    waiting = list(definitions.get("score", []))
    seen = {id(node) for node in waiting}
    while waiting:
        for node in ast.walk(waiting.pop()):
            found = _forbidden(node)
            if found:
                return f"score reaches {found} in line {getattr(node, 'lineno', '?')}; run answers with run_answer"
            for definition in definitions.get(_name(node) or "", []):
                if id(definition) not in seen:
                    seen.add(id(definition))
                    waiting.append(definition)
    return None


def defines_task_family(tree: ast.Module) -> bool:
    """Whether the source binds the name TaskFamily at its top level."""
    for node in tree.body:
        for inner in ast.walk(node) if not isinstance(node, ast.FunctionDef | ast.ClassDef) else [node]:
            if isinstance(inner, ast.ClassDef | ast.FunctionDef) and inner.name == "TaskFamily":
                return True
            if isinstance(inner, ast.Name) and inner.id == "TaskFamily" and isinstance(inner.ctx, ast.Store):
                return True
            if isinstance(inner, ast.alias) and (inner.asname or inner.name) == "TaskFamily":
                return True
    return False


def _definitions(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Returns name -> what binds it, anywhere in the module: functions, classes, and assignments."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(node.value)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name, []).append(node)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found.setdefault(alias.asname or alias.name.partition(".")[0], []).append(node)
    return found


def _name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _forbidden(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name) and node.id in FORBIDDEN:
        return node.id
    if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN - {"compile"}:
        return node.attr
    if isinstance(node, ast.Attribute) and node.attr == "compile" and _name(node.value) in _HOSTS:
        return "compile"
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names = {(node.module or "").partition(".")[0]}
        return next((f"the module {name}" for name in sorted(names & _MODULES)), None)
    if isinstance(node, ast.Call) and _name(node.func) in _REFLECTION:
        constants = [a.value for a in node.args if isinstance(a, ast.Constant)]
        return next((str(value) for value in constants if value in FORBIDDEN), None)
    return None
