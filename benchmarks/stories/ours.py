import tutelage
from tutelage import optim, train

from . import inputs

state = {}


def setup(threads, **other):
    """other: settings of the loop that are not as in inputs.LOOP."""
    tutelage.set_num_threads(threads)
    state.update(trainer=trainer(**other), prompts=inputs.openings()[0][:{**inputs.LOOP, **other}["batch_size"]])


def trainer(seed=1, **other):
    settings = {**inputs.LOOP, **other}
    return train.PPOTrainer(inputs.model(), train.PPOConfig(**settings, stop_ids=inputs.STOP_IDS, seed=seed,
                                                            optimizer=optim.AdamWConfig(**inputs.OPTIMIZER)))


def iteration():
    answers = state["trainer"].generate(state["prompts"])
    scores = inputs.sentiment(state["prompts"], [a.ids for a in answers])
    return answers, state["trainer"].step(state["prompts"], answers, scores)


def work():
    iteration()


def first():
    """The answers of one iteration, and what the trainer says of it."""
    answers, stats = iteration()
    return {"ids": [list(a.ids) for a in answers], "stats": [stats.reward, stats.policy_loss, stats.value_loss, stats.grad_norm, stats.approx_kl]}
