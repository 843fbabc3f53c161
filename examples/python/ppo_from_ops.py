"""PPO written out from public ops: the same losses, bit for bit, as train.PPOTrainer has with these settings.

    python examples/python/ppo_from_ops.py

The policy learns to say 7. One answer a prompt; rewards are the score at an answer's last token and minus kl_coef times the KL to the starting policy
at each; GAE; advantages whitened over the rollout; clipped updates of policy and values on shared hidden states.
"""

import numpy as np

from tutelage import GradAccumulator, Tensor, Tensor64, nn, ops, optim, rl, train

MAX_NEW_TOKENS, STOP_ID, TEMPERATURE, SEED = 6, 2, 0.7, 4
KL_COEF, GAMMA, GAE_LAMBDA = 0.05, 1.0, 0.95
NUM_EPOCHS, CLIP_RANGE, CLIP_RANGE_VALUE, VF_COEF = 2, 0.2, 0.2, 0.1
OPTIMIZER = optim.AdamWConfig(learning_rate=3e-3)


def starting_policy():
    return nn.Transformer(nn.TransformerConfig(vocab_size=13, max_positions=24, hidden_size=16, num_layers=1, num_heads=2, init_std=0.1), seed=1)


def prompts():
    return [[1 + (5 * i) % 11] * (1 + i % 4) for i in range(9)]


def score(answers):
    return [float(np.mean([token == 7 for token in answer.ids])) for answer in answers]


class Batch:
    """Whole sequences, prompt and answer, and where the answers' tokens are predicted."""

    def __init__(self, asked, answers):
        self.sequences = [list(p) + list(a.ids) for p, a in zip(asked, answers)]
        self.positions, self.targets, start = [], [], 0
        for p, a, whole in zip(asked, answers, self.sequences):
            self.positions += [start + len(p) + t - 1 for t in range(len(a.ids))]
            self.targets += a.ids
            start += len(whole)

    def rows(self, model):
        """Hidden states of the tokens before each answer token."""
        return ops.rows(model.hidden(self.sequences), self.positions)

    def logprobs(self, model, rows):
        """Log-probs of the answers' tokens at the temperature they were drawn at."""
        output = model.parameters()["token_embedding"]  # tied
        return ops.linear_logprobs(rows, output, self.targets, TEMPERATURE)


def head_values(head, rows):
    out = ops.linear(rows, head["weight"], head["bias"])
    return ops.reshape(out, [out.shape[0]])


def double_sum(terms):
    """The sum of an update's terms in double: a loss is reported as this."""
    return ops.sum(Tensor64(np.concatenate(terms).astype(np.float64))).item()


class PPO:
    def __init__(self, policy):
        self.reference = policy
        width = policy.config.hidden_size
        self.model = {"policy": policy, "head": {"weight": Tensor(np.zeros((1, width), np.float32)), "bias": Tensor(np.zeros(1, np.float32))}}
        self.optimizer = optim.AdamWState()
        self.iteration = 0

    def generate(self, asked):
        return self.model["policy"].generate(asked, max_new_tokens=MAX_NEW_TOKENS, stop_ids=[STOP_ID], temperature=TEMPERATURE, seed=SEED,
                                             step=self.iteration)

    def rollout(self, asked, answers, scores):
        """What is known of each answer token before anything is learnt: a dict of lists, one array an answer."""
        batch = Batch(asked, answers)
        reference = batch.logprobs(self.reference, batch.rows(self.reference)).numpy()
        values = head_values(self.model["head"], batch.rows(self.model["policy"])).numpy()
        known = {"old": [], "values": [], "advantages": [], "returns": []}
        start = 0
        for answer, s in zip(answers, scores):
            n = len(answer.ids)
            here = slice(start, start + n)
            old = np.array(answer.logprobs, np.float32)
            kl = rl.kl_estimate(old, reference[here], "k1")
            rewards = rl.token_rewards(np.array([s], np.float32), kl[None], np.ones((1, n), np.float32), KL_COEF)[0]
            advantages, returns = rl.gae(rewards, values[here], GAMMA, GAE_LAMBDA)
            for name, of in zip(known, (old, values[here], advantages, returns)):
                known[name].append(of)
            start += n
        white = rl.whiten(np.concatenate(known["advantages"]))
        known["advantages"] = np.split(white, np.cumsum([len(a.ids) for a in answers])[:-1])
        return known

    def update(self, asked, answers, known):
        """One optimiser step on these answers. Returns the policy's and the values' loss."""
        batch = Batch(asked, answers)
        old, values, advantages, returns = (Tensor(np.concatenate(known[name])) for name in ("old", "values", "advantages", "returns"))
        weight = 1.0 / old.shape[0]
        reported = {}

        def loss(model, _):
            rows = batch.rows(model["policy"])
            policy = rl.policy_terms(batch.logprobs(model["policy"], rows), old, advantages, weight, CLIP_RANGE)
            value = rl.value_terms(head_values(model["head"], rows), values, returns, weight, CLIP_RANGE_VALUE)
            reported["policy"], reported["value"] = policy.numpy(), value.numpy()
            return policy + value * VF_COEF

        accumulator = GradAccumulator(self.model)
        accumulator.add(loss, None)
        _, grads = accumulator.finish()
        params, _ = optim.adamw_step(flat(self.model), flat(grads), self.optimizer, OPTIMIZER)
        self.model = unflat(self.model["policy"], params)
        return double_sum([reported["policy"]]), double_sum([reported["value"]])

    def step(self, asked, answers, scores):
        """Learns from the answers. Returns the mean policy loss and value loss over the updates."""
        known = self.rollout(asked, answers, scores)
        losses = []
        for epoch in range(NUM_EPOCHS):
            order = train.shuffled(len(asked), SEED, self.iteration * NUM_EPOCHS + epoch)
            mixed = {name: [of[i] for i in order] for name, of in known.items()}
            losses.append(self.update([asked[i] for i in order], [answers[i] for i in order], mixed))
        self.iteration += 1
        return [double_sum([np.array(x)]) / NUM_EPOCHS for x in zip(*losses)]


def flat(model):
    return [*model["policy"].parameters().values(), model["head"]["weight"], model["head"]["bias"]]


def unflat(policy, params):
    names = policy.parameters()
    return {"policy": policy.with_parameters(dict(zip(names, params))), "head": {"weight": params[-2], "bias": params[-1]}}


def main():
    ppo = PPO(starting_policy())
    for _ in range(30):
        answers = ppo.generate(prompts())
        scores = score(answers)
        policy_loss, value_loss = ppo.step(prompts(), answers, scores)
        print(f"{ppo.iteration:3d}  reward {np.mean(scores):.3f}  policy loss {policy_loss:+.4f}  value loss {value_loss:.4f}")


if __name__ == "__main__":
    main()
