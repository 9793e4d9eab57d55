"""A benchmark made ready once: its questions with their final prompts, and lm-eval's verdict on any set of replies.

lm-eval renders its Jinja templates anew for every question of every model, 40 of the 45 ms that 64 questions take; here
each template is rendered once and lm-eval is given the results, which leaves about 4 ms.
"""

import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acdc.engines.engine import Sampling
from acdc.errors import InfrastructureError, InputError, expected
from acdc.parsing.validation import nearest
from evals.answering.answer_cache import Reply
from evals.benchmarks.registry import Benchmark, Row

if TYPE_CHECKING:
    from acdc.judging.judge import Question as Judged

Record = dict[str, Any]
_JUDGES = ("lm-eval", "sandbox", "judge")
_FEWSHOT_SEED = 1234  # lm-eval's own default
_OPTIONS_SEED = 0  # lm-eval's own default for Python's generator, from which upstream shuffles options
ASKED = ("question", "problem", "text", "input", "prompt")
"""What published benchmarks call a question."""
WITHHELD = "[withheld: this benchmark's text is not to be published]"


@dataclass(frozen=True)
class Question:
    """One question as every model reads it.

    Attributes:
        id: Unique within the benchmark.
        prompt: The final text, chat template applied.
    """

    id: str
    prompt: str


class BenchmarkRun:
    """A benchmark in this process. Building it imports lm-eval.

    Args:
        benchmark: Which.
        chat: `Engine.chat` of the engine that will answer.
        template: Fingerprint of that chat template.
        max_new_tokens: Token budget; None: the YAML's `metadata.budget`, else its `max_gen_toks`.

    Raises:
        InputError: The YAML or the questions are faulty; the message names the file.
        InfrastructureError: The YAML names data of a hub that can't be reached.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        chat: Callable[[str, str], str],
        template: str,
        max_new_tokens: int | None = None,
    ) -> None:
        from evals.answering.lm_eval_adapter import AnsweredLM

        self.benchmark = benchmark
        self._lm = AnsweredLM(chat, template)
        self._task = _load(benchmark)
        self._docs: list[Row] = _questions(self._task)
        ids = _ids(self._docs, benchmark)
        _refuse_examples(self._task, self._docs, ids, benchmark)
        _render_once(self._task, dict(zip(ids, self._docs, strict=True)), benchmark)
        _keep(self._task, self._docs)
        metadata = {**(self._task.config.metadata or {}), **benchmark.metadata}
        self.scored_by: str = metadata.get("scored_by", "lm-eval")
        if self.scored_by not in _JUDGES:
            raise InputError(
                f"{benchmark.yaml}: `metadata.scored_by` is {self.scored_by!r}; {nearest(self.scored_by, _JUDGES)}"
            )
        self.withheld = bool(metadata.get("withheld"))
        filters = [filter.name for filter in self._task._filters]
        self._filter: str = metadata.get("filter") or filters[0]
        if self._filter not in filters:
            raise InputError(
                f"{benchmark.yaml}: `metadata.filter` names {self._filter!r}, and `filter_list` has {', '.join(filters)}"
            )
        self._metric: str = metadata.get("metric") or next(iter(self._task._metric_fn_list))
        self.questions = [Question(id, prompt) for id, prompt in zip(ids, self._prompts(), strict=True)]
        self._generation = dict(self._task.config.generation_kwargs or {})
        self._budget = max_new_tokens or int(
            metadata.get("budget") or self._generation.get("max_gen_toks", 256)
        )

    def sampling(self, temperature: float, top_p: float) -> Sampling:
        """How this benchmark's answers are made at a temperature; 0 is greedy."""
        until = self._generation.get("until") or ()
        stop = (until,) if isinstance(until, str) else tuple(until)
        return Sampling(temperature, top_p if temperature > 0 else 1.0, self._budget, stop)

    def grade(self, replies: Sequence[Reply | None]) -> list[Record]:
        """lm-eval's verdicts.

        Args:
            replies: One per question, in the order of `questions`; None where infrastructure failed.

        Returns:
            lm-eval's sample records of the deciding filter, with `question_id`, `question_hash`, `finish`, `tokens`,
            `prompt_tokens`, `mean_logprob`, `self_certainty` (:class:`evals.answering.answer_cache.Reply`) and `correct` (None: missing,
            which is neither right nor wrong).
        """
        from lm_eval import evaluator

        self._lm.replies = ["" if reply is None else reply.text for reply in replies]
        self._task.set_fewshot_seed(_FEWSHOT_SEED)
        result = evaluator.evaluate(
            self._lm,
            {"tasks": {self.benchmark.name: self._task}},
            bootstrap_iters=0,
            apply_chat_template=True,
        )
        records = [
            record for record in result["samples"][self.benchmark.name] if record["filter"] == self._filter
        ]
        for record, question, reply in zip(records, self.questions, replies, strict=True):
            if record["arguments"][0][0] != question.prompt:
                raise InfrastructureError(
                    f"{self.benchmark.name}, {question.id}: the prompt changed after it was answered"
                )
            record["question_id"] = question.id
            record["question_hash"] = record["doc_hash"][:16]
            record["finish"] = None if reply is None else reply.finish
            record["tokens"] = 0 if reply is None else reply.tokens
            record["prompt_tokens"] = 0 if reply is None else reply.prompt_tokens
            record["mean_logprob"] = None if reply is None else reply.mean_logprob
            record["self_certainty"] = None if reply is None else reply.self_certainty
            record["correct"] = None if reply is None else self._right(record)
            if self.scored_by != "lm-eval":  # its metric means nothing for an open answer or a program
                record.pop(self._metric, None)
                record |= {"metrics": [f"{self.scored_by}_pass"], f"{self.scored_by}_pass": None}
            if self.withheld:
                self._withhold(record, question)
        return records

    def open_answers(self, replies: Sequence[Reply | None]) -> list["Judged | None"]:
        """What a judge model is asked about replies, in the order of `questions`; None where there is no reply."""
        from evals.answering.judged_answers import asked

        return [
            None
            if reply is None
            else asked(question.id, str(doc["question"]), str(doc["target"]), reply.text)
            for question, doc, reply in zip(self.questions, self._docs, replies, strict=True)
        ]

    def _withhold(self, record: Record, question: Question) -> None:
        record |= {"doc": {"id": question.id}, "arguments": [[WITHHELD, {}]], "resps": [[WITHHELD]]}
        if self.scored_by == "judge":  # elsewhere these are letters
            record |= {"target": WITHHELD, "filtered_resps": [WITHHELD]}

    def _right(self, record: Record) -> bool | None:
        if self.scored_by in ("sandbox", "judge"):
            return None  # the harness runs the programs and asks the judge
        if self._metric not in record:
            raise InputError(
                f"{self.benchmark.yaml}: lm-eval reports no metric {self._metric!r} (`metadata.metric`)"
            )
        return float(record[self._metric]) >= 0.5

    def _prompts(self) -> list[str]:
        self._task.set_fewshot_seed(_FEWSHOT_SEED)
        self._task.build_all_requests(
            apply_chat_template=True,
            chat_template=self._lm.apply_chat_template,
            tokenizer_name=self._lm.tokenizer_name,
        )
        by_doc: dict[int, str] = {}
        for instance in self._task.instances:
            if instance.request_type != "generate_until":
                self._lm.loglikelihood([instance])
            by_doc[instance.doc_id] = instance.args[0]
        return [by_doc[index] for index in range(len(self._docs))]


