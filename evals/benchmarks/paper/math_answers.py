"""MATH's replies judged by math-verify, as lm-eval's `minerva_math` judges them (its metric `math_verify`).

lm-eval's own module refuses to be imported beside antlr4 4.9, which DVC needs: its other metric, `exact_match`, would want 4.11.
So the metric is called here, with the same arguments, and the four worked examples are read out of lm-eval's file as they are.
"""

import ast
import functools
import logging
from collections.abc import Sequence
from typing import Any

from acdc.errors import InputError
from evals.benchmarks.local_data import upstream

_LONGEST = (
    50_000  # characters of a reply that are looked at, its last; a reply within any token budget is shorter
)
_SECONDS = 30  # for one expression; sympy does not end on every one, and then the answer is wrong


def verified(doc: dict[str, Any], results: Sequence[str]) -> dict[str, int]:
    """lm-eval's `process_results`: whether the reply's answer equals the solution's, as mathematics.

    Args:
        doc: A record with `solution`.
        results: The reply.
    """
    from math_verify import verify

    gold = _parsed(str(doc["solution"]))
    return {
        "math_verify": int(
            verify(gold=list(gold), target=list(_parsed(results[0])), timeout_seconds=_SECONDS)
        )
    }


def shown(reply: str) -> str:
    """The expression that math-verify reads in a reply; empty where it finds none."""
    found = _parsed(reply)
    return str(found[-1]) if found else ""


def record(row: dict[str, Any]) -> dict[str, Any]:
    """A record of MATH with its final answer.

    Raises:
        InputError: Its solution has no answer that math-verify can read.
    """
    answer = shown(str(row["solution"]))
    if not answer:
        raise InputError(f"record {row['id']}: its solution holds no answer, such as \\boxed{{4}}")
    return row | {"answer": answer}


def examples() -> list[dict[str, Any]]:
    """The worked examples of lm-eval's `minerva_math`, read from its file, which is not run.

    Raises:
        InputError: This release of lm-eval has them elsewhere.
    """
    path = upstream() / "minerva_math" / "utils.py"
    try:
        tree = ast.parse(path.read_text("utf-8"))
        (found,) = (
            node.body[-1]
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == "list_fewshot_samples"
        )
        assert isinstance(found, ast.Return)
        assert found.value is not None
        samples: list[dict[str, Any]] = ast.literal_eval(found.value)
    except (OSError, ValueError, AssertionError) as error:
        raise InputError(f"{path} holds no worked examples ({error}); install lm-eval 0.4.13") from error
    return samples


@functools.lru_cache(maxsize=4096)  # solutions are read again for every model
def _parsed(text: str) -> tuple[Any, ...]:
    from math_verify import parse

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it writes whole replies into its warnings
    # Text that cannot be encoded or printed stops sympy's tokenizer, not the judgement.
    plain = text[-_LONGEST:].encode("utf-8", "replace").decode().replace("\0", " ")
    return tuple(parse(plain, parsing_timeout=_SECONDS))
