import torch

from common import torch_settings

from . import gpt2
from .inputs import NEW, prompts, shape_of

state = {}


def setup(shape, threads, batch):
    torch_settings.use(threads)
    torch.inference_mode().__enter__()
    shape = shape_of(shape)
    ids = torch.tensor(prompts(shape, batch))
    state.update(model=gpt2.model(shape), ids=ids, mask=torch.ones_like(ids))


def work():
    return state["model"].generate(state["ids"], attention_mask=state["mask"], max_new_tokens=NEW, min_new_tokens=NEW,
                                   do_sample=False, use_cache=True)


def answers():
    return work()[:, state["ids"].shape[1]:].tolist()


def gap(row, answer, other):
    """How much more likely (logit) `answer[-1]` is than `other` after prompt `row` and the answer before; and the largest logit's size."""
    ids = torch.cat([state["ids"][row], torch.tensor(answer[:-1], dtype=torch.long)])[None]
    logits = state["model"](ids).logits[0, -1]
    return [(logits[answer[-1]] - logits[other]).item(), logits.abs().max().item()]
