"""Benchmarks answered: prompts by lm-eval, answers by an engine or an endpoint, replies kept by content.

Promises: an answer depends on weights, prompt and sampling alone, is paid for once, and is found again after an interruption.
Door: evaluate_taskforce.py and jobs.py (the stages), harness.py and benchmark_run.py (one benchmark), answer_cache.py, samples.py
(answers read back), api_model.py and api_ledger.py (endpoints), rescore.py (replies judged again), evaluation_workers.py.
"""

__all__ = [
    "answer_cache",
    "api_ledger",
    "api_model",
    "benchmark_run",
    "evaluate_taskforce",
    "evaluation_workers",
    "group_benchmark_run",
    "harness",
    "jobs",
    "judged_answers",
    "lm_eval_adapter",
    "preload",
    "prompt_tokens",
    "rescore",
    "samples",
]
