"""What a run does at each step and evaluation, where the items are given: supervised fine-tuning, reward models, DPO, KTO."""

import math
import os

from .. import _core, io, reward, text, train
from .codec import Codec
from .rows import check_columns, text_of, turns
from .samples import draw, means, rows_of

EVALUATED = 64  # tokens of an answer that an evaluation of an offline trainer draws


def save_policy(folder, policy, model):
    """The model's folder, as `chat` and transformers read it; an adapter is merged into it, and kept beside it."""
    if policy.lora:
        policy.save_adapter(os.path.join(folder, "adapter"))
        policy = policy.merged()
    if model.ids.eos or model.ids.bos >= 0:
        io.save_pretrained(folder, io.Pretrained(policy, ids=model.ids))
        model.tokenizer.save(folder)
    else:
        io.save_model(folder, io.ChatModel(policy, model.tokenizer, model.conversations))


class Task:
    """A trainer on rows. `step` of `total` are done; `better` names the number that evaluations compare, and whether more of it is better."""

    def __init__(self, kind, model, config, run, lora):
        self.kind, self.model, self.config, self.run = kind, model, config, run
        self.codec = Codec(model)
        self.start = model.transformer  # the reference of KL
        self.policy = self.start.with_lora(lora) if lora else self.start
        self.step = 0

    def kept(self, rows, convert, name):
        """convert(row, where) of every row; ShapeError for one that the model cannot hold, or by run.long_prompts it is left out."""
        found = []
        for i, row in enumerate(rows):
            try:
                found.append(convert(row, f"{name}: row {i}"))
            except _core.ShapeError:
                if self.run.long_prompts != "skip":
                    raise
        if not found:
            raise _core.ShapeError(f"{name}: every row is too long: got {len(rows)} rows, expected one within the model's context.")
        return found


class Offline(Task):
    """Trainers that go over given items in epochs: train(items) begins at its state's position."""

    def begin(self, trainer, state):
        """The trainer, from the start."""
        self.trainer, self._state = trainer, state
        self.total = math.ceil(len(self.items) / self.config.batch_size) * self.config.epochs

    def train(self, after, stopped, warn):
        def progress(p):
            for text_ in p.warnings:
                warn(text_)
            self.step = p.done
            after(p.metrics)

        if self.step < self.total:
            self.trainer.train(self.items, progress=progress, should_stop=stopped)

    def save(self, folder, notes):
        self.trainer.state().save(folder, notes)

    def load(self, folder):
        state, notes = self._state.load(folder)
        self.trainer, self.step = type(self.trainer)(config=self.config, state=state), state.position
        return notes


class SFT(Offline):
    better = ("eval_loss", -1)

    def __init__(self, model, rows, eval_rows, config, run, lora):
        super().__init__("sft", model, config, run, lora)
        self.pairs, self.items = self._items(rows, "data")
        self.eval_pairs, self.eval_items = self._items(eval_rows, "eval_data") if eval_rows else (self.pairs, self.items)
        self.begin(train.SFTTrainer(self.policy, config), train.SFTState)

    def _items(self, rows, name):
        column = "messages" if check_columns(rows, "sft", name) == ("messages",) else "completion"

        def convert(row, where):
            prompt, answer = turns(row, column, where)
            not_empty(answer, where)
            item = self.codec.example(prompt, answer)
            self.codec.check_length(item.ids, 0, where)
            return prompt, item

        return zip(*self.kept(rows, convert, name))

    def evaluate(self, limit):
        policy = self.trainer.model
        loss = train.sft_loss(policy, list(self.eval_items))
        found = {"eval_loss": loss, "eval_perplexity": math.exp(min(loss, 700))}
        asked = different(p for p in self.eval_pairs if p)[:limit]
        rows = drawn(self, policy, asked)
        return found | (means(rows) if rows else {}), rows

    def export(self, folder):
        save_policy(folder, self.trainer.model, self.model)


def evaluated(task):
    """The trainer's own numbers of the held-out items."""
    return {f"eval_{name}": value for name, value in task.trainer.evaluate(task.eval_items).metrics().items() if name != "grad_norm"}


def drawn(task, policy, asked):
    """Rows of sampled answers of an offline trainer's policy, to prompts that leave room for one."""
    ids = [task.codec.prompt(p) for p in asked]
    fit = [(p, i) for p, i in zip(asked, ids) if len(i) < task.codec.context]
    if not fit:
        return []
    asked, ids = map(list, zip(*fit))
    room = min(EVALUATED, task.codec.context - max(map(len, ids)))
    answers = draw(policy, ids, room, 1.0, task.codec.stop_ids, task.config.seed)
    return rows_of(task.codec, asked, ids, answers, task.start, 1.0)


