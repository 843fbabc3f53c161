"""Gradients of Python functions over tensors."""

import numpy as np

from . import _core


def _flatten(tree, leaves):
    """Collects the tensors of nested dicts, lists, tuples and transformers; returns a function that puts others in their places."""
    if isinstance(tree, (_core.Tensor, _core.Tensor64)):
        leaves.append(tree)
        return lambda values: next(values)
    if isinstance(tree, np.ndarray) or np.isscalar(tree):
        array = np.asarray(tree)
        kind, dtype = (_core.Tensor, np.float32) if array.dtype == np.float32 else (_core.Tensor64, np.float64)
        leaves.append(kind(np.array(array, dtype, order="C")))  # a copy: the caller may go on writing to it
        return lambda values: next(values)
    if isinstance(tree, dict):
        parts = {key: _flatten(value, leaves) for key, value in tree.items()}
        return lambda values: {key: part(values) for key, part in parts.items()}
    if isinstance(tree, (list, tuple)):
        parts = [_flatten(value, leaves) for value in tree]
        return lambda values: type(tree)(part(values) for part in parts)
    if isinstance(tree, (_core.Transformer, _core.MLP)):
        part = _flatten(tree.parameters(), leaves)
        return lambda values: tree.with_parameters(part(values))
    raise _core.ValueError(
        f"value_and_grad: params hold something that is not a tensor: got {type(tree).__name__}, "
        "expected tensors, arrays, dicts, lists, an MLP or a Transformer."
    )


class GradAccumulator:
    """The gradient of a step that is cut into micro-batches: the cut does not show in the result.

    `params` is a tensor, array, dict, list, tuple, MLP or Transformer, nested as you like. `add(f, items)` calls `f(params, items)`, which returns the
    loss's terms (any shape; the loss is their sum), each already divided by the step's count. `finish()` gives (value, gradients like params).
    """

    def __init__(self, params):
        self._leaves = []
        self._build = _flatten(params, self._leaves)
        if not self._leaves:
            raise _core.ValueError("GradAccumulator: params hold no tensor: got nothing, expected at least one.")
        kind = type(self._leaves[0])
        if any(type(leaf) is not kind for leaf in self._leaves):
            raise _core.ValueError("GradAccumulator: params mix float32 and float64: got both, expected one.")
        self._acc = (_core.Accumulators if kind is _core.Tensor else _core.Accumulators64)(self._leaves)

    def add(self, f, items):
        self._acc.add(self._leaves, lambda leaves: f(self._build(iter(leaves)), items))

    def finish(self):
        grads = self._acc.finish()
        return self._acc.value, self._build(iter(grads))


def value_and_grad(f, params):
    """(value, gradients) of f(params): the value is the sum of what f returns, the gradients have the structure of params."""
    acc = GradAccumulator(params)
    acc.add(lambda p, _: f(p), None)
    return acc.finish()
