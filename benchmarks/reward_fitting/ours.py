import numpy as np
import tutelage
from tutelage import optim, prefs, reward, train

from . import inputs

state = {}


def setup(pairs, threads, members, batch_size):
    tutelage.set_num_threads(threads)
    states, actions, rewards = inputs.fragments(pairs)
    flat = [tutelage.Tensor(np.ascontiguousarray(a.reshape(-1, a.shape[-1]))) for a in (states[:, :-1], actions)]
    state["behaviours"] = reward.Behaviours(reward.step_inputs(*flat), range(0, 2 * pairs * inputs.STEPS + 1, inputs.STEPS))
    state["candidates"] = [(2 * i, 2 * i + 1) for i in range(pairs)]
    first, second = zip(*state["candidates"])
    state["judgements"] = train.BehaviourJudgements(first, second, inputs.preferences(rewards).tolist())
    config = reward.StateRewardConfig(input_size=inputs.STATE + inputs.ACTION, hidden_sizes=inputs.HIDDEN, members=members)
    model = reward.StateRewardModel(config)
    layers = [[np.concatenate(parts) for parts in zip(*same)] for same in zip(*(inputs.weights(m) for m in range(members)))]
    names = {f"layers.{i}.{name}": tutelage.Tensor(a) for i, layer in enumerate(layers) for name, a in zip(("weight", "bias"), layer)}
    state["model"] = model.with_net(model.net.with_parameters(names))
    adamw = optim.AdamWConfig(learning_rate=1e-3, weight_decay=0.01, max_grad_norm=0)
    state["config"] = train.StateRewardFitConfig(epochs=1, batch_size=batch_size, optimizer=adamw)
    state["work"] = fit if members == 1 else choose


def loss():
    return train.state_reward_loss(state["model"], state["behaviours"], state["judgements"])


def fit():
    train.fit_state_reward(state["model"], state["behaviours"], state["judgements"], state["config"])


def fitted(epochs):
    config = train.StateRewardFitConfig(**{name: getattr(state["config"], name) for name in state["config"].fields})
    config.epochs = epochs
    train.fit_state_reward(state["model"], state["behaviours"], state["judgements"], config)
    return loss()


def choose(count=16):
    members = np.asarray(state["model"].returns(state["behaviours"]), np.float64).T
    chooser = prefs.QuestionChooser(prefs.QuestionConfig(acquisition="logit_variance", random_share=0))
    return [q.first // 2 for q in chooser.choose(np.ascontiguousarray(members), state["candidates"], count)]


def work():
    return state["work"]()
