from training_step import torch_step

from common import memory


def measure(**options):
    return memory.of_training(torch_step, **options)
