"""PPO's iteration in plain PyTorch, as TRL's trainer had it: sample with a cache, score, then clipped updates over all answers at once."""

import copy

import torch
import torch.nn.functional as F

from common import torch_gpt2, torch_settings
from common.shapes import SHAPES

from . import inputs

state = {}


def setup(shape, threads):
    torch_settings.use(threads)
    shape = SHAPES[shape]
    policy = torch_gpt2.model(shape)
    value = torch.nn.Linear(shape.hidden_size, 1)
    torch.nn.init.zeros_(value.weight), torch.nn.init.zeros_(value.bias)
    parameters = [*policy.parameters(), *value.parameters()]
    state.update(shape=shape, policy=policy, reference=copy.deepcopy(policy), value=value, parameters=parameters,
                 adamw=torch_gpt2.adamw(parameters, inputs.OPTIMIZER), prompts=torch.tensor(inputs.prompts(shape)))


@torch.inference_mode()
def sample():
    """Answers (B, NEW) at temperature 1, and the log-probs of their tokens."""
    policy, prompts = state["policy"], state["prompts"]
    shape = state["shape"]
    size = (len(prompts), shape.num_heads, inputs.PROMPT_LENGTH + inputs.NEW, shape.hidden_size // shape.num_heads)
    caches = [(torch.empty(size), torch.empty(size)) for _ in range(shape.num_layers)]
    ids, at, answers, logprobs = prompts, 0, [], []
    for _ in range(inputs.NEW):
        logp = F.log_softmax(policy.logits(policy.hidden(ids, caches, at)[:, -1]), -1)
        at += ids.shape[1]
        ids = torch.multinomial(logp.exp(), 1)
        answers.append(ids)
        logprobs.append(logp.gather(1, ids))
    return torch.cat(answers, 1), torch.cat(logprobs, 1)


def scored(policy, whole):
    """Log-probs of the answers' tokens, and the hidden states before them."""
    hidden = policy.hidden(whole)[:, inputs.PROMPT_LENGTH - 1:-1]
    return F.log_softmax(policy.logits(hidden), -1).gather(2, whole[:, inputs.PROMPT_LENGTH:, None])[..., 0], hidden


def step(answers, old):
    """Means over the updates of policy loss, value loss, gradient norm and approximate KL."""
    whole = torch.cat([state["prompts"], answers], 1)
    with torch.no_grad():
        values = state["value"](state["policy"].hidden(whole)[:, inputs.PROMPT_LENGTH - 1:-1])[..., 0]
        rewards = -inputs.KL_COEF * (old - scored(state["reference"], whole)[0])
        rewards[:, -1] += torch.tensor(inputs.scores(answers.tolist(), state["shape"].vocab_size))
        advantages, last = torch.zeros_like(rewards), 0.0
        for t in reversed(range(inputs.NEW)):
            following = values[:, t + 1] if t + 1 < inputs.NEW else 0.0
            last = rewards[:, t] + following - values[:, t] + inputs.GAE_LAMBDA * last
            advantages[:, t] = last
        returns = advantages + values
        advantages = (advantages - advantages.mean()) / (advantages.var(unbiased=False) + 1e-8).sqrt()
    told = []
    for _ in range(inputs.EPOCHS):
        logprobs, hidden = scored(state["policy"], whole)
        ratio = (logprobs - old).exp()
        policy_loss = torch.max(-advantages * ratio, -advantages * ratio.clamp(1 - inputs.CLIP, 1 + inputs.CLIP)).mean()
        v = state["value"](hidden)[..., 0]
        clipped = values + (v - values).clamp(-inputs.CLIP, inputs.CLIP)
        value_loss = 0.5 * torch.max((v - returns) ** 2, (clipped - returns) ** 2).mean()
        (policy_loss + inputs.VF_COEF * value_loss).backward()
        norm = torch.nn.utils.clip_grad_norm_(state["parameters"], inputs.OPTIMIZER["max_grad_norm"], foreach=True)
        state["adamw"].step()
        state["adamw"].zero_grad(set_to_none=True)
        told.append(torch.stack([policy_loss.detach(), value_loss.detach(), norm, 0.5 * ((logprobs - old) ** 2).mean().detach()]))
    return torch.stack(told).mean(0).tolist()


def work():
    step(*(x.clone() for x in sample()))


def replay(ids, logprobs):
    """The same iteration on the other side's answers."""
    return step(torch.tensor(ids), torch.tensor(logprobs))