def _load(benchmark: Benchmark) -> Any:
    """The lm-eval task with its questions."""
    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # it warns of every default a YAML leaves to it
    overrides: dict[str, Any] = {"task": benchmark.name}
    if benchmark.rows is not None:
        rows = benchmark.rows
        pools = benchmark.pools or dict
        split = benchmark.metadata.get("split", "test")
        overrides["custom_dataset"] = lambda **_: _dataset({split: rows(), **pools()})
    if not benchmark.yaml.is_file():
        raise InputError(f"benchmark {benchmark.name}: there is no {benchmark.yaml}")
    from jinja2 import TemplateError
    from lm_eval.tasks import TaskManager
    from lm_eval.tasks._index import TaskIndex

    try:
        entry = TaskIndex.entry_from_path(benchmark.yaml)
        if entry is None or entry.name != benchmark.name:
            raise InputError(f"{benchmark.yaml} does not define `task: {benchmark.name}`")
        manager = TaskManager(include_defaults=False)
        manager.task_index[benchmark.name] = entry  # only what is used: a folder of upstream's has dozens
        # Overrides of a registered task are taken from inside a group only.
        return manager.load({"group": "suite", "task": [overrides]})["tasks"][benchmark.name]
    except TemplateError as error:  # lm-eval tries the first record as it makes the task
        raise InputError(
            f"{benchmark.name}: the task cannot make a question from its first record ({error}); check the record's fields"
        ) from error
    except ImportError as error:
        raise InputError(
            f"{benchmark.yaml}: its task needs a package that is not installed: {error}"
        ) from error
    except FileNotFoundError as error:
        raise InputError(f"{benchmark.yaml}: the data set that it names does not exist ({error})") from error
    except ConnectionError as error:  # a task file of one's own may name a data set of a hub
        raise InfrastructureError(
            f"{benchmark.yaml}: the data that it names can't be fetched ({error}); have its records in a file of your own "
            "and give it by `metadata.data` and evaluation.data"
        ) from error
    except Exception as error:
        if expected(error):
            raise
        raise InputError(
            f"{benchmark.yaml}: lm-eval can't make a task of it ({type(error).__name__}: {error}); "
            "see that its `metric_list` and `filter_list` name what lm-eval has"
        ) from error


