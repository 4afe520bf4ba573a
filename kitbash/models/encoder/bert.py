"""BERT's encoder in numpy (Devlin et al., "BERT", 2019), as MiniLM and most small sentence encoders are built.

Weights are float32; one text of ten tokens takes a few milliseconds through six layers of 384.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kitbash.models.encoder.folder import Config

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Tensors = Callable[[str, tuple[int, ...]], Floats]
"""Gives a tensor by name, checked to have a shape."""

_MASKED: Final = np.float32(-1e9)
_ERF: Final = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        return x @ self.weight + self.bias


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Floats
    bias: Floats
    epsilon: np.float32

    def __call__(self, x: Floats) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + self.epsilon) * self.weight + self.bias


@dataclass(frozen=True, slots=True)
class _Layer:
    attends: _Linear
    """query, key and value side by side"""
    attended: _Linear
    attended_norm: _Norm
    widens: _Linear
    narrows: _Linear
    norm: _Norm


class Bert:
    """The weights, and one way through them."""

    def __init__(self, config: Config, tensors: Tensors) -> None:
        """Take every tensor that is needed. Raises what `tensors` raises for one that is missing or misshapen."""
        size, wide = config.hidden_size, config.intermediate_size
        epsilon = np.float32(config.layer_norm_eps)

        def linear(name: str, out: int, into: int) -> _Linear:
            weight = tensors(f"{name}.weight", (out, into))
            return _Linear(np.ascontiguousarray(weight.T), tensors(f"{name}.bias", (out,)))

        def norm(name: str) -> _Norm:
            return _Norm(tensors(f"{name}.weight", (size,)), tensors(f"{name}.bias", (size,)), epsilon)

        self._heads = config.num_attention_heads
        self._words = tensors("embeddings.word_embeddings.weight", (config.vocab_size, size))
        positions = tensors("embeddings.position_embeddings.weight", (config.max_position_embeddings, size))
        # All tokens are of the first of BERT's two segments.
        self._positions = positions + tensors("embeddings.token_type_embeddings.weight", (-1, size))[0]
        self._norm = norm("embeddings.LayerNorm")
        self._layers: list[_Layer] = []
        for number in range(config.num_hidden_layers):
            at = f"encoder.layer.{number}"
            parts = [linear(f"{at}.attention.self.{part}", size, size) for part in ("query", "key", "value")]
            attends = _Linear(
                np.concatenate([it.weight for it in parts], axis=1), np.concatenate([it.bias for it in parts])
            )
            self._layers.append(
                _Layer(
                    attends,
                    linear(f"{at}.attention.output.dense", size, size),
                    norm(f"{at}.attention.output.LayerNorm"),
                    linear(f"{at}.intermediate.dense", wide, size),
                    linear(f"{at}.output.dense", size, wide),
                    norm(f"{at}.output.LayerNorm"),
                )
            )

    def tokens(self, ids: Ids, mask: Ids) -> Floats:
        """Return a vector for each token, (texts, tokens, size); what the mask leaves out is looked at by none."""
        unseen = np.where(mask, np.float32(0), _MASKED)[:, None, None, :].astype(np.float32)
        x = self._norm(self._words[ids] + self._positions[: ids.shape[1]])
        for layer in self._layers:
            x = layer.attended_norm(x + layer.attended(self._attention(layer.attends(x), unseen)))
            x = layer.norm(x + layer.narrows(gelu(layer.widens(x))))
        return x

    def _attention(self, attends: Floats, unseen: Floats) -> Floats:
        texts, tokens, thrice = attends.shape
        each = thrice // 3 // self._heads
        split = attends.reshape(texts, tokens, 3, self._heads, each).transpose(2, 0, 3, 1, 4)
        query, key, value = split[0], split[1], split[2]
        scores = query @ key.swapaxes(-1, -2) / np.float32(np.sqrt(each)) + unseen
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, thrice // 3)


def gelu(x: Floats) -> Floats:
    """Return the Gaussian error linear unit, erf by Abramowitz and Stegun 7.1.26: within 2e-7 of the exact one."""
    scaled = x * np.float32(np.sqrt(0.5))
    size = np.abs(scaled)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.zeros_like(t)
    for factor in reversed(_ERF):
        series = (series + np.float32(factor)) * t
    erf = np.copysign(1 - series * np.exp(-size * size), scaled)
    return np.float32(0.5) * x * (1 + erf)
