"""Memory shared with NumPy, and with whoever speaks DLPack: capsules made by hand stand for libraries old, new and wrong."""

import ctypes
import gc
import threading
import time
import weakref

import numpy as np
import pytest
from dlpack_by_hand import OLD, VERSIONED, Before2023, Hands, Producer, name_of, read

import tutelage
from tutelage import ExchangeError, Tensor, Tensor64, nn, ops, optim, text, train

KINDS = [(np.float32, Tensor), (np.float64, Tensor64)]
needs_versions = pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="this NumPy speaks DLPack from before versions")


def gone(reference):
    """What is let go without the GIL is freed by the main thread's next steps."""
    for _ in range(2000):
        gc.collect(0)
        if reference() is None:
            return True
        time.sleep(0.001)
    return False


def model_and_examples():
    config = nn.TransformerConfig(vocab_size=31, max_positions=24, hidden_size=16, num_layers=1, num_heads=2, init_std=0.3)
    return nn.Transformer(config, seed=1), [text.Example([1, 2, 3, 4], [False, True, True, True])]


@pytest.mark.parametrize("dtype, kind", KINDS)
def test_a_tensor_of_an_array_is_its_memory(dtype, kind):
    a = np.arange(6, dtype=dtype).reshape(2, 3)
    t = kind(a)
    view = t.numpy()
    assert view.ctypes.data == np.asarray(t).ctypes.data == a.ctypes.data and view.shape == (2, 3) and not view.flags.writeable
    with pytest.raises(ValueError):
        view.flags.writeable = True
    alive = weakref.ref(a)
    del a, t
    gc.collect()
    assert view[1, 2] == 5 and alive() is not None
    del view
    assert gone(alive)
    view = ops.exp(kind(np.zeros(100, dtype))).numpy()  # memory of our own
    for _ in range(3):
        ops.exp(kind(np.ones(100, dtype)))
    assert (view == 1).all()


@pytest.mark.parametrize("a, wrong", [
    (np.zeros(3), "another dtype"), (np.zeros(3, np.int32), "another dtype"), (np.zeros(3, ">f4"), "another dtype.*>f4"), (np.zeros((4, 4), "f4").T[:2], "row-major"),
    (np.zeros(6, "f4")[::2], "row-major"), (np.broadcast_to(np.float32(1), (3,)), "row-major"), (np.zeros(13, "u1")[1:].view("f4"), "aligned")])
def test_arrays_that_cannot_be_shared(a, wrong):
    with pytest.raises(ExchangeError, match=wrong + ".*numpy.require") as e:
        Tensor(a)
    assert isinstance(e.value, (tutelage.ValueError, BufferError)) and isinstance(e.value, BufferError)
    assert Tensor(np.require(a, np.float32, ["C", "A"])).shape == a.shape
    with pytest.raises(tutelage.ShapeError):
        Tensor(np.zeros((1,) * 7, np.float32))
    for other in ([1.0], 1.0, None):
        with pytest.raises(TypeError):
            Tensor(other)


def test_arrays_in_a_tensors_place_are_copied():
    """A tape or a model keeps them, and nobody told the owner of the array."""
    factor, point = np.full(3, 2.0), np.zeros(3)

    def loss(p):
        y = ops.mul(p, factor)
        factor[:] = 7
        return y

    assert (tutelage.value_and_grad(loss, point)[1].numpy() == 2).all()
    acc = tutelage.GradAccumulator(point)
    point += 1
    acc.add(lambda p, _: ops.square(p), None)
    assert acc.finish()[0] == 0
    model, _ = model_and_examples()
    before = model.logits([[1, 2]]).tobytes()
    arrays = {name: p.numpy().copy() for name, p in model.parameters().items()}
    same = model.with_parameters(arrays)
    for a in arrays.values():
        a += 1
    assert same.logits([[1, 2]]).tobytes() == before


def test_numpy_asks_for_dtype_and_copy():
    t = Tensor(np.arange(3, dtype=np.float32))
    assert np.array(t).ctypes.data != t.numpy().ctypes.data and np.array(t).flags.writeable
    assert np.asarray(t, np.float64).dtype == np.float64 and np.asarray(t, np.float64)[2] == 2
    assert t.__array__(np.dtype("f4"), copy=False).ctypes.data == t.numpy().ctypes.data
    with pytest.raises(ExchangeError, match="copy"):
        t.__array__(np.float64, copy=False)


