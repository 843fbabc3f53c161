"""Runs whose answers are sampled while training: PPO and its relatives."""

import warnings

from .. import _core, train
from .rewards import Batch, Rewards
from .rows import check_columns, messages, text_of
from .samples import add_advantages, add_rewards, draw, means, rows_of
from .tasks import Task, save_policy

TRAINERS = {"ppo": "PPOTrainer", "rloo": "RLOOTrainer", "grpo": "GRPOTrainer"}


class Prompts:
    """Prompts as turns and ids, and the columns beside them, which reward functions see."""

    def __init__(self, task, rows, name):
        check_columns(rows, "prompts", name)

        def convert(row, where):
            turns = messages(row["prompt"], "user", where)
            if not any(m["content"].strip() for m in turns):
                raise _core.ValueError(f"{where} has an empty prompt: got {row['prompt']!r}, expected text.")
            ids = task.codec.prompt(turns)
            task.codec.check_length(ids, task.config.max_new_tokens, where)
            return turns, ids, {k: v for k, v in row.items() if k != "prompt"}

        self.turns, self.ids, self.rows = map(list, zip(*task.kept(rows, convert, name)))

    def columns(self, places):
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: [self.rows[i].get(name) for i in places] for name in names}

    def __len__(self):
        return len(self.ids)


class Online(Task):
    better = ("eval_reward", 1)

    def __init__(self, kind, model, rows, eval_rows, config, run, lora, rewards, eval_rewards=None):
        super().__init__(kind, model, config, run, lora)
        if not config.stop_ids:
            config.stop_ids = self.codec.stop_ids
        if run.iterations < 1 or run.prompts_per_step < 1:
            raise _core.ConfigError(f"OnlineRunConfig: nothing to do: got iterations {run.iterations}, prompts_per_step {run.prompts_per_step}, expected 1 or more.")
        self.prompts = Prompts(self, rows, "data")
        self.eval_prompts = Prompts(self, eval_rows, "eval_data") if eval_rows else self.prompts
        self.rewards = Rewards(rewards, run.reward_timeout)
        self.eval_rewards = Rewards(eval_rewards, run.reward_timeout) if eval_rewards else self.rewards
        for part in [*self.rewards.parts, *self.eval_rewards.parts]:
            if getattr(part, "tokenizer", None) not in (None, model.tokenizer.to_json()):
                raise _core.ConfigError(f"reward {part.name}: its tokenizer is another: got another tokenizer.json, expected the model's.")
        self.total = run.iterations
        self._class = getattr(train, TRAINERS[kind])
        self.trainer = self._class(self.policy, config, reference=self.start)
        self._constant = 0

    def places(self, step):
        """Which prompts a step asks: every prompt once, in seeded order, before any comes again."""
        n, k = len(self.prompts), self.run.prompts_per_step
        orders = {}
        for at in range(step * k, (step + 1) * k):
            if at // n not in orders:
                orders[at // n] = _core._shuffled(n, self.config.seed, at // n)
        return [orders[at // n][at % n] for at in range(step * k, (step + 1) * k)]

    def judge(self, rewards, prompts, places, answers):
        """The rewards of answers to prompts at `places`, several an answer where a trainer samples groups."""
        places = [p for p in places for _ in range(len(answers) // len(places))]
        batch = Batch(
            [text_of(prompts.turns[p]) for p in places], [self.codec.decode(a.ids) for a in answers], [prompts.ids[p] for p in places],
            [list(a.ids) for a in answers], prompts.columns(places),
        )
        return rewards(batch)

    def train(self, after, stopped):
        while self.step < self.total and not stopped():
            places = self.places(self.step)
            asked = [self.prompts.ids[p] for p in places]
            answers = self.trainer.generate(asked)
            sums, parts = self.judge(self.rewards, self.prompts, places, answers)
            stats = self.trainer.step(asked, answers, sums)
            self.step += 1
            found = numbers_of(stats)
            if len(parts) > 1:
                found |= {f"rewards/{name}": sum(x) / len(x) for name, x in parts.items()}
            for said in getattr(stats, "warnings", ()):
                warnings.warn(said, stacklevel=2)
            self._warn_if_constant(sums)
            after(found)

    def _warn_if_constant(self, sums):
        self._constant = self._constant + 1 if len(set(sums)) == 1 else 0
        if self._constant == 3:
            warnings.warn(
                f"reward: all answers of three steps in a row had the same reward, {sums[0]:g}: nothing can be learnt. Does it tell answers apart?", stacklevel=2
            )

    def evaluate(self, limit):
        """Answers to the held-out prompts, or where there are none to the training prompts."""
        prompts, trainer = self.eval_prompts, self.trainer
        places = list(range(len(prompts)))
        c = self.config
        answers = draw(trainer.policy, prompts.ids, c.max_new_tokens, c.temperature, c.stop_ids, c.seed)
        rows = rows_of(self.codec, prompts.turns, prompts.ids, answers, trainer.reference, c.temperature)
        add_rewards(rows, *self.judge(self.eval_rewards, prompts, places, answers))
        found = means(rows)
        rows, ids, answers = rows[:limit], prompts.ids[:limit], answers[:limit]
        if self.kind == "ppo":
            add_advantages(rows, c, trainer.values(ids, answers))
        return found, rows

    def save(self, folder, notes):
        self.trainer.save(folder, notes)

    def load(self, folder):
        self.trainer, notes = self._class.load(folder, self.config)
        self.step = self.trainer.iteration
        return notes

    def export(self, folder):
        save_policy(folder, self.trainer.policy, self.model)


def numbers_of(stats):
    return {name: value for name in dir(stats) if not name.startswith("_") and isinstance(value := getattr(stats, name), (int, float))}