class Pairs(Offline):
    """Rows of chosen and rejected answers, as texts and as ids up to the token that ends an answer."""

    def read_pairs(self, rows, name):
        check_columns(rows, self.kind, name)

        def convert(row, where):
            prompt, chosen = turns(row, "chosen", where)
            rejected = turns(row, "rejected", where)[1]
            if chosen == rejected:
                raise _core.ValueError(f"{where}: both answers are the same: got {chosen[-1]['content']!r:.60} twice, expected two. `tutelage check` lists them.")
            return prompt, self.side(prompt, chosen, where), self.side(prompt, rejected, where), row

        return self.kept(rows, convert, name)

    def side(self, prompt, answer, where):
        not_empty(answer, where)
        item = self.codec.example(prompt, answer)
        end = max(i for i, m in enumerate(item.mask) if m) + 1
        self.codec.check_length(item.ids[:end], 0, where)
        return text.Example(item.ids[:end], item.mask[:end])


def not_empty(answer, where):
    if not any(m["content"].strip() for m in answer):
        raise _core.ValueError(f"{where} has an empty answer: got {[m['content'] for m in answer]}, expected text.")


def number(row, name, otherwise, where):
    value = row.get(name)
    try:
        return otherwise if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        raise _core.ValueError(f"{where}: {name} is no number: got {value!r}, expected one.") from None


class Reward(Pairs):
    better = ("eval_accuracy", 1)

    def __init__(self, model, rows, eval_rows, config, run, lora):
        super().__init__("reward", model, config, run, lora)
        self.pairs = self.read_pairs(rows, "data")
        self.eval_pairs = self.read_pairs(eval_rows, "eval_data") if eval_rows else self.pairs
        self.items = [
            train.Pair(c.ids, r.ids, number(row, "probability", 1.0, f"data: row {i}"), number(row, "weight", 1.0, f"data: row {i}"))
            for i, (_, c, r, row) in enumerate(self.pairs)
        ]
        self.eval_items = [train.Pair(c.ids, r.ids) for _, c, r, _ in self.eval_pairs]
        self.begin(train.RewardTrainer(reward.RewardModel(self.policy, config.seed), config), train.RewardState)

    def evaluate(self, limit):
        scores = self.trainer.model.score([side.ids for _, c, r, _ in self.eval_pairs for side in (c, r)])
        chosen, rejected = scores[::2], scores[1::2]
        found = evaluated(self)
        rows = [
            {"prompt": text_of(p), "answer": self.codec.decode(answer_ids(c)), "rejected": self.codec.decode(answer_ids(r)), "reward": high - low,
             "rewards": {"chosen": high, "rejected": low}}
            for (p, c, r, _), high, low in zip(self.eval_pairs[:limit], chosen, rejected)
        ]
        return found, rows

    def export(self, folder):
        model = self.trainer.model.calibrated([side.ids for _, c, r, _ in self.pairs for side in (c, r)])
        model.save(os.path.join(folder, "reward"))
        self.model.tokenizer.save(folder)


def answer_ids(item):
    return [i for i, m in zip(item.ids, item.mask) if m]


class DPO(Pairs):
    better = ("eval_loss", -1)

    def __init__(self, model, rows, eval_rows, config, run, lora):
        super().__init__("dpo", model, config, run, lora)
        pairs = self.read_pairs(rows, "data")
        eval_pairs = self.read_pairs(eval_rows, "eval_data") if eval_rows else pairs
        self.items, self.eval_items = ([train.Preference(*parted(c, r)) for _, c, r, _ in p] for p in (pairs, eval_pairs))
        self.asked = [p for p, *_ in eval_pairs]
        self.begin(train.DPOTrainer(self.policy, config, reference=self.start), train.PreferenceState)

    def evaluate(self, limit):
        rows = drawn(self, self.trainer.policy, different(self.asked)[:limit])
        return evaluated(self) | (means(rows) if rows else {}), rows

    def export(self, folder):
        save_policy(folder, self.trainer.policy, self.model)


class KTO(DPO):
    def __init__(self, model, rows, eval_rows, config, run, lora):
        Offline.__init__(self, "kto", model, config, run, lora)
        self.items, _ = self._labelled(rows, "data")
        self.eval_items, self.asked = self._labelled(eval_rows, "eval_data") if eval_rows else self._labelled(rows, "data")
        self.begin(train.KTOTrainer(self.policy, config, reference=self.start), train.PreferenceState)

    def _labelled(self, rows, name):
        check_columns(rows, "kto", name)

        def convert(row, where):
            prompt, answer = turns(row, "completion", where)
            label = {"true": True, "false": False, "1": True, "0": False}.get(str(row["label"]).lower())
            if label is None:
                raise _core.ValueError(f"{where}: label is none: got {row['label']!r}, expected true or false.")
            return train.Labelled(*parted(self.side(prompt, answer, where)), label), prompt

        return map(list, zip(*self.kept(rows, convert, name)))


def parted(*sides):
    """The ids of the prompt, which all begin with, and those of each answer."""
    begin = sides[0].mask.index(1)
    return sides[0].ids[:begin], *(side.ids[begin:] for side in sides)


def different(conversations):
    return list({repr(c): c for c in conversations}.values())
