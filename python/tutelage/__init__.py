"""tutelage: small language models, trained from human judgement, with the same bytes everywhere."""

from . import env, io, nn, ops, optim, prefs, reward, rl, text, train
from ._core import (
    ConfigError,
    Error,
    ExchangeError,
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
    from_dlpack,
    gradcheck,
    isa,
    num_threads,
    peak_memory,
    set_num_threads,
)
from .autograd import GradAccumulator, value_and_grad

__all__ = [
    "ConfigError", "Error", "ExchangeError", "GradAccumulator", "IndexError", "IoError", "NumericError", "ShapeError", "StateError", "Stopped", "Tensor", "Tensor64",
    "ValueError", "__version__", "env", "from_dlpack", "gradcheck", "io", "isa", "nn", "num_threads", "ops", "optim", "peak_memory", "prefs", "reward", "rl",
    "runs", "set_num_threads", "text", "train", "value_and_grad",
]


def __getattr__(name):
    if name == "runs":  # loaded where it is used
        import importlib

        return importlib.import_module(".runs", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
