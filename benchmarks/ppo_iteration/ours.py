import tutelage
from tutelage import optim, train

from common import ours
from common.shapes import SHAPES

from . import inputs

state = {}


def setup(shape, threads):
    tutelage.set_num_threads(threads)
    shape = SHAPES[shape]
    config = train.PPOConfig(max_new_tokens=inputs.NEW, num_epochs=inputs.EPOCHS, kl_coef=inputs.KL_COEF, gae_lambda=inputs.GAE_LAMBDA,
                             clip_range=inputs.CLIP, clip_range_value=inputs.CLIP, vf_coef=inputs.VF_COEF, optimizer=optim.AdamWConfig(**inputs.OPTIMIZER))
    state.update(trainer=train.PPOTrainer(ours.model(shape), config), prompts=inputs.prompts(shape), vocab_size=shape.vocab_size)


def iteration():
    answers = state["trainer"].generate(state["prompts"])
    ids = [a.ids for a in answers]
    return answers, state["trainer"].step(state["prompts"], answers, inputs.scores(ids, state["vocab_size"]))


def work():
    iteration()


def first():
    """The answers of one iteration, with their log-probs, and what the trainer says of it."""
    answers, stats = iteration()
    return {"ids": [a.ids for a in answers], "logprobs": [list(map(float, a.logprobs)) for a in answers],
            "stats": [stats.policy_loss, stats.value_loss, stats.grad_norm, stats.approx_kl]}
