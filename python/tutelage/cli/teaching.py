"""A model that is taught by what people say of its answers: in a chat, and while they rate."""

from .. import ConfigError, ValueError, text, train
from .screen import Interrupt, Progress

BY_ADAPTER = 20_000_000  # parameters: a model of more learns through an adapter


def chat_template(model, command):
    """Gives the model the built-in template of its chat, which C++ can render. Raises ConfigError, in the name of `command`, where it has none."""
    built_in = text.find_built_in(model.tokenizer)
    if built_in is None:
        raise ConfigError(f"{command}: this model knows no turns of a chat: got a chat template that is none of those built in, expected one of them.")
    model.tokenizer.config = built_in
    try:
        text.end_of_answer(model.tokenizer)
    except ValueError as error:
        raise ConfigError(f"{command}: this model knows no turns of a chat: {error}") from None


def answer_tokens(model):
    """How long its answers may be: a quarter of what it can hold, at most 128 tokens, and no less than what it learns from."""
    return min(128, max(train.TeachConfig().max_new_tokens, model.transformer.config.max_positions // 4))


def teachers(model, learn, tokens=None, seed=0):
    """A function that makes a Teacher of the model as it is now. One of many parameters that is to learn gets an adapter first, which takes a while."""
    tokens = tokens or answer_tokens(model)
    if not learn or model.transformer.num_parameters < BY_ADAPTER:
        config = train.TeachConfig(max_new_tokens=tokens, seed=seed)
    else:
        print(f"{model.transformer.num_parameters:,} parameters: it learns through an adapter. It answers general questions first, to keep what it knows ...", flush=True)
        config = train.TeachConfig.for_adapter()
        config.max_answer_tokens, config.seed = tokens, seed
        with Interrupt() as stop:
            model = train.adapted(model, progress=Progress(), should_stop=stop)
    return lambda: train.Teacher(model, config)
