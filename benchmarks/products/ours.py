import statistics
import time

import numpy as np

import tutelage
from tutelage import ops

state = {}


def setup(m, k, n, threads):
    tutelage.set_num_threads(threads)
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((m, k), np.float32), rng.standard_normal((n, k), np.float32)
    state.update(x=tutelage.Tensor(x), weight=tutelage.Tensor(w), raw=w)
    ops.linear(tutelage.Tensor(x[:1]), state["weight"])  # a product of few rows packs the weight, which keeps its packed form


def work():
    return ops.linear(state["x"], state["weight"])


def output(path):
    np.save(path, work().numpy())


def packing_seconds(times):
    """What the first product with a weight, of one row, takes more than the next."""
    found, row = [], tutelage.Tensor(state["x"].numpy()[:1])
    for _ in range(times):
        weight, clock = tutelage.Tensor(state["raw"]), [time.perf_counter()]
        for _ in range(2):
            ops.linear(row, weight)
            clock.append(time.perf_counter())
        found.append((clock[1] - clock[0]) - (clock[2] - clock[1]))
    return max(0.0, statistics.median(found))