@needs_versions
@pytest.mark.parametrize("dtype, kind", KINDS)
def test_dlpack_both_ways_with_numpy(dtype, kind):
    a = np.arange(6, dtype=dtype).reshape(1, 2, 3)
    t = tutelage.from_dlpack(a)
    assert type(t) is kind and t.shape == (1, 2, 3) and t.numpy().ctypes.data == a.ctypes.data
    b = np.from_dlpack(t)
    assert b.ctypes.data == a.ctypes.data and b.dtype == dtype and not b.flags.writeable and t.__dlpack_device__() == (1, 0)
    again = tutelage.from_dlpack(b)
    alive = weakref.ref(a)
    del a, t, b
    gc.collect()
    assert again.numpy()[0, 1, 2] == 5 and alive() is not None
    del again
    assert gone(alive)
    assert np.from_dlpack(ops.exp(kind(np.zeros(4, dtype)))).sum() == 4  # outlives the tensor


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1, 1), (2, 1, 3)])
def test_shapes(shape):
    for dtype, kind in KINDS:
        t = kind(np.ones(shape, dtype))
        for back in (np.from_dlpack(t), t.numpy(), np.asarray(t)):
            assert back.shape == shape and back.dtype == dtype and (back == 1).all()
        assert tutelage.from_dlpack(t).shape == shape
        array = read(capsule := t.__dlpack__(max_version=(1, 0))).array
        assert array.ndim == len(shape) and tuple(array.shape[: len(shape)]) == shape and (array.data is None) == (0 in shape), capsule
    assert tutelage.from_dlpack(Producer(np.zeros((0, 2)), data=None)).shape == (0, 2)


def test_the_capsule_says_what_it_holds():
    t = Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
    here = t.numpy().ctypes.data
    capsule = t.__dlpack__(max_version=(1, 2), dl_device=(1, 0), stream=None)
    m = read(capsule)
    assert name_of(capsule) == VERSIONED and (m.major, m.minor, m.flags) == (1, 0, 1)
    assert (m.array.data, m.array.byte_offset, m.array.device, m.array.code, m.array.bits, m.array.lanes) == (here, 0, 1, 2, 32, 1)
    assert m.array.shape[:2] == [2, 3] and m.array.strides[:2] == [3, 1]
    copied = t.__dlpack__(max_version=(1, 0), copy=True)
    assert read(copied).flags == 2 and read(copied).array.data != here
    for version in (None, (0, 8)):  # cannot say read-only
        old = t.__dlpack__(max_version=version)
        assert name_of(old) == OLD and read(old).array.data != here and ctypes.cast(read(old).array.data, ctypes.POINTER(ctypes.c_float))[5] == 5
    for wrong, options in (("read-only", dict(copy=False)), ("device type 2", dict(dl_device=(2, 0))), ("stream 3", dict(stream=3))):
        with pytest.raises(ExchangeError, match=wrong):
            t.__dlpack__(**options)


def test_capsules_are_taken_once_and_freed_once():
    for cls, versioned in ((Producer, True), (Producer, False), (Before2023, False)):
        p = cls(np.arange(4.0), versioned=versioned)
        hands = Hands(p.capsule())
        t = tutelage.from_dlpack(hands)
        assert name_of(hands.capsule) == b"used_" + (VERSIONED if versioned else OLD)
        with pytest.raises(ExchangeError, match="taken once"):
            tutelage.from_dlpack(hands)
        del hands
        twin = t.detach()
        del t
        assert p.freed == 0 and twin.numpy().ctypes.data == p.values.ctypes.data
        del twin
        assert p.freed == 1
        assert tutelage.from_dlpack(p).numpy()[3] == 3 and p.freed == 2
    assert tutelage.from_dlpack(Producer(np.arange(4.0), deleter=False)).numpy()[3] == 3
    for options in (dict(max_version=(1, 0)), {}):
        a = np.zeros(3, np.float32)
        alive, capsule = weakref.ref(a), Tensor(a).__dlpack__(**options)
        del a
        assert (alive() is not None) == bool(options)  # an old capsule holds a copy
        del capsule  # not taken
        assert gone(alive)


@pytest.mark.parametrize("wrong, fields", [
    ("device type 2", dict(device=2)), ("code 0, 64 bits", dict(code=0)), ("code 2, 16 bits", dict(bits=16)), ("code 4", dict(code=4, bits=16)), ("4 lanes", dict(lanes=4)),
    ("stride 2 along axis 1", dict(strides=[6, 2])), ("stride 3 along axis 1", dict(strides=[1, 3])), ("stride 0 along axis 0", dict(strides=[0, 1])), ("got 7, expected 0 to 6", dict(ndim=7)),
    ("got -1", dict(ndim=-1)), ("dimensions: got 2", dict(null="shape")), ("got -2", dict(shape=[3, -2])), ("2\\^63", dict(shape=[2**62, 4])), ("null", dict(null="data")),
    ("odd address", dict(byte_offset=3)), ("version of DLPack: got 2", dict(major=2))])
def test_capsules_that_are_refused(wrong, fields):
    for versioned in (True, False)[: 1 if "major" in fields else 2]:
        p = Producer(np.arange(6.0).reshape(3, 2), versioned=versioned, **{name: value for name, value in fields.items() if name != "null"})
        if "null" in fields:
            setattr(p.managed.array, fields["null"], None)
        hands = Hands(p.capsule())
        with pytest.raises((ExchangeError, tutelage.ShapeError), match=wrong):
            tutelage.from_dlpack(hands)
        assert p.freed == 0 and name_of(hands.capsule) in (VERSIONED, OLD)  # still its maker's to free


