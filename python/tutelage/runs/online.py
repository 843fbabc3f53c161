"""Runs whose answers are sampled while training: PPO and its relatives."""

from .. import _core, train
from .rewards import Batch, Rewards
from .rows import check_columns, messages, text_of
from .samples import add_advantages, add_rewards, draw, means, rows_of
from .tasks import Task, save_policy

TRAINERS = {"ppo": (train.PPOTrainer, train.PPOState), "rloo": (train.RLOOTrainer, train.PolicyState), "grpo": (train.GRPOTrainer, train.PolicyState)}


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
        self.prompts = Prompts(self, rows, "data")
        self.eval_prompts = Prompts(self, eval_rows, "eval_data") if eval_rows else self.prompts
        self.rewards = Rewards(rewards, run.reward_timeout)
        self.eval_rewards = Rewards(eval_rewards, run.reward_timeout) if eval_rewards else self.rewards
        for part in [*self.rewards.parts, *self.eval_rewards.parts]:
            if getattr(part, "tokenizer", None) not in (None, model.tokenizer.to_json()):
                raise _core.ConfigError(f"reward {part.name}: its tokenizer is another: got another tokenizer.json, expected the model's.")
        self.total = run.iterations
        self._class, self._state = TRAINERS[kind]
        self.trainer = self._class(self.policy, config, reference=self.start)

    def judge(self, rewards, prompts, places, answers):
        """The rewards of answers to prompts at `places`, several an answer where a trainer samples groups."""
        places = [p for p in places for _ in range(len(answers) // len(places))]
        batch = Batch(
            [text_of(prompts.turns[p]) for p in places], [self.codec.decode(a.ids) for a in answers], [prompts.ids[p] for p in places],
            [list(a.ids) for a in answers], prompts.columns(places),
        )
        return rewards(batch)

    def train(self, after, stopped, warn):
        while self.step < self.total and not stopped():
            places = train.prompt_places(len(self.prompts), self.config.batch_size, self.step, self.config.seed)
            asked = [self.prompts.ids[p] for p in places]
            answers = self.trainer.generate(asked)
            sums, parts = self.judge(self.rewards, self.prompts, places, answers)
            stats = self.trainer.step(asked, answers, sums)
            self.step += 1
            found = stats.metrics()
            if len(parts) > 1:
                found |= {f"rewards/{name}": sum(x) / len(x) for name, x in parts.items()}
            for said in stats.warnings:
                warn(said)
            after(found)

    def evaluate(self, limit):
        """Answers to the held-out prompts, or where there are none to the training prompts."""
        prompts, trainer = self.eval_prompts, self.trainer
        c, group = self.config, self.config.num_generations
        answers = draw(trainer.policy, prompts.ids, c.max_new_tokens, c.temperature, c.stop_ids, c.seed, group, c.min_new_tokens)
        turns, ids = ([x for x in each for _ in range(group)] for each in (prompts.turns, prompts.ids))
        rows = rows_of(self.codec, turns, ids, answers, trainer.reference, c.temperature)
        sums, parts = self.judge(self.eval_rewards, prompts, list(range(len(prompts))), answers)
        add_rewards(rows, sums, parts)
        add_advantages(rows, trainer.examine(prompts.ids, answers, sums))
        return means(rows), rows[:limit]

    def save(self, folder, notes):
        self.trainer.state().save(folder, notes)

    def load(self, folder):
        state, notes = self._state.load(folder)
        self.trainer, self.step = self._class(config=self.config, state=state), state.iteration
        return notes

    def export(self, folder):
        save_policy(folder, self.trainer.policy, self.model)
