"""Settings of the process that PyTorch runs in; which is best is measured for each row."""

from .pairs import fastest

# PyTorch's wheels use GNU's OpenMP: KMP_BLOCKTIME does not exist there, OMP_WAIT_POLICY and GOMP_SPINCOUNT do.
# Large tensors are otherwise given back to the system and faulted in anew at every step.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 26), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
ACTIVE = {"OMP_WAIT_POLICY": "active"}

SETTINGS = {"plain": {}, "kept memory": KEEP_MEMORY, "kept memory, spinning threads": {**KEEP_MEMORY, **ACTIVE}}


def find_best(start, forms, threads, effort):
    """The fastest of start((form, settings, threads)): the settings first, then the other forms, then one thread, which small work may like better."""
    best = fastest(start, [(forms[0], settings, threads) for settings in SETTINGS], effort)
    best = fastest(start, [(form, best.key[1], threads) for form in forms[1:]], effort, best)
    return fastest(start, [(*best.key[:2], 1)], effort, best)


def label(key):
    """For the table."""
    form, settings, threads = key
    return ", ".join([form, *([settings] if settings != "plain" else []), *(["one thread"] if threads == 1 else [])])


def use(threads):
    """In the worker, before any work."""
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
