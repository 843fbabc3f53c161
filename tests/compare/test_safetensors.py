"""The safetensors package beside ours: what one writes the other reads, and the bytes are the same."""

import json

import numpy as np
import pytest
import safetensors.numpy

import tutelage
from tutelage import io


def drawn(number):
    rng = np.random.default_rng(number)
    names = ["model.layers.10.w", "model.layers.2.w", "a", "B", "\u00fc\u4eba", 'quote"\\', "tab\tline\n\x01\x7f/", "z" * int(rng.integers(1, 30))]
    shapes = [(), (0, 3), (1,), (7,), (3, 5), (2, 1, 4), (2, 1, 1, 3), (1, 2, 1, 2, 1, 2)]
    return {n: rng.normal(size=shapes[int(rng.integers(len(shapes)))]).astype(np.float32) for n in rng.permutation(names)[:int(rng.integers(0, len(names) + 1))]}


@pytest.mark.parametrize("number", range(40))
def test_the_same_bytes(number, tmp_path):
    tensors = drawn(number)
    notes = [{}, {"format": "pt"}, {"n\u00f6te \n": '\u00e9"\t\x02\x7f/'}][number % 3]
    path = str(tmp_path / "ours.safetensors")
    io.write_safetensors(path, {n: tutelage.Tensor(a) for n, a in tensors.items()}, notes)
    ours = (tmp_path / "ours.safetensors").read_bytes()
    assert ours == safetensors.numpy.save(tensors, notes or None)
    back, metadata = io.read_safetensors(path)
    assert metadata == notes and set(back) == set(tensors)
    assert all(np.array_equal(back[n].numpy(), a) and back[n].shape == a.shape for n, a in tensors.items())


def test_several_notes_come_in_any_order_from_theirs(tmp_path):
    """Theirs walks a hash map; ours are sorted. All else is the same."""
    notes, tensors = {k: k * 2 for k in "dcba"}, {"w": np.ones(3, np.float32)}
    io.write_safetensors(str(tmp_path / "ours"), {"w": tutelage.Tensor(tensors["w"])}, notes)
    ours, theirs = (tmp_path / "ours").read_bytes(), safetensors.numpy.save(tensors, notes)
    n = int.from_bytes(ours[:8], "little")
    assert ours[:8] == theirs[:8] and ours[8 + n:] == theirs[8 + n:] and json.loads(ours[8:8 + n]) == json.loads(theirs[8:8 + n])


@pytest.mark.parametrize("dtype", [np.float16, "bfloat16", np.float64, np.int64, np.uint8, np.bool_])
def test_other_types(dtype, tmp_path):
    path, values = str(tmp_path / "x"), np.arange(2**16, dtype=np.uint16)
    if dtype == "bfloat16":
        import torch
        from safetensors.torch import save_file
        halves = torch.from_numpy(values.view(np.int16)).view(torch.bfloat16)
        save_file({"w": halves}, path)
        assert np.array_equal(io.read_safetensors(path)[0]["w"].numpy(), halves.float().numpy(), equal_nan=True)
    elif dtype == np.float16:
        safetensors.numpy.save_file({"w": values.view(np.float16)}, path)
        assert np.array_equal(io.read_safetensors(path)[0]["w"].numpy(), values.view(np.float16).astype(np.float32), equal_nan=True)
    else:
        safetensors.numpy.save_file({"w": np.ones(4, dtype), "other": np.ones(3, np.float32)}, path)
        with pytest.raises(tutelage.IoError, match="tensor w has another type: got [FIUB]"):
            io.read_safetensors(path)


@pytest.mark.parametrize("number", range(200))
def test_what_theirs_refuses_ours_refuses(number, tmp_path):
    """A file with a byte of its header changed. Ours also refuses keys given twice and a header that does not begin with {."""
    rng = np.random.default_rng(number)
    good = bytearray(safetensors.numpy.save({"w": np.ones((2, 3), np.float32), "b": np.ones(3, np.float32), "e": np.ones((0, 2), np.float32)}, {"format": "pt"}))
    header = int.from_bytes(good[:8], "little")
    for _ in range(int(rng.integers(1, 3))):
        good[int(rng.integers(0, 8 + header))] = int(rng.integers(32, 127))
    path = tmp_path / "x"
    path.write_bytes(good)
    try:
        theirs = safetensors.numpy.load_file(path)
    except Exception:
        theirs = None
    try:
        ours = io.read_safetensors(str(path))[0]
    except tutelage.IoError:
        ours = None
    assert ours is None or (theirs is not None and set(theirs) == set(ours))
    if theirs is not None and ours is None:
        assert any(a.dtype != np.float32 for a in theirs.values())
