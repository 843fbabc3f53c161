from training_step import ours

from common import memory


def measure(**options):
    return memory.of_training(ours, **options)
