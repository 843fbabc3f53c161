"""Models of the Llama family and their adapters, from a seed, by tutelage's names; NumPy only, so that both sides read the same."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    name: str
    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    intermediate_size: int
    batch: int
    length: int


SHAPES = {s.name: s for s in (Shape("7M", 4096, 256, 6, 8, 4, 704, 8, 128), Shape("135M", 49152, 576, 30, 9, 3, 1536, 4, 128))}  # 135M: SmolLM2's
RANK = 8


def weights(shape):
    """Name -> (out, in) or (C,)."""
    rng, c, f, found = np.random.default_rng(0), shape.hidden_size, shape.intermediate_size, {}
    kv = shape.num_kv_heads * (c // shape.num_heads)

    def normal(*size):
        return rng.standard_normal(size, dtype=np.float32) * np.float32(0.02)

    found["token_embedding"] = normal(shape.vocab_size, c)
    for i in range(shape.num_layers):
        b = f"blocks.{i}."
        found |= {b + "norm1_gain": np.ones(c, np.float32), b + "qkv_weight": normal(c + 2 * kv, c), b + "out_weight": normal(c, c),
                  b + "norm2_gain": np.ones(c, np.float32), b + "gate_weight": normal(f, c), b + "up_weight": normal(f, c),
                  b + "down_weight": normal(c, f)}
    found["norm_gain"] = np.ones(c, np.float32)
    return found


def adapter(shape):
    """adapter.blocks.I.MODULE.a (R, in) and .b (out, R)."""
    rng, c, f, found = np.random.default_rng(2), shape.hidden_size, shape.intermediate_size, {}
    kv = shape.num_kv_heads * (c // shape.num_heads)
    sizes = {"q": (c, c), "k": (c, kv), "v": (c, kv), "out": (c, c), "gate": (c, f), "up": (c, f), "down": (f, c)}
    for i in range(shape.num_layers):
        for name, (inner, out) in sizes.items():
            for factor, size in (("a", (RANK, inner)), ("b", (out, RANK))):
                found[f"adapter.blocks.{i}.{name}.{factor}"] = rng.standard_normal(size, dtype=np.float32) * np.float32(0.02)
    return found


def tokens(shape):
    return np.random.default_rng(1).integers(0, shape.vocab_size, (shape.batch, shape.length))
