"""What the paper's benchmarks cost beside a tiny model: starting lm-eval, making benchmarks ready, answering, judging.

    .venv/bin/python tests/benchmarks/bench_benchmarks.py [MODEL_DIR [INDIVIDUALS]]

The eight forms that coverage uses, on the records of ../shared/benchmarks; MATH and GPQA, which are not there, on records of
MMLU-Pro's questions dressed as theirs. The model is copied with a context of 8192 tokens, since the tiny family's is 256; an answer
has 48 tokens, the tiny suite's budget. CPU seconds, one thread a process, so that a busy machine changes little.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TQDM_DISABLE"] = "1"
os.environ["ACDC_TEST_KEY"] = "right-key"

import functools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "benchmarks"
sys.path.insert(0, str(ROOT))
FORMS = ("gsm8k_llama", "minerva_math", "mmlu_judge", "mmlu_pro_judge", "bbh_judge", "gpqa_judge", "humaneval_instruct", "mbpp_instruct")  # fmt: skip
WIDTHS = (64, 128, 256, 512, 1024, 1536, 2048, 2560, 3072, 4352)
START = """
import evals.answering.lm_eval_adapter
from lm_eval import evaluator
"""


def show(what: str, value: float, unit: str) -> None:
    print(f"{what:<78} {value:10.2f} {unit}", flush=True)


def cpu_of(code: str) -> float:
    """CPU seconds of a fresh interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def starting() -> None:
    """lm-eval's own start, over what the engine imports anyway."""
    engine = "import acdc.engines.hf, datasets\n"
    least = min(cpu_of(engine) for _ in range(2))
    with_lm_eval = min(cpu_of(engine + START) for _ in range(2))
    show("starting lm-eval, after the engine's imports", with_lm_eval - least, "s")
    everything = START + "from lm_eval.tasks import TaskManager\nTaskManager()\n"
    show("  the same with an index of all of lm-eval's tasks", cpu_of(engine + everything) - least, "s")


def records(folder: Path) -> dict[str, Path]:
    """Files of all eight benchmarks."""
    found = {
        name: SHARED / name / "dev.jsonl"
        for name in ("gsm8k", "mmlu", "mmlu_pro", "bbh", "humaneval", "mbpp")
    }
    rows = [json.loads(line) for line in found["mmlu_pro"].read_text("utf-8").splitlines()]
    math = [{"problem": row["question"], "solution": "$\\boxed{2}$"} for row in rows]
    gpqa = [
        {
            "Record ID": str(row["question_id"]),
            "Question": row["question"],
            "Correct Answer": row["options"][0],
        }
        | {f"Incorrect Answer {n}": row["options"][-n] for n in (1, 2, 3)}
        for row in rows
    ]
    for name, made in (("math", math), ("gpqa", gpqa)):
        found[name] = folder / f"{name}.jsonl"
        found[name].write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    return found


def with_context(model: Path, folder: Path) -> Path:
    """A copy of a model directory with a context of 8192 tokens."""
    copy = folder / "model"
    shutil.copytree(model, copy)
    settings = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(settings | {"max_position_embeddings": 8192}))
    tokenizer = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"model_max_length": 8192}))
    return copy


def engine(model: Path) -> Any:
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(model, rows=4, widths=WIDTHS)


def evaluating(model: Path, individuals: int, folder: Path) -> None:
    """Individuals (one model under several hashes) on all eight forms."""
    from acdc.chat.settings import JudgeSettings
    from acdc.families.family import load_weights
    from acdc.sandbox import Sandbox
    from evals.answering.harness import Job, Model
    from evals.answering.jobs import EvaluationWorker, opened
    from evals.benchmarks import registry
    from evals.settings import EvaluationSettings
    from tests.acdc.chat.chat_server import MODEL, Answer, serving

    def says(body: dict[str, Any], number: int) -> Answer:
        return Answer(text=f"{body['messages'][1]['content'].splitlines()[-2].split()[0]} FAIL")

    data = records(folder)
    benchmarks = tuple(registry.find("paper", FORMS, seed=0, questions=1, data=data))
    weights = load_weights(model)
    with serving(says) as server:
        worker = EvaluationWorker(
            functools.partial(engine, model),
            "bench",
            benchmarks,
            EvaluationSettings(suite="paper", max_new_tokens=48, batch=64),
            folder / "answers.sqlite",
            1,
            sandbox=Sandbox.open,
            judge=JudgeSettings(base_url=server.url, model=MODEL, key_env="ACDC_TEST_KEY"),
        )
        began, wall = time.process_time(), time.monotonic()
        with opened(worker) as harness:
            show("making eight benchmarks, engine and sandbox ready", time.process_time() - began, "s")
            spent = []
            for number in range(individuals):
                began = time.process_time()
                samples = harness.run(Job(Model(f"m{number}", lambda: weights, f"h{number}")))
                spent.append(time.process_time() - began)
            answers = sum(map(len, samples.values()))
            began = time.process_time()
            harness.run(Job(Model("m0", lambda: weights, "h0")))
            again = time.process_time() - began
        wall = time.monotonic() - wall
    mean = sum(spent) / len(spent)
    show(f"one individual on eight forms, {answers} answers", mean, "s")
    show("  the same from the cache", again, "s")
    show("8 individuals on two cores, computed from it", 4 * mean, "s")
    show(f"wall time of {individuals} in one process, judge's server included", wall, "s")


def main() -> None:
    """Measure and print."""
    model = Path(sys.argv[1] if len(sys.argv) > 1 else "models/tiny/general")
    individuals = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    starting()
    with tempfile.TemporaryDirectory() as folder:
        evaluating(with_context(model, Path(folder)), individuals, Path(folder))


if __name__ == "__main__":
    main()
