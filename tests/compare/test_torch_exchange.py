"""Memory shared with PyTorch, both ways."""

import gc
import threading
import weakref

import numpy as np
import pytest
import torch

import tutelage
from tutelage import ExchangeError, nn, ops, optim, text, train


def kind(dtype):
    return tutelage.Tensor if dtype == np.float32 else tutelage.Tensor64


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (7,), (2, 3, 4)])
def test_both_ways_without_a_copy(dtype, shape):
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    t = kind(dtype)(values)
    theirs = torch.from_dlpack(t)
    assert theirs.dtype == getattr(torch, dtype.name) and tuple(theirs.shape) == shape and (theirs.numpy() == values).all()
    back = tutelage.from_dlpack(theirs)
    assert type(back) is kind(dtype) and back.shape == shape
    if values.size:
        assert theirs.data_ptr() == t.numpy().ctypes.data == back.numpy().ctypes.data
    copied = torch.from_dlpack(t, copy=True)
    if values.size:
        assert copied.data_ptr() != theirs.data_ptr()
    copied += 1
    assert (back.numpy() == values).all()
    old = torch.from_dlpack(t.__dlpack__())  # a capsule from before versions: a copy, theirs to write to
    old += 1
    assert (back.numpy() == values).all() and (old.numpy() == values + 1).all()


def test_either_side_may_go_first(dtype):
    t = ops.exp(kind(dtype)(np.zeros(1000, dtype)))
    theirs = torch.from_dlpack(t)
    del t
    gc.collect()
    noise = [ops.exp(kind(dtype)(np.ones(1000, dtype))) for _ in range(10)]
    assert (theirs == 1).all() and len(noise) == 10
    a = np.arange(1000, dtype=dtype)
    alive, source = weakref.ref(a), torch.from_numpy(a)
    ours = tutelage.from_dlpack(source)
    del a, source
    gc.collect()
    assert ours.numpy()[999] == 999 and alive() is not None
    again = torch.from_dlpack(ours)
    del ours
    gc.collect()
    assert again[999] == 999 and alive() is not None
    del again
    gc.collect()
    assert alive() is None


def test_what_pytorch_has_and_we_do_not():
    x = torch.zeros(4, 4)
    for wrong, tensor in (("stride", x.t()[:2]), ("stride", x[:, :2]), ("stride", torch.zeros(1).expand(3)), ("dtype", x.to(torch.bfloat16)), ("dtype", x.half()),
                          ("dtype", x.long()), ("dtype", x.bool()), ("dtype", x.to(torch.complex64)), ("require", x.clone().requires_grad_()),
                          ("export", x.to_sparse())):
        with pytest.raises(ExchangeError, match=wrong):
            tutelage.from_dlpack(tensor)
    assert tutelage.from_dlpack(x.t()[:2].contiguous()).shape == (2, 4)
    assert tutelage.from_dlpack(torch.arange(10.0)[3:7]).numpy().tolist() == [3, 4, 5, 6]
    with pytest.raises(BufferError, match="detach"):
        tutelage.value_and_grad(lambda p: torch.from_dlpack(p), np.ones(3))
    capsule = tutelage.Tensor(np.ones(3, np.float32)).__dlpack__(max_version=(1, 0))
    torch.from_dlpack(capsule)
    with pytest.raises(RuntimeError):
        torch.from_dlpack(capsule)


def test_a_model_of_shared_weights_learns_alone():
    config = nn.TransformerConfig(vocab_size=31, max_positions=24, hidden_size=16, num_layers=1, num_heads=2, init_std=0.3)
    model = nn.Transformer(config, seed=1)
    settings = train.SFTConfig(optimizer=optim.AdamWConfig(learning_rate=0.1), warmup_steps=0)
    weights = {name: torch.from_numpy(p.numpy().copy()) for name, p in model.parameters().items()}
    kept = {name: w.clone() for name, w in weights.items()}
    trainer = train.SFTTrainer(model.with_parameters({name: tutelage.from_dlpack(w) for name, w in weights.items()}), settings)
    exported = {name: torch.from_dlpack(p) for name, p in trainer.model.parameters().items()}
    assert all(exported[name].data_ptr() == w.data_ptr() for name, w in weights.items())
    trainer.step([text.Example([1, 2, 3, 4], [False, True, True, True])])
    for name, w in weights.items():
        assert torch.equal(w, kept[name]) and torch.equal(exported[name], kept[name]), name
    after = trainer.model.parameters()
    assert any(not np.array_equal(after[name].numpy(), w.numpy()) for name, w in kept.items())
    answer = trainer.model.logits([[1, 2]]).tobytes()
    for w in weights.values():
        w += 1  # the step has parted them
    assert trainer.model.logits([[1, 2]]).tobytes() == answer


def test_threads(dtype):
    t, errors = ops.exp(kind(dtype)(np.zeros(500, dtype))), []

    def work():
        try:
            for _ in range(200):
                assert tutelage.from_dlpack(torch.from_dlpack(t)).numpy()[499] == 1
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
