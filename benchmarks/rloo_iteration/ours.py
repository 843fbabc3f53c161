import tutelage
from tutelage import optim, train

from common import memory, ours
from common.shapes import SHAPES

from . import inputs

state = {}


def setup(shape, threads):
    tutelage.set_num_threads(threads)
    shape = SHAPES[shape]
    config = train.RLOOConfig(num_generations=inputs.GENERATIONS, max_new_tokens=inputs.NEW, min_new_tokens=inputs.NEW, stop_ids=[0], kl_coef=inputs.KL_COEF,
                              clip_range=inputs.CLIP, optimizer=optim.AdamWConfig(**inputs.OPTIMIZER))
    state.update(trainer=train.RLOOTrainer(ours.model(shape), config), prompts=inputs.prompts(shape), vocab_size=shape.vocab_size)


def iteration():
    answers = state["trainer"].generate(state["prompts"])
    ids = [a.ids for a in answers]
    return ids, state["trainer"].step(state["prompts"], answers, inputs.scores(ids, state["vocab_size"]))


def work():
    iteration()


def first():
    """The answers of one iteration, and what the trainer says of it."""
    ids, stats = iteration()
    return {"ids": ids, "stats": [stats.policy_loss, stats.reward, stats.grad_norm]}


def peak():
    return memory.peak()
