import torch

from common import torch_gpt2, torch_settings
from common.shapes import SHAPES, tokens

state = {}


def setup(shape, threads, optimizer, compiled):
    torch_settings.use(threads)
    shape = SHAPES[shape]
    model = torch_gpt2.model(shape)
    parameters = list(model.parameters())
    adamw = torch_gpt2.adamw(parameters, optimizer)
    loss_of = torch.compile(model.next_token_loss) if compiled else model.next_token_loss
    ids = torch.from_numpy(tokens(shape))

    def work():
        loss = loss_of(ids)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, optimizer["max_grad_norm"], foreach=True)
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        return loss, norm

    state["work"] = work


def work():
    return state["work"]()


def steps(count):
    """Loss and gradient norm of each of the next steps."""
    return [[x.item() for x in work()] for _ in range(count)]
