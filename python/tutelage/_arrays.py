"""NumPy in and out for the formulas: the dtype is followed, float64 unless all arrays are float32."""

import numpy as np

from . import _core

_TENSORS = (_core.Tensor, _core.Tensor64)


def call(function, arrays, *options):
    """Calls a formula with `arrays` as tensors of one dtype (None: left out). Tensors in give tensors out, arrays give arrays."""
    tensors = [a for a in arrays if isinstance(a, _TENSORS)]
    if tensors:
        dtype = tensors[0].dtype
    else:
        given = [np.asarray(a) for a in arrays if a is not None]
        floats = [a.dtype for a in given if a.dtype.kind == "f"]
        dtype = np.float32 if floats and all(d == np.float32 for d in floats) else np.float64
    make = _core.Tensor if dtype == np.float32 else _core.Tensor64

    def convert(a):
        if isinstance(a, _TENSORS):
            return a
        return make(np.ascontiguousarray(np.zeros(0) if a is None else a, dtype=dtype))

    out = getattr(_core.formulas, function)(*[convert(a) for a in arrays], *options)
    return out if tensors else plain(out)


def plain(out):
    if isinstance(out, _TENSORS):
        return out.item() if out.shape == () else out.numpy()
    if isinstance(out, tuple):
        return tuple(plain(o) for o in out)
    return out