def test_layouts_that_are_taken():
    values = np.arange(6.0)
    assert (tutelage.from_dlpack(Producer(values, byte_offset=16, shape=[4])).numpy() == values[2:]).all()
    assert (tutelage.from_dlpack(Producer(values.reshape(1, 6), strides=[99, 1])).numpy() == values).all()  # one step of any length
    p = Producer(values.reshape(2, 3), versioned=False)
    p.managed.array.strides = None  # compact, said the old versions
    assert tutelage.from_dlpack(p).shape == (2, 3)


def test_what_is_no_array_is_refused():
    class Broken:
        def __init__(self, error):
            self.error = error

        def __dlpack__(self, **options):
            raise self.error

    for x, wrong in (([1.0], "no __dlpack__: got list"), (Tensor(np.zeros(2, "f4")).__dlpack__(), "PyCapsule"), (Hands(3), "no capsule.*3"),
                     (Broken(BufferError("too odd")), "got too odd"), (np.zeros(3, ">f8"), "does not export"), (np.zeros(3, int), "dtype: got code 0"),
                     (np.zeros((2, 2)).T, "taken|stride|row-major")):
        with pytest.raises(ExchangeError, match=wrong):
            tutelage.from_dlpack(x)
    with pytest.raises(ZeroDivisionError):
        tutelage.from_dlpack(Broken(ZeroDivisionError()))


def test_tracked_tensors_are_refused():
    def loss(p):
        for tensor in (p, ops.square(p)):
            with pytest.raises(ExchangeError, match="detach"):
                tensor.__dlpack__(max_version=(1, 0))
            assert np.from_dlpack(tensor.detach()).shape == (3,)
        return ops.square(p)

    assert tutelage.value_and_grad(loss, np.ones(3))[0] == 3


def test_steps_do_not_change_what_is_shared():
    model, examples = model_and_examples()
    config = train.SFTConfig(optimizer=optim.AdamWConfig(learning_rate=0.1), warmup_steps=0)
    arrays = {name: p.numpy().copy() for name, p in model.parameters().items()}
    before = {name: a.tobytes() for name, a in arrays.items()}
    trainer = train.SFTTrainer(model.with_parameters({name: tutelage.from_dlpack(a) for name, a in arrays.items()}), config)
    views = {name: np.from_dlpack(p) for name, p in trainer.model.parameters().items()}
    own = {name: np.from_dlpack(p) for name, p in model.parameters().items()}
    second = train.SFTTrainer(model, config)
    del model
    trainer.step(examples), second.step(examples)
    for name in arrays:
        assert arrays[name].tobytes() == views[name].tobytes() == own[name].tobytes() == before[name], name
        assert trainer.model.parameters()[name].numpy().tobytes() == second.model.parameters()[name].numpy().tobytes(), name
    name = next(iter(arrays))
    assert trainer.model.parameters()[name].numpy().tobytes() != before[name]
    params = [tutelage.from_dlpack(arrays[name])]
    stepped, _ = optim.adamw_step(params, [Tensor(np.ones_like(arrays[name]))], optim.AdamWState(), config.optimizer)
    assert arrays[name].tobytes() == params[0].numpy().tobytes() == before[name] != stepped[0].numpy().tobytes()


def test_memory_let_go_without_the_gil():
    """A step has given the GIL away when its copies replace what was imported: the main thread frees that soon, whatever else happens."""
    model, examples = model_and_examples()
    arrays = [p.numpy().copy() for p in model.parameters().values()]
    alive = [weakref.ref(a) for a in arrays]
    trainer = train.SFTTrainer(model.with_parameters(dict(zip(model.parameters(), map(tutelage.from_dlpack, arrays), strict=True))))
    del arrays
    gc.collect()
    assert all(reference() is not None for reference in alive)
    trainer.step(examples)
    assert all(gone(reference) for reference in alive)


def test_memory_shared_by_many_threads():
    model, examples = model_and_examples()
    alive, errors = [], []

    def work(seed):
        try:
            for i in range(20):
                arrays = {name: p.numpy().copy() for name, p in model.parameters().items()}
                alive.extend(weakref.ref(a) for a in arrays.values())
                trainer = train.SFTTrainer(model.with_parameters({name: tutelage.from_dlpack(a) for name, a in arrays.items()}))
                del arrays
                trainer.step(examples)
                a = np.full(64, seed + i, np.float32)
                t = tutelage.from_dlpack(a)
                copies = [tutelage.from_dlpack(np.from_dlpack(t)) for _ in range(5)]
                del a, t
                assert all((c.numpy() == seed + i).all() for c in copies)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len(alive) > 500
    assert all(gone(reference) for reference in alive)
