"""What decides how the tiny family is trained. Values were chosen on in-distribution accuracy and time alone."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from acdc.parsing.section import Section
from acdc.tiny.skills import SKILLS

Steps = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, le=1)]


class Shape(Section):
    """Size of a Llama with tied embeddings over the 260 tokens of :mod:`acdc.tiny.tokenizer`."""

    hidden: Steps = 96
    layers: Steps = 2
    heads: Steps = 4
    intermediate: Steps = 256
    rope_theta: float = Field(default=1000.0, gt=1)

    @model_validator(mode="after")
    def _heads_divide_hidden(self) -> Self:
        if self.hidden % (2 * self.heads):
            raise ValueError(f"hidden ({self.hidden}) must be a multiple of twice the heads ({self.heads})")
        return self


class TinySettings(Section):
    """The embedded family: six models, shipped or trained from scratch.

    `from: shipped` (the default) takes the weights that ship with the package, where no other setting here is changed; `from: scratch`
    trains. Changed settings always train. The general seed and the three experts go on from the base, with equal budgets: the general seed on all skills, an
    expert on its own domain.
    """

    model_config = ConfigDict(populate_by_name=True)

    origin: Literal["shipped", "scratch"] = Field(default="shipped", alias="from")
    seed: int = Field(default=0, ge=0)
    shape: Shape = Shape()
    big_shape: Shape = Shape(hidden=192, layers=2, heads=4, intermediate=576)
    batch: Steps = 64
    base_steps: Steps = 900
    tune_steps: Steps = 300
    big_steps: Steps = 1000
    muon_rate: Rate = 0.007
    embedding_rate: Rate = 0.002
    tune_factor: Rate = 0.5
    warmup_steps: int = Field(default=20, ge=0)
    decay_share: float = Field(default=0.5, gt=0, le=1)
    chain_share: float = Field(default=0.1, ge=0, lt=1)
    skill_shares: dict[str, float] = Field({
        "reverse": 1.5, "sort": 1.0, "shift": 0.7, "text_code": 0.4,
        "add": 3.0, "subtract": 3.0, "total": 2.0, "number_code": 0.4,
        "evens": 0.7, "unique": 1.5, "tidy": 0.6, "choose": 1.5,
    })  # fmt: skip
    measured_items: Steps = 50

    @model_validator(mode="after")
    def _skills_exist(self) -> Self:
        for name, share in self.skill_shares.items():
            if name not in SKILLS:
                raise ValueError(f"skill_shares names no skill: {name} (known: {', '.join(SKILLS)})")
            if share <= 0:
                raise ValueError(f"skill_shares.{name} must be positive, not {share}")
        return self
