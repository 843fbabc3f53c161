import tutelage
from tutelage import optim, text, train

from common import ours
from common.shapes import SHAPES, tokens

state = {}


def setup(shape, threads, optimizer):
    tutelage.set_num_threads(threads)
    shape = SHAPES[shape]
    config = train.SFTConfig(optimizer=optim.AdamWConfig(**optimizer))
    state["trainer"] = train.SFTTrainer(ours.model(shape), config)
    state["examples"] = [text.Example(ids=row, mask=[1] * len(row)) for row in tokens(shape).tolist()]


def work():
    return state["trainer"].step(state["examples"])


def steps(count):
    """Loss and gradient norm of each of the next steps."""
    return [(s.loss, s.grad_norm) for s in (work() for _ in range(count))]
