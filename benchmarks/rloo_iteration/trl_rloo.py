"""TRL's RLOOTrainer on Hugging Face's GPT-2 with the shared weights; one call of work() is one of its training steps, without its data loader."""

import logging
import os
import tempfile

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from trl import RLOOConfig, RLOOTrainer

from common import memory, torch_settings
from common.shapes import SHAPES
from generation import gpt2

from . import inputs

state = {}


class Told(RLOOTrainer):
    """Draws answers itself, or takes those it is told."""

    told = None

    def _generate_single_turn(self, prompt_ids, *rest):
        return self.told if self.told else super()._generate_single_turn(prompt_ids, *rest)


def tokenizer(shape):
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(shape.vocab_size)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0", eos_token="w0")


def setup(shape, threads):
    logging.disable(logging.WARNING)
    torch_settings.use(threads)
    shape = SHAPES[shape]
    count = inputs.PROMPTS * inputs.GENERATIONS
    args = RLOOConfig(output_dir=tempfile.mkdtemp(), per_device_train_batch_size=count, num_generations=inputs.GENERATIONS, max_completion_length=inputs.NEW,
                      generation_kwargs={"min_new_tokens": inputs.NEW}, beta=inputs.KL_COEF, epsilon=inputs.CLIP, learning_rate=inputs.OPTIMIZER["learning_rate"],
                      weight_decay=0.0, lr_scheduler_type="constant", max_steps=10**6, use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[],
                      save_strategy="no", disable_tqdm=True)
    prompts = [{"prompt": " ".join(f"w{i}" for i in p)} for p in inputs.prompts(shape)]
    model = gpt2.model(shape, spread=1.0)
    model.config._name_or_path = tempfile.mkdtemp()  # where TRL takes its reference from
    model.save_pretrained(model.config._name_or_path)
    trainer = Told(model=model, args=args, processing_class=tokenizer(shape), train_dataset=Dataset.from_list(prompts),
                   reward_funcs=lambda completion_ids, **_: inputs.scores(completion_ids, shape.vocab_size))
    trainer.create_optimizer_and_scheduler(num_training_steps=10**6)
    trainer.current_gradient_accumulation_steps = 1
    state.update(trainer=trainer, batch=[p for p in prompts for _ in range(inputs.GENERATIONS)])


def step():
    trainer = state["trainer"]
    loss = trainer.training_step(trainer.model, list(state["batch"]), None)
    norm = torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), 1.0)
    trainer.optimizer.step()
    trainer.optimizer.zero_grad()
    return loss.item(), trainer._metrics["train"]["reward"][-1], norm.item()


def work():
    step()


def replay(ids):
    """Loss, reward and gradient norm of a step on these answers."""
    state["trainer"].told = ids
    found = step()
    state["trainer"].told = None
    return found


def peak():
    return memory.peak()


os.environ.setdefault("HF_HUB_OFFLINE", "1")
