"""What is done inside vLLM's worker processes, beside the model: vLLM mixes this class into its worker by name.

Everything here touches insides of vLLM that differ between versions; `vllm_adapter.py` says which versions are known.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


class SwapWorker:
    """Methods that vLLM's worker gets, called by name through `collective_rpc`."""

    model_runner: Any

    def acdc_renew_heads(self) -> int:
        """Prepare output heads again that share the embedding's weight; how many there were.

        A tied head has no weight of its own in a checkpoint, so a reload passes it by; on a CPU it multiplies with a
        packed copy, which then still holds the old weights.
        """
        renewed = 0
        for head in _tied_heads(self.model_runner.get_model()):
            head.quant_method.process_weights_after_loading(head)
            renewed += 1
        return renewed

    def acdc_sample(self, names: list[str], count: int) -> dict[str, tuple[list[int], list[float]]]:
        """Shape and evenly spaced values of the parameters of these names, where the model has them under the name."""
        parameters: Mapping[str, Tensor] = dict(self.model_runner.get_model().named_parameters())
        return {
            name: (list(parameters[name].shape), spaced(parameters[name], count))
            for name in names
            if name in parameters
        }

    def acdc_head(self, vector: list[float], rows: list[int]) -> list[float]:
        """The head's logits of these vocabulary rows for a given hidden state."""
        import torch

        model = self.model_runner.get_model()
        weight = next(model.parameters())
        hidden = torch.tensor([vector], dtype=weight.dtype, device=weight.device)
        with torch.inference_mode():
            logits = model.compute_logits(hidden)
        # With tensor parallelism only the first rank has them all.
        return [] if logits is None else [float(value) for value in logits[0, rows].float().cpu()]


def spaced(tensor: "Tensor", count: int) -> list[float]:
    """At most `count` values of a tensor, evenly spaced over all of them, as float."""
    flat = tensor.detach().reshape(-1)
    step = max(1, flat.numel() // count)
    return [float(value) for value in flat[::step][:count].float().cpu()]


def _tied_heads(model: Any) -> Iterator[Any]:
    from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead, VocabParallelEmbedding

    embeddings = {
        module.weight.data_ptr()
        for module in model.modules()
        if isinstance(module, VocabParallelEmbedding) and not isinstance(module, ParallelLMHead)
    }
    for module in model.modules():
        if isinstance(module, ParallelLMHead) and module.weight.data_ptr() in embeddings:
            yield module
