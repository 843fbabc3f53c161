import gymnasium
import numpy as np
import torch
from imitation.algorithms import preference_comparisons as pc
from imitation.data.types import TrajectoryWithRew
from imitation.rewards import reward_nets
from imitation.util import logger

from . import inputs

state = {}


class Given(pc.Fragmenter):
    """Fragment pairs that are there already."""

    def __call__(self, trajectories, fragment_length, num_pairs):
        return state["pairs"]


def setup(pairs, threads, members, batch_size):
    torch.set_num_threads(threads)
    states, actions, rewards = inputs.fragments(pairs)
    made = [TrajectoryWithRew(obs=s, acts=a, infos=None, terminal=False, rews=r) for s, a, r in zip(states, actions, rewards)]
    state["pairs"] = list(zip(made[0::2], made[1::2]))
    state["preferences"] = inputs.preferences(rewards)
    state["rng"], state["batch_size"] = np.random.default_rng(0), batch_size
    spaces = [gymnasium.spaces.Box(-np.inf, np.inf, (n,), np.float32) for n in (inputs.STATE, inputs.ACTION)]
    nets = []
    for m in range(members):
        net = reward_nets.BasicRewardNet(*spaces, hid_sizes=inputs.HIDDEN)
        linears = [layer for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
        with torch.no_grad():
            for linear, (weight, bias) in zip(linears, inputs.weights(m)):
                linear.weight.copy_(torch.from_numpy(weight))
                linear.bias.copy_(torch.from_numpy(bias))
        nets.append(net)
    state["quiet"] = logger.configure("/tmp", format_strs=[])
    if members == 1:
        state["model"] = pc.PreferenceModel(nets[0])
        state["dataset"] = pc.PreferenceDataset()
        state["dataset"].push(state["pairs"], state["preferences"])
        state["trainer"] = trainer(1)
        state["work"] = fit
    else:
        model = pc.PreferenceModel(reward_nets.RewardEnsemble(*spaces, nets))
        state["chooser"] = pc.ActiveSelectionFragmenter(model, Given(), fragment_sample_factor=1, uncertainty_on="logit")
        state["work"] = choose


def trainer(epochs):
    return pc.BasicRewardTrainer(state["model"], pc.CrossEntropyRewardLoss(), state["rng"], batch_size=state["batch_size"], epochs=epochs, lr=1e-3,
                                 custom_logger=state["quiet"])


def loss():
    with torch.no_grad():
        return pc.CrossEntropyRewardLoss()(state["pairs"], state["preferences"], state["model"]).loss.item()


def fit():
    state["trainer"].train(state["dataset"])


def fitted(epochs):
    trainer(epochs).train(state["dataset"])
    return loss()


def choose(count=16):
    place = {id(first): i for i, (first, _) in enumerate(state["pairs"])}
    return [place[id(first)] for first, _ in state["chooser"](None, inputs.STEPS, count)]


def work():
    return state["work"]()
