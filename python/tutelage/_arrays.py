"""NumPy in and out for the formulas: the dtype is followed, float64 unless all arrays are float32."""

import builtins

import numpy as np

from . import _core

TENSORS = (_core.Tensor, _core.Tensor64)


def array(function, a):
    """`a` as a NumPy array; a tensor and None stay. Raises ShapeError for rows of unequal length, ValueError for what is no number."""
    if a is None or isinstance(a, TENSORS):
        return a
    try:
        out = np.asarray(a)
    except builtins.ValueError as e:
        raise _core.ShapeError(f"{function}: rows differ in length: got {e}, expected a rectangular array. Pad it, and pass a mask.") from None
    if out.dtype.kind not in "fiub":
        raise _core.ValueError(f"{function}: not an array of numbers: got dtype {out.dtype}, expected floats or integers.")
    return out


def call(function, arrays, *options, mask=None):
    """Calls a formula with `arrays` as tensors of one dtype (None: left out). Tensors in give tensors out, arrays give arrays.

    NaN is a ValueError, but where `mask` is 0: there anything may stand.
    """
    if any(isinstance(o, float) and o != o for o in options):
        raise _core.ValueError(f"{function}: an option is not a number: got NaN, expected a number.")
    arrays = [array(function, a) for a in arrays]
    tensors = [a for a in arrays if isinstance(a, TENSORS)]
    if tensors:
        dtype = tensors[0].dtype
    else:
        floats = [a.dtype for a in arrays if a is not None and a.dtype.kind == "f"]
        dtype = np.float32 if floats and all(d == np.float32 for d in floats) else np.float64
        real = array(function, mask)
        for a in arrays:
            no_nan(function, a, real)
    make = _core.Tensor if dtype == np.float32 else _core.Tensor64

    def convert(a):
        return a if isinstance(a, TENSORS) else make(np.require(np.zeros(0) if a is None else a, dtype=dtype, requirements="CA"))

    out = getattr(_core.formulas, function)(*[convert(a) for a in arrays], *options)
    return out if tensors else plain(out)


def no_nan(function, a, mask=None):
    """`a`, or a ValueError for NaN where `mask` (None: everywhere) is not 0."""
    if a is None or a.dtype.kind != "f":
        return a
    bad = np.isnan(a)
    if isinstance(mask, np.ndarray) and mask.shape == a.shape:
        bad &= mask != 0
    if bad.any():
        where = ", ".join(str(i) for i in np.argwhere(bad)[0])
        raise _core.ValueError(f"{function}: a value is not a number: got NaN at [{where}] of an array {a.shape}, expected numbers.")
    return a


def plain(out):
    if isinstance(out, TENSORS):
        return out.item() if out.shape == () else out.numpy()
    if isinstance(out, tuple):
        return tuple(plain(o) for o in out)
    return out


def rows(function, *arrays):
    """1-D arrays as one row of (1, T); all else stays."""
    arrays = [array(function, a) for a in arrays]
    return [a[None] if isinstance(a, np.ndarray) and a.ndim == 1 else a for a in arrays]


def items(function, first, *others):
    """A number as a list of one; a number among `others` counts for every item of the first."""
    first, *others = [array(function, a) for a in (first, *others)]
    if not isinstance(first, np.ndarray):
        return [first, *others]
    first = np.atleast_1d(first)
    return [first, *[np.broadcast_to(a, first.shape) if isinstance(a, np.ndarray) and a.ndim == 0 else a for a in others]]


def numbers(function, name, a, ndim=1):
    """A float64 array of `ndim` axes. Raises ShapeError, ValueError for NaN."""
    a = a.numpy() if isinstance(a, TENSORS) else array(function, a)
    if a is None or a.ndim != ndim:
        raise _core.ShapeError(f"{function}: {name} has the wrong shape: got {None if a is None else a.shape}, expected {ndim} axes.")
    no_nan(function, a)
    return a.astype(np.float64)


def integers(function, name, a, ndim=1):
    """An int64 array of `ndim` axes. Raises ShapeError, ValueError for what is no whole number."""
    a = array(function, a)
    if isinstance(a, np.ndarray) and a.size == 0 and a.ndim == 1 and ndim > 1:
        a = a.reshape((0,) * (ndim - 1) + (2,))
    if not isinstance(a, np.ndarray) or a.ndim != ndim:
        raise _core.ShapeError(f"{function}: {name} has the wrong shape: got {getattr(a, 'shape', None)}, expected {ndim} axes.")
    if a.dtype.kind == "f" and not (np.isfinite(a).all() and (a == np.floor(a)).all()):
        raise _core.ValueError(f"{function}: {name} holds what is no whole number: got {a.dtype}, expected integers.")
    return a.astype(np.int64)
