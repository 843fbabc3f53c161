"""Differentiable functions of tensors or NumPy arrays, float32 or float64; the two are never mixed."""

from ._core import ops as _ops

globals().update({name: getattr(_ops, name) for name in dir(_ops) if not name.startswith("_")})
__all__ = [name for name in dir(_ops) if not name.startswith("_")]
