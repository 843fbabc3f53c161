import os
import tempfile

import ctranslate2
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from . import gpt2
from .inputs import NEW, prompts, shape_of

state = {}


def converted(shape, folder):
    """The model by CTranslate2's own converter, which wants a tokenizer beside it: token 7 is the word "7"."""
    gpt2.model(shape).save_pretrained(folder)
    words = models.WordLevel({str(i): i for i in range(shape.vocab_size)}, unk_token="0")
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), unk_token="0", bos_token="0", eos_token="0").save_pretrained(folder)
    return TransformersConverter(folder).convert(os.path.join(folder, "ctranslate2"), quantization="float32")


def setup(shape, threads, batch):
    shape = shape_of(shape)
    with tempfile.TemporaryDirectory() as folder:
        generator = ctranslate2.Generator(converted(shape, folder), device="cpu", compute_type="float32", inter_threads=1, intra_threads=threads)
    state.update(generator=generator, prompts=[[str(t) for t in row] for row in prompts(shape, batch)])


def work():
    # The tokenizer had to have an end; no answer may.
    return state["generator"].generate_batch(state["prompts"], max_batch_size=len(state["prompts"]), max_length=NEW, min_length=NEW,
                                             sampling_topk=1, include_prompt_in_result=False, end_token=[], suppress_sequences=None)


def answers():
    return [result.sequences_ids[0] for result in work()]