def _dataset(splits: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    from datasets import Dataset

    return {split: Dataset.from_list(list(questions)) for split, questions in splits.items()}


def _questions(task: Any) -> list[Row]:
    """The task's questions; options are in the same order in every process, whatever drew from Python's generator before."""
    state = random.getstate()
    random.seed(_OPTIONS_SEED)
    try:
        return [dict(doc) for doc in task.eval_docs]
    finally:
        random.setstate(state)


def _keep(task: Any, docs: list[Row]) -> None:
    """Lets the task have its questions as they are now: reading a Dataset's rows costs more than judging them, and
    upstream's processing of them may shuffle options each time.
    """
    config = task.config
    if config.process_docs is not None and config.num_fewshot:
        return  # the examples are processed by the same function
    split = config.test_split if task.has_test_docs() else config.validation_split
    task.dataset = {**task.dataset, split: docs}
    config.process_docs = None


def _ids(docs: Sequence[Row], benchmark: Benchmark) -> list[str]:
    ids = [str(doc.get("id", index)) for index, doc in enumerate(docs)]
    refuse_repeated(ids, benchmark)
    return ids


def refuse_repeated(ids: Sequence[str], benchmark: Benchmark) -> None:
    """Raises InputError where two questions share an id."""
    repeated = sorted(id for id, count in Counter(ids).items() if count > 1)
    if repeated:
        raise InputError(f"{benchmark.yaml}: two questions share the id {repeated[0]!r}")


def _refuse_examples(task: Any, docs: Sequence[Row], ids: Sequence[str], benchmark: Benchmark) -> None:
    """Raises InputError where a question is one of the worked examples: then the records are of another split."""
    asked = task.config.test_split if task.has_test_docs() else task.config.validation_split
    if (
        not task.config.num_fewshot or task.fewshot_cfg.split == asked
    ):  # then lm-eval leaves out the one that is asked
        return
    shots = [dict(shot) for shot in task.sampler.fewshot_docs()]
    for field in ASKED:
        shown = {str(shot[field]).strip() for shot in shots if shot.get(field)}
        for id, doc in zip(ids, docs, strict=True):
            if str(doc.get(field, "")).strip() in shown:
                raise InputError(
                    f"{benchmark.name}: question {id} is one of the worked examples, so its records are not of the split that is "
                    "asked; take the test split, or leave this record out"
                )


def _filled(render: Callable[[Row], Any], doc: Row, id: str, benchmark: Benchmark) -> Any:
    """A template of the task filled with a record; raises InputError where it is not as the template wants it."""
    from jinja2 import TemplateError

    try:
        return render(doc)
    except (TemplateError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{benchmark.name}: the task cannot make a question from record {id} ({error}); check the record's fields"
        ) from error


def _render_once(task: Any, docs: Mapping[str, Row], benchmark: Benchmark) -> None:
    """Replace the task's templates by tables of what they give for its questions, by id, few-shot examples included."""

    def key(doc: Row) -> str:
        return json.dumps(doc, sort_keys=True, default=str)

    def frozen(render: Callable[[Row], Any]) -> Callable[[Row], Any]:
        table = {key(doc): _filled(render, doc, id, benchmark) for id, doc in docs.items()}
        return lambda doc: table[key(doc)]

    if not (task.config.num_fewshot or 0):  # few-shot examples need the templates for other questions
        task.config.doc_to_text = frozen(task.doc_to_text)
        task.config.doc_to_target = frozen(task.doc_to_target)
        return
    for (
        id,
        doc,
    ) in (
        docs.items()
    ):  # the context is made by the engine's own chat, too, whose bugs are no fault of a record
        _filled(task.doc_to_text, doc, id, benchmark)
    contexts: dict[str, Any] = {}
    render_context = task.fewshot_context

    def context(doc: Row, *args: Any, **options: Any) -> Any:
        # The seed of the examples is set anew before every pass, so that a question always gets the same ones.
        if (place := key(doc)) not in contexts:
            contexts[place] = render_context(doc, *args, **options)
        return contexts[place]

    task.fewshot_context = context
