"""Texts to ids and back, by a model's own chat template, or plainly where it has none."""

from .. import _core, text
from .rows import text_of


class Codec:
    """What a model's tokenizer makes of prompts and answers; `chat` says whether it knows turns."""

    def __init__(self, model):
        self.tokenizer = model.tokenizer
        self.context = model.transformer.config.max_positions
        self.stop_ids = list(model.ids.eos)
        try:
            self.tokenizer.apply_chat_template([{"role": "user", "content": "a"}], True)
            if not self.stop_ids:
                self.stop_ids = [text.end_of_answer(self.tokenizer)]
            self.chat = True
        except _core.ValueError:
            self.chat = False
        eos = self.tokenizer.config.eos_token
        if not self.stop_ids and eos:
            self.stop_ids = [self.tokenizer.special_id(eos)]

    def prompt(self, turns):
        """Ids that an answer follows."""
        if self.chat:
            return self.tokenizer.apply_chat_template(turns, True)
        return self.tokenizer.encode(text_of(turns), add_special=True)

    def example(self, prompt, answer):
        """Prompt and answer as one Example, with the answer's tokens marked."""
        if self.chat:
            return text.render_example(self.tokenizer, [*prompt, *answer])
        before = self.tokenizer.encode(text_of(prompt), add_special=True) if prompt else []
        after = self.tokenizer.encode(text_of(answer)) + self.stop_ids[:1]
        return text.Example(before + after, [0] * len(before) + [1] * len(after))

    def decode(self, ids):
        return self.tokenizer.decode(ids)

    def check_length(self, ids, new_tokens, where):
        """Raises ShapeError for what the model cannot hold."""
        if len(ids) + new_tokens > self.context:
            more = f" and {new_tokens} new ones" if new_tokens else ""
            raise _core.ShapeError(
                f"{where} is too long: got {len(ids)} tokens{more}, expected at most {self.context}, the model's context. "
                'Shorten it, or leave such rows out with long_prompts="skip".'
            )
