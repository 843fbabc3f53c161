"""The transformer: `logits`, `logprobs` and `generate` take ragged lists, or padded (B, T) arrays with a mask."""

import numpy as np

from . import _core, _hub
from ._core import MLP, GenerateOptions, Generation, LoraConfig, MLPConfig, RopeScaling, Transformer, TransformerConfig

__all__ = ["MLP", "GenerateOptions", "Generation", "LoraConfig", "MLPConfig", "RopeScaling", "Transformer", "TransformerConfig"]


def _sequences(ids, mask):
    """Rows of ids as lists without padding, and the mask as an array (None for ragged lists)."""
    if mask is None:
        return [list(map(int, row)) for row in ids], None
    ids, mask = np.asarray(ids), np.asarray(mask).astype(bool)
    if ids.ndim != 2 or ids.shape != mask.shape:
        raise _core.ShapeError(f"Transformer: ids and mask differ: got shapes {ids.shape} and {mask.shape}, expected (B, T) twice.")
    return [row[keep].tolist() for row, keep in zip(ids, mask)], mask


def logits(self, ids, mask=None):
    """Logits after each token. Ragged lists give (tokens, V); a padded (B, T) array with its mask gives (B, T, V), 0 at the padding."""
    rows, mask = _sequences(ids, mask)
    flat = self._logits(rows).numpy()
    if mask is None:
        return flat
    out = np.zeros(mask.shape + flat.shape[1:], flat.dtype)
    out[mask] = flat
    return out


def logprobs(self, ids, mask=None, temperature=1.0):
    """log p(token | those before), at a temperature. Ragged lists give a list of arrays of n - 1; a padded array gives (B, T), 0 at the first token and the padding."""
    rows, mask = _sequences(ids, mask)
    flat = self._logprobs(rows, temperature).numpy()
    parts = np.split(flat, np.cumsum([len(row) - 1 for row in rows])[:-1])
    if mask is None:
        return parts
    out = np.zeros(mask.shape, flat.dtype)
    for i, part in enumerate(parts):
        out[i, np.flatnonzero(mask[i])[1:]] = part
    return out


def generate(self, prompts, on_token=None, should_stop=None, **options):
    """Samples answers to each prompt (a list of ids): a list of Generation, those to prompts[i] from i * num_samples on.

    Options are those of GenerateOptions: max_new_tokens, temperature, top_k, min_p, repetition_penalty, stop_ids, num_samples, seed or seeds (one
    a prompt), sample, step, first_item, max_batch. on_token(answer, token, logprob) is called for each token. should_stop() is asked before each
    token and may be another thread's flag, such as threading.Event().is_set; where it is true, the call raises Stopped.
    """
    return self._generate([list(map(int, p)) for p in prompts], GenerateOptions(**options), on_token, should_stop)


def load(path):
    """Reads a language model from a folder (config.json and model.safetensors, as transformers has them; a chatbot's folder has them too), a .gguf
    file, llama2.c's .bin, or by its name "owner/name" from Hugging Face's local cache. io.load_pretrained also gives token ids and heads."""
    return Transformer._load(_hub.find(path, "Transformer.load"))


Transformer.logits, Transformer.logprobs, Transformer.generate, Transformer.load = logits, logprobs, generate, staticmethod(load)
Transformer.from_pretrained = _hub.Habit("from_pretrained", 'tutelage.nn.Transformer.load(folder, file or "owner/name")')
Transformer.save_pretrained = _hub.Habit("save_pretrained", "tutelage.nn.Transformer.save(folder)")
