"""Products of one thread, the weights packed beforehand, beside MKL through PyTorch."""

import os
import tempfile

import numpy as np

from common.pairs import Wrong, compare, fastest
from common.report import geometric_mean
from common.worker import Worker

SIZES = ((512, 512, 512), (1024, 768, 3072), (1024, 3072, 768), (64, 768, 768), (1, 768, 3072), (256, 128, 512), (2048, 128, 512), (512, 64, 256))
TARGET, MEAN_TARGET = 0.9, 1.0
TOLERANCE = 1e-5  # of the largest number of the output
TITLE = "Products M K N, one thread"
COLUMNS = {"packing": "packing the weight", "packed_ratio": "beside MKL with packed weights"}


def check(ours, theirs, folder):
    paths = [os.path.join(folder, name) for name in ("ours.npy", "theirs.npy")]
    for side, path in zip((ours, theirs), paths):
        side.call("output", path=path)
    a, b = map(np.load, paths)
    error = float(np.abs(a - b).max() / np.abs(b).max())
    if not error <= TOLERANCE:
        raise Wrong(f"products differ by {error:.1e} of the largest number, more than {TOLERANCE}")
    return error


def rows(run):
    ratios = []
    for m, k, n in SIZES:
        def start(form):
            worker = Worker("products.torch_mkl")
            worker.call("setup", m=m, k=k, n=n, threads=1, form=form)
            return worker

        with tempfile.TemporaryDirectory() as folder, Worker("products.ours") as ours:
            ours.call("setup", m=m, k=k, n=n, threads=1)
            best = fastest(start, ("linear", "mm"), run.effort)
            with best.worker as theirs:
                error = check(ours, theirs, folder)
                row = compare(ours, theirs, run.effort)
            with start("packed") as packed:
                check(ours, packed, folder)
                packed_ratio = compare(ours, packed, run.effort)["ratio"]
            packing = ours.call("packing_seconds", times=20)
        ratios.append(row["ratio"])
        bound = max(run.limits.seconds(2 * m * k * n, threads=1), run.limits.read_seconds(4 * k * n, threads=1))
        yield {"row": f"{m} {k} {n}", "beside": f"torch, {best.key}", **row, "target": TARGET, "share_of_limit": bound / row["ours_seconds"],
               "difference": error, "packing": f"{1e6 * packing:.0f} us", "packed_ratio": packed_ratio}
    yield {"row": "geometric mean", "beside": "torch", "ratio": geometric_mean(ratios), "target": MEAN_TARGET}
