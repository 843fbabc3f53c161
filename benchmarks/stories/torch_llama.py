"""The same loop in PyTorch with Hugging Face's Llama: sample with a cache, score, then clipped updates of policy and critic.

Prompts are padded on the left, answers on the right. `form`: "generate" samples by Hugging Face's generate and computes the log-probs anew; "loop" calls the
model token by token and keeps them.
"""

import copy
import os
import tempfile

import torch
import torch.nn.functional as F
from transformers import DynamicCache, LlamaForCausalLM

from common import torch_gpt2, torch_settings

from . import inputs

state = {}


def setup(threads, form="loop", **other):
    torch_settings.use(threads)
    with tempfile.TemporaryDirectory() as folder:
        inputs.model().save(folder)
        policy = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    policy.generation_config.pad_token_id = 0
    critic, value = copy.deepcopy(policy.model), torch.nn.Linear(policy.config.hidden_size, 1)
    torch.nn.init.zeros_(value.weight), torch.nn.init.zeros_(value.bias)
    parameters = [*policy.parameters(), *critic.parameters(), *value.parameters()]
    loop = {**inputs.LOOP, **other}
    prompts = inputs.openings()[0][:loop["batch_size"]]
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    state.update(loop=loop, form=form, policy=policy, reference=copy.deepcopy(policy), critic=critic, value=value, parameters=parameters,
                 adamw=torch_gpt2.adamw(parameters, inputs.OPTIMIZER), prompts=prompts, ids=ids, mask=mask, kl_coef=loop["kl_coef"])


def places(mask):
    return (mask.cumsum(1) - 1).clamp(min=0)


@torch.inference_mode()
def sample():
    """Answers (B, N), their mask, and the log-probs of their tokens where the sampler knows them."""
    policy, ids, mask, new = state["policy"], state["ids"], state["mask"], state["loop"]["max_new_tokens"]
    if state["form"] == "generate":
        found = policy.generate(ids, attention_mask=mask, do_sample=True, top_k=0, max_new_tokens=new, eos_token_id=inputs.STOP_IDS, pad_token_id=0)[:, ids.shape[1]:]
        return found, alive(found), None
    cache, going, now, answers, logprobs = DynamicCache(), torch.ones(len(ids), dtype=torch.bool), ids, [], []
    positions = places(mask)
    while len(answers) < new and going.any():
        logits = policy(input_ids=now, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
        logp = F.log_softmax(logits, -1)
        now = torch.multinomial(logp.exp(), 1)
        answers.append(now)
        logprobs.append(logp.gather(1, now))
        going &= ~torch.isin(now[:, 0], torch.tensor(inputs.STOP_IDS))
        mask = torch.cat([mask, torch.ones_like(now)], 1)
        positions = positions[:, -1:] + 1
    found = torch.cat(answers, 1)
    return found, alive(found), torch.cat(logprobs, 1)


def alive(answers):
    """1 up to and with the first stop id."""
    ended = torch.isin(answers, torch.tensor(inputs.STOP_IDS)).long()
    return ((ended.cumsum(1) - ended) == 0).long()


def hidden(trunk, whole, mask, width):
    """Hidden states before each answer token."""
    return trunk(input_ids=whole, attention_mask=mask, position_ids=places(mask), use_cache=False).last_hidden_state[:, width - 1:-1]


def logprobs_of(model, whole, mask, width):
    return F.log_softmax(model.lm_head(hidden(model.model, whole, mask, width)), -1).gather(2, whole[:, width:, None])[..., 0]


def mean(x, mask):
    return (x * mask).sum() / mask.sum()


def step(answers, alive, old):
    """Means over the updates of policy loss, value loss, gradient norm and approximate KL; before them the mean score."""
    loop, policy, critic, value, width = state["loop"], state["policy"], state["critic"], state["value"], state["ids"].shape[1]
    whole, mask = torch.cat([state["ids"], answers * alive], 1), torch.cat([state["mask"], alive], 1)
    texts = [a[:n].tolist() for a, n in zip(answers, alive.sum(1).tolist())]
    scores = torch.tensor(inputs.sentiment(state["prompts"], texts))
    with torch.no_grad():
        if old is None:
            old = logprobs_of(policy, whole, mask, width)
        kl = (old - logprobs_of(state["reference"], whole, mask, width)) * alive
        values = value(hidden(critic, whole, mask, width))[..., 0] * alive
        rewards = -state["kl_coef"] * kl
        rewards[torch.arange(len(whole)), alive.sum(1) - 1] += scores
        advantages, last = torch.zeros_like(rewards), torch.zeros(len(whole))
        for t in reversed(range(rewards.shape[1])):
            following = values[:, t + 1] if t + 1 < rewards.shape[1] else 0.0
            last = (rewards[:, t] + following - values[:, t] + loop["gae_lambda"] * last) * alive[:, t]
            advantages[:, t] = last
        returns = advantages + values
        middle = mean(advantages, alive)
        advantages = (advantages - middle) / (mean((advantages - middle) ** 2, alive) + 1e-8).sqrt()
    told, size = [], loop["mini_batch_size"] or len(whole)
    for _ in range(loop["num_epochs"]):
        for rows in torch.randperm(len(whole)).split(size):
            w, m, live, a, o, v0, r = whole[rows], mask[rows], alive[rows], advantages[rows], old[rows], values[rows], returns[rows]
            logprobs = logprobs_of(policy, w, m, width)
            ratio = (logprobs - o).exp()
            policy_loss = mean(torch.max(-a * ratio, -a * ratio.clamp(1 - loop["clip_range"], 1 + loop["clip_range"])), live)
            v = value(hidden(critic, w, m, width))[..., 0]
            clipped = v0 + (v - v0).clamp(-loop["clip_range_value"], loop["clip_range_value"])
            value_loss = 0.5 * mean(torch.max((v - r) ** 2, (clipped - r) ** 2), live)
            (policy_loss + loop["vf_coef"] * value_loss).backward()
            norm = torch.nn.utils.clip_grad_norm_(state["parameters"], inputs.OPTIMIZER["max_grad_norm"], foreach=True)
            state["adamw"].step()
            state["adamw"].zero_grad(set_to_none=True)
            told.append(torch.stack([policy_loss.detach(), value_loss.detach(), norm, 0.5 * mean((logprobs.detach() - o) ** 2, live)]))
    off = min(max(kl.sum(1).mean().item() / loop["kl_target"] - 1, -0.2), 0.2)
    state["kl_coef"] *= 1 + off * len(whole) / loop["kl_horizon"]
    return [scores.mean().item(), *torch.stack(told).mean(0).tolist()]


def work():
    step(*(x.clone() if x is not None else None for x in sample()))


def replay(ids):
    """An iteration on the other side's answers."""
    longest = max(map(len, ids))
    answers = torch.tensor([list(a) + [0] * (longest - len(a)) for a in ids])
    live = torch.tensor([[1] * len(a) + [0] * (longest - len(a)) for a in ids])
    return step(answers, live, None)


os.environ.setdefault("HF_HUB_OFFLINE", "1")
