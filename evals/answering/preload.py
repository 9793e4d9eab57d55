"""Imported once by the fork server, so that no worker pays for imports (seconds each)."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import datasets  # noqa: F401
import lm_eval.evaluator
import lm_eval.tasks  # noqa: F401
import torch  # noqa: F401
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: F401

import acdc.engines.hf  # noqa: F401
import evals.answering.benchmark_run
import evals.answering.lm_eval_adapter  # noqa: F401
