import numpy as np
import torch
import torch.nn.functional as F

from common import torch_settings

state = {}


def setup(m, k, n, threads, form):
    """`form`: linear, mm (into an array that is there already, the weight (K, N) in memory) or packed (MKL's own packed weights)."""
    torch_settings.use(threads)
    torch.inference_mode().__enter__()
    rng = np.random.default_rng(0)
    x, w = (torch.from_numpy(rng.standard_normal(size, np.float32)) for size in ((m, k), (n, k)))
    if form == "linear":
        state["work"] = lambda: F.linear(x, w)
    elif form == "mm":
        y, turned = torch.empty(m, n), w.t().contiguous()
        state["work"] = lambda: torch.mm(x, turned, out=y)
    else:
        packed, product = torch.ops.mkl._mkl_reorder_linear_weight(w, m), torch.ops.mkl._mkl_linear
        state["work"] = lambda: product(x, packed, w, None, m)


def work():
    return state["work"]()


def output(path):
    np.save(path, work().numpy())
