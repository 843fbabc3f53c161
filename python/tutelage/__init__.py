"""tutelage: small language models, trained from human judgement, with the same bytes everywhere."""

from . import env, io, nn, ops, optim, prefs, reward, rl, text, train
from ._core import (
    ConfigError,
    Error,
    IndexError,
    IoError,
    NumericError,
    ShapeError,
    StateError,
    Stopped,
    Tensor,
    Tensor64,
    ValueError,
    __version__,
    gradcheck,
    isa,
    num_threads,
    peak_memory,
    set_num_threads,
)
from .autograd import GradAccumulator, value_and_grad

__all__ = [
    "ConfigError", "Error", "GradAccumulator", "IndexError", "IoError", "NumericError", "ShapeError", "StateError", "Stopped", "Tensor", "Tensor64",
    "ValueError", "__version__", "env", "gradcheck", "io", "isa", "nn", "num_threads", "ops", "optim", "peak_memory", "prefs", "reward", "rl",
    "set_num_threads", "text", "train", "value_and_grad",
]
