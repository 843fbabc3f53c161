"""The four GPT-2 shapes, their work, and weights and data from a seed; NumPy only, so that every side reads the same."""

from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    name: str
    hidden_size: int
    num_layers: int
    num_heads: int
    length: int  # T
    batch: int  # B
    vocab_size: int

    @property
    def parameters(self):
        c = self.hidden_size
        return self.vocab_size * c + self.length * c + self.num_layers * (12 * c * c + 13 * c) + 2 * c

    @property
    def product_weights(self):
        """Numbers that a token is multiplied with: the blocks' matrices and the tied output matrix."""
        return self.num_layers * 12 * self.hidden_size**2 + self.vocab_size * self.hidden_size

    def forward_flops(self, tokens, context):
        """Of `tokens` tokens that attend to `context` others on average."""
        return tokens * (2 * self.product_weights + 4 * self.num_layers * self.hidden_size * context)

    def step_seconds(self, limits, threads):
        """Least time of a training step: three times the forward products at peak, then AdamW's pass (norm: 4 bytes a parameter; step: 28) from memory."""
        flops = 3 * self.forward_flops(self.batch * self.length, self.length / 2)
        return limits.seconds(flops, threads) + limits.memory_seconds(32 * self.parameters)

    def as_json(self):
        return asdict(self)


SHAPES = {s.name: s for s in (
    Shape("0.13M", 64, 2, 4, 64, 8, 256),
    Shape("0.96M", 128, 4, 4, 128, 16, 1024),
    Shape("6.9M", 256, 6, 8, 128, 8, 8192),
    Shape("124M", 768, 12, 12, 256, 2, 50257),
)}


def weights(shape, seed=0, spread=1.0):
    """Name -> float32 array, by tutelage's names, (out, in). GPT-2's initialisation; `spread` widens the embeddings and the matrices,
    so that the answers of an untrained model vary."""
    rng = np.random.default_rng(seed)
    c, found = shape.hidden_size, {}

    def normal(*size, std=0.02 * spread):
        return rng.standard_normal(size, dtype=np.float32) * np.float32(std)

    found["token_embedding"], found["position_embedding"] = normal(shape.vocab_size, c), normal(shape.length, c)
    for i in range(shape.num_layers):
        b, residual = f"blocks.{i}.", 0.02 * spread / (2 * shape.num_layers) ** 0.5
        found.update({
            b + "norm1_gain": np.ones(c, np.float32), b + "norm1_bias": np.zeros(c, np.float32),
            b + "qkv_weight": normal(3 * c, c), b + "qkv_bias": np.zeros(3 * c, np.float32),
            b + "out_weight": normal(c, c, std=residual), b + "out_bias": np.zeros(c, np.float32),
            b + "norm2_gain": np.ones(c, np.float32), b + "norm2_bias": np.zeros(c, np.float32),
            b + "up_weight": normal(4 * c, c), b + "up_bias": np.zeros(4 * c, np.float32),
            b + "down_weight": normal(c, 4 * c, std=residual), b + "down_bias": np.zeros(c, np.float32)})
    found["norm_gain"], found["norm_bias"] = np.ones(c, np.float32), np.zeros(c, np.float32)
    return found


def tokens(shape, batch=None, length=None, seed=1):
    """(batch, length) token ids."""
    return np.random.default_rng(seed).integers(0, shape.vocab_size, (batch or shape.batch, length or shape.length))
