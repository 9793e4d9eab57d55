import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from acdc.families.prepare import in_workers
from acdc.tiny import tokenizer
from acdc.tiny.family import MODELS, SEEDS, train_family
from acdc.tiny.questions import measured
from acdc.tiny.settings import Shape, TinySettings
from acdc.tiny.training import finished, plan, schedule
from acdc.tiny.transformer import initial

SHAPE = Shape(hidden=16, layers=1, heads=2, intermediate=16)
QUICK = TinySettings(
    shape=SHAPE, big_shape=SHAPE, batch=4, base_steps=3, tune_steps=2, big_steps=3, measured_items=2
)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("family") / "tiny"
    train_family(QUICK, out)
    return out


def weights(out: Path) -> dict[str, bytes]:
    return {name: (out / name / "model.safetensors").read_bytes() for name in MODELS}


class Trained:
    """Notes which models report steps before their last."""

    def __init__(self, stop_at: str = "") -> None:
        self.models: list[str] = []
        self._stop_at = stop_at

    def __call__(self, name: str, steps: int, of: int) -> None:
        self.models.append(name)
        if name == self._stop_at:
            raise KeyboardInterrupt


def changed(tmp_path: Path, family: Path, **settings: Any) -> list[str]:
    """The models whose weights files are new after training with other settings."""
    out = tmp_path / "tiny"
    shutil.copytree(family, out)
    before = {name: (out / name / "training.json").stat().st_ino for name in MODELS}
    train_family(QUICK.model_copy(update=settings), out)
    return [name for name in MODELS if (out / name / "training.json").stat().st_ino != before[name]]


def test_the_same_settings_give_the_same_bytes_also_in_worker_processes(family: Path, tmp_path: Path) -> None:
    train_family(QUICK, tmp_path / "tiny", train=functools.partial(in_workers, 2))
    assert weights(tmp_path / "tiny") == weights(family)
    assert (tmp_path / "tiny/family.json").read_bytes() == (family / "family.json").read_bytes()


def test_another_seed_gives_other_weights(family: Path, tmp_path: Path) -> None:
    train_family(QUICK.model_copy(update={"seed": 1}), tmp_path / "tiny")
    assert not set(weights(tmp_path / "tiny").values()) & set(weights(family).values())


def test_finished_models_are_kept(family: Path, tmp_path: Path) -> None:
    assert changed(tmp_path, family) == []


def test_a_setting_of_the_big_model_trains_only_that_again(family: Path, tmp_path: Path) -> None:
    assert changed(tmp_path, family, big_steps=4) == ["big"]


def test_a_longer_base_trains_all_that_descend_from_it_again(family: Path, tmp_path: Path) -> None:
    assert changed(tmp_path, family, base_steps=4) == ["base", *SEEDS]


def test_interrupted_training_goes_on_with_what_is_missing(family: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    with pytest.raises(KeyboardInterrupt):
        train_family(QUICK, out, progress=Trained(stop_at="strings"))
    assert not (out / "family.json").exists()
    kept = {name: (out / name / "training.json").stat().st_ino for name in ("base", "general")}
    train_family(QUICK, out)
    assert kept == {name: (out / name / "training.json").stat().st_ino for name in kept}
    assert weights(out) == weights(family)


def test_ctrl_c_ends_the_worker_processes_and_keeps_finished_models(family: Path, tmp_path: Path) -> None:
    import multiprocessing

    before = multiprocessing.active_children()
    with pytest.raises(KeyboardInterrupt):
        train_family(
            QUICK,
            tmp_path / "tiny",
            train=functools.partial(in_workers, 1),
            progress=Trained(stop_at="general"),
        )
    assert multiprocessing.active_children() == before
    jobs = plan(QUICK)
    assert [name for name in MODELS if finished(jobs[name], tmp_path / "tiny")] == ["base", "big"]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
def test_a_model_whose_file_is_damaged_is_trained_again(family: Path, tmp_path: Path, damage: Any) -> None:
    out = tmp_path / "tiny"
    shutil.copytree(family, out)
    path = out / "lists/model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    train_family(QUICK, out)
    assert weights(out) == weights(family)


def test_seeds_have_equal_budgets_and_descend_from_the_base(family: Path) -> None:
    jobs = plan(TinySettings())
    assert {(jobs[name].parent, jobs[name].steps, jobs[name].factor) for name in SEEDS} == {
        ("base", 300, 0.5)
    }
    written = json.loads((family / "family.json").read_text())
    assert written["seeds"] == {name: name for name in SEEDS}
    assert {name: facts["steps"] for name, facts in written["models"].items()} == {
        "base": 3, "general": 2, "strings": 2, "arithmetic": 2, "lists": 2, "big": 3,
    }  # fmt: skip


def test_the_big_model_has_four_to_eight_times_the_parameters() -> None:
    settings = TinySettings()
    big, small = (
        sum(weight.numel() for weight in initial(shape, torch.Generator()).values())
        for shape in (settings.big_shape, settings.shape)
    )
    assert 4 <= big / small <= 8


def test_transformers_generates_what_accuracy_is_measured_on(family: Path, tmp_path: Path) -> None:
    """Trained to recite one reply, the model must recite it through transformers as well."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from acdc.tiny.muon import Muon
    from acdc.tiny.training import measure, turns
    from acdc.tiny.transformer import logits

    item = measured(0, 1)["total"][0]
    learnt = load_file(family / "base/model.safetensors")
    for weight in learnt.values():
        weight.requires_grad_()
    muon = Muon(weight for weight in learnt.values() if weight.ndim == 2)
    batch, targets = turns([item])
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(logits(learnt, SHAPE, batch), targets)
        loss.backward()
        muon.step(0.02)
        for weight in learnt.values():
            weight.grad = None
    learnt = {name: weight.detach() for name, weight in learnt.items()}
    assert measure(learnt, SHAPE, {"total": [item]}) == {"total": 1.0}
    shutil.copytree(family / "base", tmp_path / "model")
    save_file(learnt, tmp_path / "model/model.safetensors", {"format": "pt"})
    text = AutoTokenizer.from_pretrained(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    prompt = text.apply_chat_template(
        [{"role": "user", "content": item.phrase}],
        add_generation_prompt=True, return_tensors="pt", return_dict=True,
    )  # fmt: skip
    out = model.generate(**prompt, max_new_tokens=48, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert out[-1] == tokenizer.EOS
    assert text.decode(out, skip_special_tokens=True) == item.reply


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    factors = [schedule(step, 100, warmup=10, decay_share=0.5) for step in range(100)]
    assert factors[0] == 0.1
    assert set(factors[9:50]) == {1.0}
    assert factors[75] == 0.5
    assert factors[99] == pytest.approx(0.02)


def test_shares_of_unknown_skills_are_refused() -> None:
    with pytest.raises(ValueError, match="names no skill: revers"):
        TinySettings(skill_shares={"revers": 1.0})
