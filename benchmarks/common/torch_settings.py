"""Settings of the process that PyTorch runs in; which is best is measured for each row."""

# PyTorch's wheels use GNU's OpenMP: KMP_BLOCKTIME does not exist there, OMP_WAIT_POLICY and GOMP_SPINCOUNT do.
# Large tensors are otherwise given back to the system and faulted in anew at every step.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 26), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
ACTIVE = {"OMP_WAIT_POLICY": "active"}

SETTINGS = {"plain": {}, "kept memory": KEEP_MEMORY, "kept memory, spinning threads": {**KEEP_MEMORY, **ACTIVE}}


def use(threads):
    """In the worker, before any work."""
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
