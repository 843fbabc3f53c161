"""Settings that cannot be met are typed errors that say what is possible, and leave everything as it was."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tutelage
from tutelage import nn, ops


def message(environment, program="import tutelage; tutelage.isa(); tutelage.num_threads()"):
    """What a new process ends with."""
    found = subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True)
    assert found.returncode == 1
    return found.stderr.strip().splitlines()[-1]


def test_an_unknown_instruction_set():
    said = message({"TUTELAGE_ISA": "avx1024"})
    assert said.startswith("tutelage.ConfigError: TUTELAGE_ISA: instruction set is unknown") and "scalar" in said


def test_threads_that_are_no_number():
    assert message({"TUTELAGE_NUM_THREADS": "abc"}).startswith("tutelage.ValueError: num_threads: the environment's TUTELAGE_NUM_THREADS")
    assert message({"TUTELAGE_NUM_THREADS": "1000000000"}).startswith("tutelage.ValueError")


@pytest.mark.parametrize("n", [-1, 1025, 10**9])
def test_more_threads_than_sense(n):
    before = tutelage.num_threads()
    with pytest.raises((tutelage.ValueError, OverflowError)):
        tutelage.set_num_threads(n)
    assert tutelage.num_threads() == before


def test_memory_that_cannot_be_had():
    program = """
import resource, numpy, tutelage
from tutelage import ops
x = tutelage.Tensor(numpy.ones((1, 60000), numpy.float32))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    ops.matmul(ops.transpose(x), x)  # 14 GB
except MemoryError:
    print(float(ops.sum(x).numpy()), "still here")
"""
    found = subprocess.run([sys.executable, "-c", program], env={**os.environ, "TUTELAGE_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert found.stdout == "60000.0 still here\n", found.stderr


def test_a_model_that_is_too_large():
    config = nn.TransformerConfig(vocab_size=1 << 24, hidden_size=65536, num_heads=1, num_layers=1)
    with pytest.raises(MemoryError):
        nn.Transformer(config, seed=0)
    assert np.array_equal(ops.exp(tutelage.Tensor(np.zeros(1, np.float32))).numpy(), [1.0])
