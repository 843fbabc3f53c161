"""
The compiled part of tutelage; import tutelage instead.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
from tutelage import ConfigError
from tutelage import Error
from tutelage import ExchangeError
from tutelage import IndexError
from tutelage import IoError
from tutelage import NumericError
from tutelage import ShapeError
from tutelage import StateError
from tutelage import Stopped
from tutelage import ValueError
import typing
import typing_extensions
from . import ops
from . import formulas
__all__: list[str] = ['Accumulators', 'Accumulators64', 'AdamWConfig', 'AdamWState', 'AdaptiveKL', 'AnnotatorFitConfig', 'Behaviour', 'ChampionTest', 'ChampionTestConfig', 'ChatModel', 'ChatbotConfig', 'ConfigError', 'Error', 'Example', 'ExchangeError', 'GenerateOptions', 'Generation', 'IndexError', 'IoError', 'ItemFitConfig', 'Judgement', 'JudgementLog', 'LoraConfig', 'NumericError', 'OnlineAnnotators', 'PPOConfig', 'PPOStats', 'PPOTrainer', 'Pair', 'Pretrained', 'Progress', 'RewardConfig', 'RewardEnsemble', 'RopeScaling', 'SFTConfig', 'SFTTrainer', 'ShapeError', 'SimulatedAnnotator', 'SimulatedAnnotatorConfig', 'StateError', 'StepStats', 'Stopped', 'TeachConfig', 'TeachReport', 'Teacher', 'Tensor', 'Tensor64', 'TokenIds', 'Tokenizer', 'TokenizerConfig', 'TokenizerData', 'TrainingDataConfig', 'Trajectory', 'Transformer', 'TransformerConfig', 'ValueError', 'adamw_step', 'ask', 'chat_template_jinja', 'chat_template_names', 'each_judgement', 'end_of_answer', 'fit_ensemble', 'formulas', 'from_dlpack', 'gradcheck', 'isa', 'judgement_rows', 'load_model', 'load_pretrained', 'num_threads', 'ops', 'pair_accuracy', 'peak_memory', 'read_conversations', 'read_gguf_tokenizer', 'read_judgements', 'read_llama2c_tokenizer', 'read_safetensors', 'render_example', 'save_model', 'save_pretrained', 'set_num_threads', 'sft_loss', 'train_chat_tokenizer', 'train_chatbot', 'understand', 'write_conversations', 'write_judgements', 'write_safetensors']
class Progress:
    """
    One report of a long call.
    """
    @property
    def done(self) -> int:
        ...
    @property
    def metrics(self) -> dict:
        ...
    @property
    def stage(self) -> str:
        ...
    @property
    def total(self) -> int:
        ...
class Tensor:
    """
    A contiguous array of numbers that ops record; a value: nothing changes it.
    """
    @typing.overload
    def __add__(self, arg0: Tensor) -> Tensor:
        ...
    @typing.overload
    def __add__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    def __array__(self, dtype: typing.Any = None, copy: bool | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
        ...
    def __dlpack__(self, *, stream: typing.SupportsInt | typing.SupportsIndex | None = None, max_version: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex] | None = None, dl_device: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex] | None = None, copy: bool | None = None) -> typing_extensions.CapsuleType:
        """
        The same memory for other libraries, read-only: torch.from_dlpack(tensor), numpy.from_dlpack(tensor). PyTorch knows no read-only memory: do not write to what it makes of a tensor. A library from before DLPack 1.0 is given a copy.
        """
    def __dlpack_device__(self) -> tuple[int, int]:
        ...
    def __init__(self, array: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> None:
        """
        The array's own memory, which must not be written to while the tensor lives: pass array.copy() of one that will be.
        """
    def __matmul__(self, arg0: Tensor) -> Tensor:
        ...
    @typing.overload
    def __mul__(self, arg0: Tensor) -> Tensor:
        ...
    @typing.overload
    def __mul__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    def __neg__(self) -> Tensor:
        ...
    def __radd__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    def __repr__(self) -> str:
        ...
    def __rmul__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    def __rsub__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    @typing.overload
    def __sub__(self, arg0: Tensor) -> Tensor:
        ...
    @typing.overload
    def __sub__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    @typing.overload
    def __truediv__(self, arg0: Tensor) -> Tensor:
        ...
    @typing.overload
    def __truediv__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    def detach(self) -> Tensor:
        """
        The same numbers, not tracked.
        """
    def item(self) -> float:
        ...
    def numpy(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        The same memory as a read-only NumPy array.
        """
    @property
    def dtype(self) -> numpy.dtype[typing.Any]:
        ...
    @property
    def shape(self) -> tuple:
        ...
    @property
    def tracked(self) -> bool:
        ...
class Tensor64:
    """
    A contiguous array of numbers that ops record; a value: nothing changes it.
    """
    @typing.overload
    def __add__(self, arg0: Tensor64) -> Tensor64:
        ...
    @typing.overload
    def __add__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    def __array__(self, dtype: typing.Any = None, copy: bool | None = None) -> numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]:
        ...
    def __dlpack__(self, *, stream: typing.SupportsInt | typing.SupportsIndex | None = None, max_version: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex] | None = None, dl_device: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex] | None = None, copy: bool | None = None) -> typing_extensions.CapsuleType:
        """
        The same memory for other libraries, read-only: torch.from_dlpack(tensor), numpy.from_dlpack(tensor). PyTorch knows no read-only memory: do not write to what it makes of a tensor. A library from before DLPack 1.0 is given a copy.
        """
    def __dlpack_device__(self) -> tuple[int, int]:
        ...
    def __init__(self, array: numpy.ndarray[typing.Any, numpy.dtype[typing.Any]]) -> None:
        """
        The array's own memory, which must not be written to while the tensor lives: pass array.copy() of one that will be.
        """
    def __matmul__(self, arg0: Tensor64) -> Tensor64:
        ...
    @typing.overload
    def __mul__(self, arg0: Tensor64) -> Tensor64:
        ...
    @typing.overload
    def __mul__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    def __neg__(self) -> Tensor64:
        ...
    def __radd__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    def __repr__(self) -> str:
        ...
    def __rmul__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    def __rsub__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    @typing.overload
    def __sub__(self, arg0: Tensor64) -> Tensor64:
        ...
    @typing.overload
    def __sub__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    @typing.overload
    def __truediv__(self, arg0: Tensor64) -> Tensor64:
        ...
    @typing.overload
    def __truediv__(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> Tensor64:
        ...
    def detach(self) -> Tensor64:
        """
        The same numbers, not tracked.
        """
    def item(self) -> float:
        ...
    def numpy(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        The same memory as a read-only NumPy array.
        """
    @property
    def dtype(self) -> numpy.dtype[typing.Any]:
        ...
    @property
    def shape(self) -> tuple:
        ...
    @property
    def tracked(self) -> bool:
        ...
class Accumulators:
    def __init__(self, arg0: collections.abc.Sequence[Tensor]) -> None:
        ...
    def add(self, arg0: collections.abc.Sequence[Tensor], arg1: collections.abc.Callable) -> None:
        ...
    def finish(self) -> list[Tensor]:
        ...
    @property
    def value(self) -> float:
        ...
class Accumulators64:
    def __init__(self, arg0: collections.abc.Sequence[Tensor64]) -> None:
        ...
    def add(self, arg0: collections.abc.Sequence[Tensor64], arg1: collections.abc.Callable) -> None:
        ...
    def finish(self) -> list[Tensor64]:
        ...
    @property
    def value(self) -> float:
        ...
class RopeScaling:
    """
    How rotary positions reach beyond the lengths they were trained on, as transformers defines each type.
    """
    fields: typing.ClassVar[list] = ['type', 'factor', 'low_freq_factor', 'high_freq_factor', 'original_max_positions', 'attention_factor', 'beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim', 'truncate']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def attention_factor(self) -> float:
        """
        yarn; 0: from factor, mscale and mscale_all_dim
        """
    @attention_factor.setter
    def attention_factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_fast(self) -> float:
        """
        yarn
        """
    @beta_fast.setter
    def beta_fast(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def beta_slow(self) -> float:
        """
        yarn
        """
    @beta_slow.setter
    def beta_slow(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def factor(self) -> float:
        """
        1 or more
        """
    @factor.setter
    def factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def high_freq_factor(self) -> float:
        """
        llama3
        """
    @high_freq_factor.setter
    def high_freq_factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def low_freq_factor(self) -> float:
        """
        llama3
        """
    @low_freq_factor.setter
    def low_freq_factor(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def mscale(self) -> float:
        """
        yarn; 0: not given
        """
    @mscale.setter
    def mscale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def mscale_all_dim(self) -> float:
        """
        yarn; 0: not given
        """
    @mscale_all_dim.setter
    def mscale_all_dim(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def original_max_positions(self) -> int:
        """
        0: max_positions
        """
    @original_max_positions.setter
    def original_max_positions(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def truncate(self) -> bool:
        """
        yarn: whole dimensions bound the ramp
        """
    @truncate.setter
    def truncate(self, arg0: bool) -> None:
        ...
    @property
    def type(self) -> str:
        """
        none, linear, dynamic, yarn or llama3
        """
    @type.setter
    def type(self, arg0: str) -> None:
        ...
class TransformerConfig:
    """
    A decoder transformer: GPT-2 by default, or GPT-NeoX, Llama, Mistral, Qwen2, Qwen3.
    """
    fields: typing.ClassVar[list] = ['vocab_size', 'max_positions', 'hidden_size', 'num_layers', 'num_heads', 'intermediate_size', 'init_std', 'norm_eps', 'num_kv_heads', 'head_size', 'norm', 'positions', 'rotary_fraction', 'rope_theta', 'rope_scaling', 'activation', 'gated_mlp', 'parallel_blocks', 'qkv_bias', 'out_bias', 'mlp_bias', 'qk_norm', 'tie_embeddings', 'sliding_window', 'sliding_layers']
    mlp_bias: bool
    qkv_bias: bool
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def activation(self) -> str:
        """
        gelu (tanh form), gelu_exact (erf), silu or relu
        """
    @activation.setter
    def activation(self, arg0: str) -> None:
        ...
    @property
    def gated_mlp(self) -> bool:
        """
        down(act(gate(x)) * up(x))
        """
    @gated_mlp.setter
    def gated_mlp(self, arg0: bool) -> None:
        ...
    @property
    def head_size(self) -> int:
        """
        D; 0: hidden_size / num_heads
        """
    @head_size.setter
    def head_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def hidden_size(self) -> int:
        """
        C
        """
    @hidden_size.setter
    def hidden_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def init_std(self) -> float:
        """
        of every weight matrix
        """
    @init_std.setter
    def init_std(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def intermediate_size(self) -> int:
        """
        0: 4 * hidden_size
        """
    @intermediate_size.setter
    def intermediate_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_positions(self) -> int:
        """
        longest sequence, tokens
        """
    @max_positions.setter
    def max_positions(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def norm(self) -> str:
        """
        layer, or rms (no biases)
        """
    @norm.setter
    def norm(self, arg0: str) -> None:
        ...
    @property
    def norm_eps(self) -> float:
        ...
    @norm_eps.setter
    def norm_eps(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def num_heads(self) -> int:
        """
        H; hidden_size is a multiple of it, where head_size is 0
        """
    @num_heads.setter
    def num_heads(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_kv_heads(self) -> int:
        """
        G, a divisor of H; 0: H
        """
    @num_kv_heads.setter
    def num_kv_heads(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_layers(self) -> int:
        """
        L
        """
    @num_layers.setter
    def num_layers(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def out_bias(self) -> bool:
        """
        of attention
        """
    @out_bias.setter
    def out_bias(self, arg0: bool) -> None:
        ...
    @property
    def parallel_blocks(self) -> bool:
        """
        x + attention(norm1(x)) + mlp(norm2(x))
        """
    @parallel_blocks.setter
    def parallel_blocks(self, arg0: bool) -> None:
        ...
    @property
    def positions(self) -> str:
        """
        learned or rotary
        """
    @positions.setter
    def positions(self, arg0: str) -> None:
        ...
    @property
    def qk_norm(self) -> bool:
        """
        an RMS norm of each query and key head, before it turns
        """
    @qk_norm.setter
    def qk_norm(self, arg0: bool) -> None:
        ...
    @property
    def rope_scaling(self) -> RopeScaling:
        """
        a RopeScaling
        """
    @rope_scaling.setter
    def rope_scaling(self, arg0: RopeScaling) -> None:
        ...
    @property
    def rope_theta(self) -> float:
        """
        base of the frequencies
        """
    @rope_theta.setter
    def rope_theta(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def rotary_fraction(self) -> float:
        """
        share of each head that turns
        """
    @rotary_fraction.setter
    def rotary_fraction(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sliding_layers(self) -> list[int]:
        """
        one a layer, 1: the window holds there; empty: in all
        """
    @sliding_layers.setter
    def sliding_layers(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def sliding_window(self) -> int:
        """
        a query sees so many last keys, itself included; 0: all
        """
    @sliding_window.setter
    def sliding_window(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def tie_embeddings(self) -> bool:
        """
        the token embedding is the output matrix
        """
    @tie_embeddings.setter
    def tie_embeddings(self, arg0: bool) -> None:
        ...
    @property
    def vocab_size(self) -> int:
        """
        tokens
        """
    @vocab_size.setter
    def vocab_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class LoraConfig:
    """
    Low-rank adaptation (Hu et al. 2021): a frozen weight W acts as W + scale B A, and only A and B learn.
    """
    fields: typing.ClassVar[list] = ['rank', 'alpha', 'dropout', 'target_modules', 'use_rslora', 'seed']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def alpha(self) -> float:
        """
        scale = alpha / rank
        """
    @alpha.setter
    def alpha(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def dropout(self) -> float:
        """
        of what A is given, in SFT and reward training
        """
    @dropout.setter
    def dropout(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def rank(self) -> int:
        ...
    @rank.setter
    def rank(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        """
        of A's start and of dropout
        """
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def target_modules(self) -> list[str]:
        """
        of q, k, v or qkv, out, gate, up, down; empty: every linear map that a block has
        """
    @target_modules.setter
    def target_modules(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def use_rslora(self) -> bool:
        """
        scale = alpha / sqrt(rank) (Kalajdzievski 2023)
        """
    @use_rslora.setter
    def use_rslora(self, arg0: bool) -> None:
        ...
class GenerateOptions:
    """
    How answers are sampled.
    """
    fields: typing.ClassVar[list] = ['max_new_tokens', 'temperature', 'top_k', 'min_p', 'repetition_penalty', 'stop_ids', 'num_samples', 'seed', 'seeds', 'sample', 'step', 'first_item', 'max_batch']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def first_item(self) -> int:
        ...
    @first_item.setter
    def first_item(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_batch(self) -> int:
        """
        sequences decoded at once; does not change the result
        """
    @max_batch.setter
    def max_batch(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_p(self) -> float:
        """
        ids at least min_p times as likely as the likeliest; 0: all
        """
    @min_p.setter
    def min_p(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def num_samples(self) -> int:
        """
        answers to each prompt
        """
    @num_samples.setter
    def num_samples(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def repetition_penalty(self) -> float:
        """
        of ids in the prompt or the answer so far; 1: off
        """
    @repetition_penalty.setter
    def repetition_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sample(self) -> int:
        """
        number of each prompt's first answer
        """
    @sample.setter
    def sample(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seeds(self) -> list[int]:
        """
        one a prompt, in place of seed
        """
    @seeds.setter
    def seeds(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def step(self) -> int:
        ...
    @step.setter
    def step(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def stop_ids(self) -> list[int]:
        ...
    @stop_ids.setter
    def stop_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def temperature(self) -> float:
        """
        0: greedy
        """
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def top_k(self) -> int:
        """
        0: all
        """
    @top_k.setter
    def top_k(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class Generation:
    @property
    def ids(self) -> list[int]:
        ...
    @property
    def logprobs(self) -> list[float]:
        ...
    @property
    def stop_reason(self) -> str:
        ...
class Transformer:
    """
    Weights of a decoder transformer; a value.
    """
    @staticmethod
    def _load(path: str) -> Transformer:
        ...
    @staticmethod
    def load(path):
        """
        Reads a language model from a folder (config.json and model.safetensors, as transformers has them; a chatbot's folder has them too), a .gguf
            file, llama2.c's .bin, or by its name "owner/name" from Hugging Face's local cache. io.load_pretrained also gives token ids and heads.
        """
    def __init__(self, config: TransformerConfig, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def _generate(self, arg0: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]], arg1: GenerateOptions, arg2: typing.Any, arg3: typing.Any) -> list[Generation]:
        ...
    def _logits(self, arg0: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> Tensor:
        ...
    def _logprobs(self, arg0: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]], arg1: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        ...
    def generate(self, prompts, on_token = None, should_stop = None, **options):
        """
        Samples answers to each prompt (a list of ids): a list of Generation, those to prompts[i] from i * num_samples on.
        
            Options are those of GenerateOptions: max_new_tokens, temperature, top_k, min_p, repetition_penalty, stop_ids, num_samples, seed or seeds (one
            a prompt), sample, step, first_item, max_batch. on_token(answer, token, logprob) is called for each token. should_stop() is asked before each
            token and may be another thread's flag, such as threading.Event().is_set; where it is true, the call raises Stopped.
            
        """
    def hidden(self, ids: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> Tensor:
        """
        Hidden states after the last norm: sequences of n_i ids -> (sum n_i, C).
        """
    def load_adapter(self, folder: str) -> Transformer:
        """
        This model, its weights shared and frozen, with the adapter that PEFT or save_adapter wrote.
        """
    def logits(self, ids, mask = None):
        """
        Logits after each token. Ragged lists give (tokens, V); a padded (B, T) array with its mask gives (B, T, V), 0 at the padding.
        """
    def logprobs(self, ids, mask = None, temperature = 1.0):
        """
        log p(token | those before), at a temperature. Ragged lists give a list of arrays of n - 1; a padded array gives (B, T), 0 at the first token and the padding.
        """
    def merged(self) -> Transformer:
        """
        A plain model whose weights are W + scale B A.
        """
    def parameters(self) -> dict:
        """
        Name -> Tensor of what training changes, in visit order: all, or with an adapter the adapter's.
        """
    def save(self, folder: str, base: str = '', license: str = '', training: str = '') -> None:
        """
        Writes config.json, generation_config.json and model.safetensors into a folder that transformers loads, each whole or not at all, the weights last; README.md where base, license or training says what it holds.
        """
    def save_adapter(self, folder: str, base: str = '') -> None:
        """
        Writes adapter_config.json and adapter_model.safetensors as PEFT does; base: the model's name, for those who load them.
        """
    def with_lora(self, config: LoraConfig = ...) -> Transformer:
        """
        This model, its weights shared and frozen, with a fresh adapter: what trains it trains the adapter.
        """
    def with_parameters(self, values: dict) -> Transformer:
        ...
    def without_adapter(self) -> Transformer:
        """
        The weights alone, shared.
        """
    @property
    def config(self) -> TransformerConfig:
        ...
    @property
    def lora(self) -> LoraConfig | None:
        """
        The adapter's LoraConfig, or None.
        """
    @property
    def num_parameters(self) -> int:
        ...
    @property
    def recompute_blocks(self) -> bool:
        """
        Training keeps only what enters a block and computes its inside twice: less memory, the same bits.
        """
    @recompute_blocks.setter
    def recompute_blocks(self, arg0: bool) -> None:
        ...
class _HfParameter:
    def from_hf(self, arg0: collections.abc.Sequence[Tensor]) -> Tensor:
        ...
    def to_hf(self, arg0: Tensor) -> list[Tensor]:
        ...
    @property
    def names(self) -> list[str]:
        ...
    @property
    def ours(self) -> str:
        ...
class AdamWConfig:
    """
    AdamW (Loshchilov, Hutter 2019).
    """
    fields: typing.ClassVar[list] = ['learning_rate', 'beta1', 'beta2', 'eps', 'weight_decay', 'max_grad_norm']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def beta1(self) -> float:
        ...
    @beta1.setter
    def beta1(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def beta2(self) -> float:
        ...
    @beta2.setter
    def beta2(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def eps(self) -> float:
        ...
    @eps.setter
    def eps(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_grad_norm(self) -> float:
        """
        0: off
        """
    @max_grad_norm.setter
    def max_grad_norm(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def weight_decay(self) -> float:
        """
        decoupled; on matrices only
        """
    @weight_decay.setter
    def weight_decay(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class AdamWState:
    def __init__(self) -> None:
        ...
    @property
    def step(self) -> int:
        ...
class TokenizerConfig:
    """
    What tokenizer_config.json holds besides tokenizer.json.
    """
    fields: typing.ClassVar[list] = ['chat_template', 'default_system', 'jinja', 'bos_token', 'eos_token', 'unk_token', 'pad_token', 'other']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def bos_token(self) -> str:
        """
        Begins a text; empty: none.
        """
    @bos_token.setter
    def bos_token(self, arg0: str) -> None:
        ...
    @property
    def chat_template(self) -> str:
        """
        chatml, llama2, llama3, zephyr; jinja: the text in `jinja`.
        """
    @chat_template.setter
    def chat_template(self, arg0: str) -> None:
        ...
    @property
    def default_system(self) -> str:
        """
        Of the built-in templates: the system turn of a conversation without one.
        """
    @default_system.setter
    def default_system(self, arg0: str) -> None:
        ...
    @property
    def eos_token(self) -> str:
        """
        Ends a text; empty: none.
        """
    @eos_token.setter
    def eos_token(self, arg0: str) -> None:
        ...
    @property
    def jinja(self) -> str:
        """
        The template's text.
        """
    @jinja.setter
    def jinja(self, arg0: str) -> None:
        ...
    @property
    def other(self) -> str:
        """
        The file's other keys, an object in JSON.
        """
    @other.setter
    def other(self, arg0: str) -> None:
        ...
    @property
    def pad_token(self) -> str:
        """
        Fills batches of other libraries; empty: none.
        """
    @pad_token.setter
    def pad_token(self, arg0: str) -> None:
        ...
    @property
    def unk_token(self) -> str:
        """
        Stands for what is unknown; empty: none.
        """
    @unk_token.setter
    def unk_token(self, arg0: str) -> None:
        ...
class TokenizerData:
    """
    A tokenizer as plain lists, as GGUF and llama2.c files carry it.
    """
    fields: typing.ClassVar[list] = ['kind', 'pre', 'tokens', 'scores', 'types', 'merges', 'bos', 'eos', 'unk', 'pad', 'add_bos', 'add_eos', 'add_space_prefix', 'chat_template', 'name']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def add_bos(self) -> bool:
        """
        Where special tokens are added, bos begins the text.
        """
    @add_bos.setter
    def add_bos(self, arg0: bool) -> None:
        ...
    @property
    def add_eos(self) -> bool:
        """
        Where special tokens are added, eos ends the text.
        """
    @add_eos.setter
    def add_eos(self, arg0: bool) -> None:
        ...
    @property
    def add_space_prefix(self) -> bool:
        """
        Of llama: a text begins with a space of its own.
        """
    @add_space_prefix.setter
    def add_space_prefix(self, arg0: bool) -> None:
        ...
    @property
    def bos(self) -> int:
        """
        Id; -1: none.
        """
    @bos.setter
    def bos(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def chat_template(self) -> str:
        """
        Jinja, or empty.
        """
    @chat_template.setter
    def chat_template(self, arg0: str) -> None:
        ...
    @property
    def eos(self) -> int:
        """
        Id; -1: none.
        """
    @eos.setter
    def eos(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def kind(self) -> str:
        """
        gpt2: byte-level BPE by merges; llama: SentencePiece's BPE by scores.
        """
    @kind.setter
    def kind(self, arg0: str) -> None:
        ...
    @property
    def merges(self) -> list[str]:
        """
        Of gpt2: two tokens with a space between.
        """
    @merges.setter
    def merges(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def name(self) -> str:
        """
        The file, for errors.
        """
    @name.setter
    def name(self, arg0: str) -> None:
        ...
    @property
    def pad(self) -> int:
        """
        Id; -1: none.
        """
    @pad.setter
    def pad(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def pre(self) -> str:
        """
        Of gpt2, how words are cut: gpt-2, default, llama-bpe, qwen2, smollm.
        """
    @pre.setter
    def pre(self, arg0: str) -> None:
        ...
    @property
    def scores(self) -> list[float]:
        """
        Of llama, one a token.
        """
    @scores.setter
    def scores(self, arg0: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def tokens(self) -> list[str]:
        """
        By id.
        """
    @tokens.setter
    def tokens(self, arg0: collections.abc.Sequence[str]) -> None:
        ...
    @property
    def types(self) -> list[int]:
        """
        GGUF's: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.
        """
    @types.setter
    def types(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def unk(self) -> int:
        """
        Id; -1: none.
        """
    @unk.setter
    def unk(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class Tokenizer:
    """
    Byte-pair encoding of the GPT-2, GPT-NeoX, Llama, Mistral and Qwen families.
    """
    @staticmethod
    def from_data(data: TokenizerData) -> Tokenizer:
        """
        Of the lists that a GGUF or llama2.c file carries.
        """
    @staticmethod
    def from_json(json: str, name: str = 'tokenizer.json') -> Tokenizer:
        ...
    @staticmethod
    def load(folder: str) -> Tokenizer:
        """
        Reads tokenizer.json, tokenizer_config.json and chat_template.jinja from a folder.
        """
    @staticmethod
    def train(texts: collections.abc.Sequence[str], vocab_size: typing.SupportsInt | typing.SupportsIndex, special_tokens: collections.abc.Sequence[str] = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']) -> Tokenizer:
        ...
    def __copy__(self) -> Tokenizer:
        ...
    def apply_chat_template(self, messages: list, add_generation_prompt: bool = False, tokenize: bool = True, **kwargs) -> typing.Any:
        """
        The conversation by config.chat_template, as ids or as text. A template in Jinja needs the extra [hf] and takes variables such as tools.
        """
    def decode(self, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], skip_special: bool = True) -> str:
        ...
    def decode_bytes(self, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], skip_special: bool = True) -> bytes:
        ...
    def encode(self, text: str, allow_special: bool = False, add_special: bool = False) -> list[int]:
        ...
    def encode_marked(self, text: str, plain: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]] = [], cuts: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], allow_special: bool = True) -> tuple[list[int], list[int], list[int]]:
        """
        Ids, and the places of the bytes (of UTF-8) that each begins and ends with. No added token but white space is seen in `plain` spans, no token goes over a cut.
        """
    def has_special(self, token: str) -> bool:
        ...
    def save(self, folder: str) -> None:
        """
        Writes them into a folder.
        """
    def special_id(self, token: str) -> int:
        ...
    def to_json(self) -> str:
        ...
    @property
    def config(self) -> TokenizerConfig:
        """
        What tokenizer_config.json says: special tokens, chat template.
        """
    @config.setter
    def config(self, arg0: TokenizerConfig) -> None:
        ...
    @property
    def special_tokens(self) -> list[str]:
        ...
    @property
    def vocab_size(self) -> int:
        ...
class Example:
    """
    A conversation as tokens, with the assistant's marked.
    """
    def __init__(self, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], mask: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def ids(self) -> list[int]:
        ...
    @property
    def mask(self) -> list[int]:
        ...
class TokenIds:
    """
    The ids at which generation begins and ends; -1 and []: none.
    """
    def __init__(self, bos: typing.SupportsInt | typing.SupportsIndex = -1, pad: typing.SupportsInt | typing.SupportsIndex = -1, eos: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = []) -> None:
        ...
    @property
    def bos(self) -> int:
        ...
    @property
    def eos(self) -> list[int]:
        ...
    @property
    def pad(self) -> int:
        ...
class Pretrained:
    """
    A language model from elsewhere, or with a head (1, C) a reward or value model.
    """
    def __init__(self, transformer: Transformer, head: Tensor | None = None, ids: TokenIds = ..., model_type: str = '') -> None:
        ...
    @property
    def head(self) -> Tensor | None:
        ...
    @property
    def ids(self) -> TokenIds:
        ...
    @property
    def model_type(self) -> str:
        ...
    @property
    def transformer(self) -> Transformer:
        ...
class ChatModel:
    """
    A chatbot: transformer, tokenizer and the exchanges it rehearses.
    """
    def __init__(self, transformer: Transformer, tokenizer: Tokenizer, conversations: list = []) -> None:
        ...
    @property
    def conversations(self) -> list:
        ...
    @property
    def ids(self) -> TokenIds:
        ...
    @property
    def tokenizer(self) -> Tokenizer:
        ...
    @property
    def transformer(self) -> Transformer:
        ...
class AdaptiveKL:
    """
    A KL coefficient that follows a target (Ziegler et al. 2019): e = clip(kl / target - 1, -0.2, 0.2), coef = coef (1 + e n / horizon).
    
    per says what kl and target count, in nats: 'sequence', sums over tokens (OpenAI, target 6), or 'token', means (target 0.1).
    """
    def __init__(self, init: typing.SupportsFloat | typing.SupportsIndex, target: typing.SupportsFloat | typing.SupportsIndex, horizon: typing.SupportsFloat | typing.SupportsIndex, per: str = 'sequence') -> None:
        ...
    def update(self, kl: typing.SupportsFloat | typing.SupportsIndex, n: typing.SupportsFloat | typing.SupportsIndex) -> float:
        """
        After a step of n samples with mean KL `kl`. Returns the new coefficient.
        """
    @property
    def per(self) -> str:
        ...
    @property
    def value(self) -> float:
        ...
class Trajectory:
    """
    What was seen and done from a reset on, or a fragment of it.
    """
    __hash__: typing.ClassVar[None] = None
    def __eq__(self, arg0: Trajectory) -> bool:
        ...
    def __init__(self, observations: typing.Any, actions: typing.Any, rewards: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], terminated: bool = False, truncated: bool = False) -> None:
        ...
    def __len__(self) -> int:
        ...
    @property
    def actions(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        (steps, size)
        """
    @property
    def observations(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        (steps or steps + 1, size)
        """
    @property
    def rewards(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        (steps), or empty
        """
    @property
    def terminated(self) -> bool:
        ...
    @property
    def truncated(self) -> bool:
        ...
class Behaviour:
    """
    What is judged: a text, or a trajectory, given here or by reference.
    """
    __hash__: typing.ClassVar[None] = None
    def __eq__(self, arg0: Behaviour) -> bool:
        ...
    def __init__(self, text: str = '', trajectory: Trajectory | None = None, reference: str = '', source: str = '') -> None:
        ...
    def __repr__(self) -> str:
        ...
    @property
    def reference(self) -> str:
        ...
    @property
    def source(self) -> str:
        """
        What produced it.
        """
    @property
    def text(self) -> str:
        ...
    @property
    def trajectory(self) -> Trajectory | None:
        ...
class Judgement:
    """
    What a person said of one behaviour, of two, or of several; see docs/judgements.md.
    """
    __hash__: typing.ClassVar[None] = None
    @staticmethod
    def parse(line: str) -> Judgement:
        """
        Of one line of JSON.
        """
    def __eq__(self, arg0: Judgement) -> bool:
        ...
    def __init__(self, kind: str, prompt: str, answers: typing.Any, *, answer: typing.SupportsInt | typing.SupportsIndex = 0, correction: str = '', ranking: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], strength: typing.SupportsFloat | typing.SupportsIndex = 0.0, note: str = '', annotator: str = 'anonymous', seconds: typing.SupportsFloat | typing.SupportsIndex = 0.0, shown: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], score: typing.SupportsFloat | typing.SupportsIndex | None = None, purpose: str = '', context: typing.Any = (), id: str = '', session: str = '', time: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def to_json_line(self) -> str:
        ...
    @property
    def annotator(self) -> str:
        ...
    @property
    def answer(self) -> int:
        """
        The one that right, wrong or correction is of.
        """
    @property
    def answers(self) -> list[Behaviour]:
        """
        Behaviours, in the record's order.
        """
    @property
    def context(self) -> list:
        """
        Turns before the prompt.
        """
    @property
    def correction(self) -> str:
        """
        The better answer in the person's words.
        """
    @property
    def id(self) -> str:
        ...
    @property
    def kind(self) -> str:
        ...
    @property
    def note(self) -> str:
        ...
    @property
    def prompt(self) -> str:
        ...
    @property
    def purpose(self) -> str:
        """
        Why it was asked.
        """
    @property
    def ranking(self) -> list[int]:
        """
        The rank of each answer, 1 the best; equal ranks are a tie.
        """
    @property
    def score(self) -> float | None:
        """
        With which the question was chosen.
        """
    @property
    def seconds(self) -> float:
        """
        How long it took.
        """
    @property
    def session(self) -> str:
        ...
    @property
    def shown(self) -> list[int]:
        """
        Answers in the order in which they were shown; empty: not known.
        """
    @property
    def strength(self) -> float:
        """
        Of a or b: how much better, 1 to 3; 0: not said.
        """
    @property
    def time(self) -> float:
        """
        When, in seconds since 1970; 0: not known.
        """
class JudgementLog:
    """
    Judgements in a file, one a line; each is on disk before append returns.
    """
    def __init__(self, path: str) -> None:
        ...
    def append(self, judgement: Judgement) -> None:
        ...
    def each(self, f: collections.abc.Callable[[Judgement], None]) -> None:
        """
        Calls f with each, in memory for one; a torn last line is left out.
        """
    def read(self) -> list[Judgement]:
        """
        All of them.
        """
class TrainingDataConfig:
    """
    How much each judgement counts in training.
    """
    fields: typing.ClassVar[list] = ['demonstration_weight', 'correction_weight', 'strength', 'margin_step', 'soft_step', 'reliability', 'reliability_as']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def correction_weight(self) -> float:
        """
        Of the pair correction > original; 1: counts as any other pair.
        """
    @correction_weight.setter
    def correction_weight(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def demonstration_weight(self) -> float:
        """
        Of a correction's words, as an example to follow.
        """
    @demonstration_weight.setter
    def demonstration_weight(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def margin_step(self) -> float:
        """
        margin = margin_step * strength.
        """
    @margin_step.setter
    def margin_step(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def reliability(self) -> dict[str, float]:
        """
        Of each annotator, by fit_annotators; who is not named counts fully.
        """
    @reliability.setter
    def reliability(self, arg0: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def reliability_as(self) -> str:
        """
        weight: (2 eta - 1)^2, of a coin 0; error_rate: 1 - eta. Who is below one half is left out.
        """
    @reliability_as.setter
    def reliability_as(self, arg0: str) -> None:
        ...
    @property
    def soft_step(self) -> float:
        """
        probability = sigma(soft_step * strength).
        """
    @soft_step.setter
    def soft_step(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def strength(self) -> str:
        """
        How much better: ignore, margin (margin_step a step), or soft (a probability).
        """
    @strength.setter
    def strength(self, arg0: str) -> None:
        ...
class AnnotatorFitConfig:
    """
    How fit_annotators fits.
    """
    fields: typing.ClassVar[list] = ['l2', 'prior_right', 'prior_wrong', 'start', 'one_sided_answers', 'one_sided_share', 'max_iterations', 'tolerance']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def l2(self) -> float:
        """
        Of the strengths.
        """
    @l2.setter
    def l2(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_iterations(self) -> int:
        """
        Most iterations.
        """
    @max_iterations.setter
    def max_iterations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def one_sided_answers(self) -> int:
        """
        Who gave so many, all to one side, is left out; 0: nobody is.
        """
    @one_sided_answers.setter
    def one_sided_answers(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def one_sided_share(self) -> float:
        """
        All means so large a share of them.
        """
    @one_sided_share.setter
    def one_sided_share(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def prior_right(self) -> float:
        """
        Beta prior of a reliability, its honest side.
        """
    @prior_right.setter
    def prior_right(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def prior_wrong(self) -> float:
        """
        Its other side, the smaller.
        """
    @prior_wrong.setter
    def prior_wrong(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def start(self) -> float:
        """
        Reliability at the start.
        """
    @start.setter
    def start(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def tolerance(self) -> float:
        """
        Largest change of a strength or reliability in the last step of Newton.
        """
    @tolerance.setter
    def tolerance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class ItemFitConfig:
    """
    How fit_items fits.
    """
    fields: typing.ClassVar[list] = ['l2', 'ties', 'tie_l2', 'error_form', 'ranking', 'max_iterations', 'tolerance']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def error_form(self) -> str:
        """
        mixture, uniform, smoothing or unbiased: what an error_rate means.
        """
    @error_form.setter
    def error_form(self, arg0: str) -> None:
        ...
    @property
    def l2(self) -> float:
        """
        Of the strengths, and of the bar that verdicts compare with.
        """
    @l2.setter
    def l2(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_iterations(self) -> int:
        """
        Most iterations.
        """
    @max_iterations.setter
    def max_iterations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ranking(self) -> str:
        """
        plackett_luce or all_pairs.
        """
    @ranking.setter
    def ranking(self, arg0: str) -> None:
        ...
    @property
    def tie_l2(self) -> float:
        """
        Of the log of that parameter.
        """
    @tie_l2.setter
    def tie_l2(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def ties(self) -> str:
        """
        half: as half a win each way; rao_kupper, davidson: with a parameter that is fitted.
        """
    @ties.setter
    def ties(self, arg0: str) -> None:
        ...
    @property
    def tolerance(self) -> float:
        """
        Largest change in the last step of Newton.
        """
    @tolerance.setter
    def tolerance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class OnlineAnnotators:
    """
    Strengths and reliabilities after each answer, in constant time (Chen et al., WSDM 2013, section 4).
    """
    def __init__(self, n_items: typing.SupportsInt | typing.SupportsIndex, right: typing.SupportsFloat | typing.SupportsIndex = 10.0, wrong: typing.SupportsFloat | typing.SupportsIndex = 2.0, variance: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> None:
        ...
    def add(self, winner: typing.SupportsInt | typing.SupportsIndex, loser: typing.SupportsInt | typing.SupportsIndex, annotator: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def means(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def reliability(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
    @property
    def variances(self) -> numpy.typing.NDArray[numpy.float64]:
        ...
class SimulatedAnnotatorConfig:
    """
    A person made of a formula (B-Pref, arXiv 2111.03026).
    """
    fields: typing.ClassVar[list] = ['beta', 'error_rate', 'skip_below', 'equal_within', 'gamma', 'per_step', 'position_bias', 'drift', 'behaviour']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def behaviour(self) -> str:
        """
        honest; contrary: prefers the lower; random: a coin.
        """
    @behaviour.setter
    def behaviour(self, arg0: str) -> None:
        ...
    @property
    def beta(self) -> float:
        """
        P(first) = sigma(beta (R_1 - R_2)); 0 or less: always the higher.
        """
    @beta.setter
    def beta(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def drift(self) -> float:
        """
        Added to error_rate with each answer given.
        """
    @drift.setter
    def drift(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def equal_within(self) -> float:
        """
        A tie where returns differ by less; after scale_to in standard deviations.
        """
    @equal_within.setter
    def equal_within(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def error_rate(self) -> float:
        """
        Chance that a choice is turned round at the end.
        """
    @error_rate.setter
    def error_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def gamma(self) -> float:
        """
        Short sight: R = sum over t = 1..H of gamma^(H - t) r_t.
        """
    @gamma.setter
    def gamma(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def per_step(self) -> bool:
        """
        R divided by the sum of its weights, for segments of unequal length.
        """
    @per_step.setter
    def per_step(self, arg0: bool) -> None:
        ...
    @property
    def position_bias(self) -> float:
        """
        Chance of taking what is shown first without looking.
        """
    @position_bias.setter
    def position_bias(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def skip_below(self) -> float | None:
        """
        Skips where both returns are below it; after scale_to in standard deviations from the mean.
        """
    @skip_below.setter
    def skip_below(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
class SimulatedAnnotator:
    """
    In B-Pref's order: skip, tie, short sight, rational choice, mistake; then the biases of the config.
    """
    def __init__(self, config: SimulatedAnnotatorConfig | None = None, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    @typing.overload
    def answer(self, first: typing.SupportsFloat | typing.SupportsIndex, second: typing.SupportsFloat | typing.SupportsIndex, item: typing.SupportsInt | typing.SupportsIndex = 0, step: typing.SupportsInt | typing.SupportsIndex = 0) -> str:
        ...
    @typing.overload
    def answer(self, first: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], second: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], item: typing.SupportsInt | typing.SupportsIndex = 0, step: typing.SupportsInt | typing.SupportsIndex = 0) -> str:
        """
        'a' for the first, 'b', 'tie' or 'skip', of two returns or two segments' rewards. Depends on (seed, item, step) and the question alone.
        """
    def judge(self, question: Judgement, returns: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], item: typing.SupportsInt | typing.SupportsIndex = 0, step: typing.SupportsInt | typing.SupportsIndex = 0) -> Judgement:
        """
        The same as a Judgement: returns has one number an answer; of one answer right or wrong, of more than two a ranking.
        """
    def scale_to(self, returns: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        """
        Thresholds count from now on in standard deviations of these returns, from their mean.
        """
    def seen_return(self, rewards: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> float:
        ...
    @property
    def config(self) -> SimulatedAnnotatorConfig:
        ...
class ChampionTestConfig:
    """
    Error bounds of a ChampionTest.
    """
    fields: typing.ClassVar[list] = ['alpha', 'give_up', 'error_rate', 'max_judgements']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def alpha(self) -> float:
        """
        Chance, at most, to replace a champion who is no worse.
        """
    @alpha.setter
    def alpha(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def error_rate(self) -> float:
        """
        Share of judgements that are turned round by mistake.
        """
    @error_rate.setter
    def error_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def give_up(self) -> float:
        """
        Chance, at most, to send away a challenger who is no worse.
        """
    @give_up.setter
    def give_up(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_judgements(self) -> int:
        """
        Then the champion stays.
        """
    @max_judgements.setter
    def max_judgements(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class ChampionTest:
    """
    A challenger against the best so far, by a sequential test with bounded errors; it may be looked at at any time.
    """
    def __init__(self, config: ChampionTestConfig | None = None, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def add(self, answer: str, error_rate: typing.SupportsFloat | typing.SupportsIndex | None = None) -> str:
        """
        'a' for what was shown first, 'b', 'tie' or 'skip', by one who errs at error_rate (default: the config's). Returns the verdict.
        """
    @property
    def challenger_first(self) -> bool:
        """
        Whether the challenger is to be shown first in the next question.
        """
    @property
    def config(self) -> ChampionTestConfig:
        ...
    @property
    def evidence(self) -> float:
        """
        For the challenger; 1 / alpha replaces the champion.
        """
    @property
    def judgements(self) -> int:
        """
        Answers that were no skips.
        """
    @property
    def verdict(self) -> str:
        """
        'replace', 'keep' or 'undecided'.
        """
class SFTConfig:
    """
    Supervised fine-tuning on the answers of conversations.
    """
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'micro_batch_size', 'optimizer', 'warmup_steps', 'seed']
    optimizer: AdamWConfig
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def batch_size(self) -> int:
        """
        examples a step
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        """
        examples computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def warmup_steps(self) -> int:
        ...
    @warmup_steps.setter
    def warmup_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class RewardConfig:
    """
    Bradley-Terry reward modelling from pairs.
    """
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'micro_batch_size', 'optimizer', 'center_coef', 'error_rate', 'seed']
    optimizer: AdamWConfig
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def batch_size(self) -> int:
        """
        pairs a step
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def center_coef(self) -> float:
        """
        keeps scores near 0
        """
    @center_coef.setter
    def center_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def error_rate(self) -> float:
        """
        share of answers thought to be mistakes
        """
    @error_rate.setter
    def error_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        ...
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class ChatbotConfig:
    """
    A small chatbot from nothing but conversations.
    """
    fields: typing.ClassVar[list] = ['vocab_size', 'max_positions', 'hidden_size', 'num_layers', 'num_heads', 'epochs', 'batch_size', 'learning_rate', 'weight_decay', 'seed']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def batch_size(self) -> int:
        ...
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def hidden_size(self) -> int:
        ...
    @hidden_size.setter
    def hidden_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def learning_rate(self) -> float:
        ...
    @learning_rate.setter
    def learning_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_positions(self) -> int:
        ...
    @max_positions.setter
    def max_positions(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_heads(self) -> int:
        ...
    @num_heads.setter
    def num_heads(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_layers(self) -> int:
        ...
    @num_layers.setter
    def num_layers(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def vocab_size(self) -> int:
        ...
    @vocab_size.setter
    def vocab_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def weight_decay(self) -> float:
        ...
    @weight_decay.setter
    def weight_decay(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class PPOConfig:
    """
    PPO with a KL penalty in the reward.
    """
    fields: typing.ClassVar[list] = ['max_new_tokens', 'temperature', 'stop_ids', 'kl_coef', 'kl_estimator', 'missing_eos_penalty', 'gamma', 'gae_lambda', 'whiten_advantages', 'num_epochs', 'mini_batch_size', 'micro_batch_size', 'clip_range', 'clip_range_value', 'vf_coef', 'ptx_coef', 'value_head_std', 'optimizer', 'seed']
    optimizer: AdamWConfig
    whiten_advantages: bool
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def clip_range(self) -> float:
        ...
    @clip_range.setter
    def clip_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range_value(self) -> float:
        ...
    @clip_range_value.setter
    def clip_range_value(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def gae_lambda(self) -> float:
        ...
    @gae_lambda.setter
    def gae_lambda(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def gamma(self) -> float:
        ...
    @gamma.setter
    def gamma(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kl_coef(self) -> float:
        ...
    @kl_coef.setter
    def kl_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kl_estimator(self) -> str:
        """
        k1, k2, k3 or abs
        """
    @kl_estimator.setter
    def kl_estimator(self, arg0: str) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        ...
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def mini_batch_size(self) -> int:
        ...
    @mini_batch_size.setter
    def mini_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def missing_eos_penalty(self) -> float:
        ...
    @missing_eos_penalty.setter
    def missing_eos_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def num_epochs(self) -> int:
        ...
    @num_epochs.setter
    def num_epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ptx_coef(self) -> float:
        """
        weight of the rehearsal loss
        """
    @ptx_coef.setter
    def ptx_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def stop_ids(self) -> list[int]:
        ...
    @stop_ids.setter
    def stop_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def temperature(self) -> float:
        ...
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def value_head_std(self) -> float:
        ...
    @value_head_std.setter
    def value_head_std(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def vf_coef(self) -> float:
        ...
    @vf_coef.setter
    def vf_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class TeachConfig:
    """
    How judgements become a better chatbot.
    """
    fields: typing.ClassVar[list] = ['max_new_tokens', 'temperature', 'sft_steps', 'sft_demonstrations', 'sft_rehearsal', 'sft_learning_rate', 'reward_models', 'judged_pairs', 'reward', 'ppo_iterations', 'ppo_prompts', 'ppo_rehearsal', 'ppo_demonstrations', 'ppo', 'seed']
    ppo: PPOConfig
    reward: RewardConfig
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def judged_pairs(self) -> int:
        ...
    @judged_pairs.setter
    def judged_pairs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ppo_demonstrations(self) -> int:
        ...
    @ppo_demonstrations.setter
    def ppo_demonstrations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ppo_iterations(self) -> int:
        """
        0: off
        """
    @ppo_iterations.setter
    def ppo_iterations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ppo_prompts(self) -> int:
        ...
    @ppo_prompts.setter
    def ppo_prompts(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def ppo_rehearsal(self) -> int:
        ...
    @ppo_rehearsal.setter
    def ppo_rehearsal(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_models(self) -> int:
        """
        0: off
        """
    @reward_models.setter
    def reward_models(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def sft_demonstrations(self) -> int:
        """
        a step
        """
    @sft_demonstrations.setter
    def sft_demonstrations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def sft_learning_rate(self) -> float:
        ...
    @sft_learning_rate.setter
    def sft_learning_rate(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sft_rehearsal(self) -> int:
        """
        a step
        """
    @sft_rehearsal.setter
    def sft_rehearsal(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def sft_steps(self) -> int:
        """
        0: off
        """
    @sft_steps.setter
    def sft_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def temperature(self) -> float:
        ...
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class StepStats:
    @property
    def grad_norm(self) -> float:
        ...
    @property
    def loss(self) -> float:
        ...
class SFTTrainer:
    """
    Supervised fine-tuning on answers only.
    """
    def __init__(self, model: Transformer, config: SFTConfig = ...) -> None:
        ...
    def step(self, examples: collections.abc.Sequence[Example], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> StepStats:
        ...
    def train(self, examples: collections.abc.Sequence[Example], progress: typing.Any = None, should_stop: typing.Any = None) -> StepStats:
        ...
    @property
    def model(self) -> Transformer:
        ...
class PPOStats:
    """
    One PPO iteration in numbers.
    """
    @property
    def approx_kl(self) -> float:
        ...
    @property
    def clip_fraction(self) -> float:
        ...
    @property
    def first_ratio_max(self) -> float:
        ...
    @property
    def first_ratio_min(self) -> float:
        ...
    @property
    def grad_norm(self) -> float:
        ...
    @property
    def kl(self) -> float:
        ...
    @property
    def policy_loss(self) -> float:
        ...
    @property
    def ptx_loss(self) -> float:
        ...
    @property
    def response_length(self) -> float:
        ...
    @property
    def reward(self) -> float:
        ...
    @property
    def value_loss(self) -> float:
        ...
class PPOTrainer:
    """
    PPO; the reference is the policy as given where none is. A policy with an adapter trains that and the value head.
    """
    def __init__(self, policy: Transformer, config: PPOConfig = ..., reference: Transformer | None = None) -> None:
        ...
    def generate(self, prompts: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> list[Generation]:
        ...
    def step(self, prompts: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]], responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], rehearsal: collections.abc.Sequence[Example] = [], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PPOStats:
        ...
    def train(self, prompts: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]], reward: collections.abc.Callable, iterations: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None, should_stop: typing.Any = None) -> PPOStats:
        """
        reward(prompt ids, response ids), two lists a batch -> one number a sample.
        """
    @property
    def iteration(self) -> int:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class TeachReport:
    """
    What an update did.
    """
    @property
    def carried(self) -> int:
        ...
    @property
    def demonstrations(self) -> int:
        ...
    @property
    def pairs(self) -> int:
        ...
    @property
    def ppo(self) -> PPOStats:
        ...
    @property
    def ppo_seconds(self) -> float:
        ...
    @property
    def reward_seconds(self) -> float:
        ...
    @property
    def sft_seconds(self) -> float:
        ...
class Teacher:
    """
    A chatbot that is taught: it answers, keeps what people say of its answers, and learns from it.
    """
    def __init__(self, model: ChatModel, config: TeachConfig = ...) -> None:
        ...
    def answer(self, question: str) -> str:
        """
        The greedy answer.
        """
    def disagreement(self, questions: collections.abc.Sequence[str], answers: collections.abc.Sequence[str]) -> list[float]:
        ...
    def feedback(self, line: str) -> Judgement:
        """
        Judges the last answer by a line such as /right, /wrong or /say TEXT.
        """
    def judge(self, judgement: Judgement) -> None:
        ...
    def model(self) -> ChatModel:
        """
        The chatbot as it is now, to be saved.
        """
    def sample(self, questions: collections.abc.Sequence[str], sample: typing.SupportsInt | typing.SupportsIndex = 0) -> list:
        """
        One sampled answer a question.
        """
    def score(self, questions: collections.abc.Sequence[str], answers: collections.abc.Sequence[str]) -> list[float]:
        ...
    def to_ask(self, questions: collections.abc.Sequence[str], samples: typing.SupportsInt | typing.SupportsIndex = 8, most: typing.SupportsInt | typing.SupportsIndex = 40) -> list:
        """
        Samples answers and chooses up to `most` to ask about, where the reward models differ most first: (question, answer, disagreement). None is empty or was judged before.
        """
    def undo(self) -> bool:
        ...
    def update(self, progress: typing.Any = None, should_stop: typing.Any = None) -> TeachReport:
        """
        Learns from all judgements.
        """
    @property
    def has_reward(self) -> bool:
        ...
    @property
    def judgements(self) -> list[Judgement]:
        ...
    @property
    def policy(self) -> Transformer:
        ...
class Pair:
    """
    Two answers to one prompt, whole sequences of token ids; `probability` that the first is the better one.
    """
    def __init__(self, chosen: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], rejected: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], probability: typing.SupportsFloat | typing.SupportsIndex = 1.0, weight: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> None:
        ...
    @property
    def chosen(self) -> list[int]:
        ...
    @property
    def probability(self) -> float:
        ...
    @property
    def rejected(self) -> list[int]:
        ...
    @property
    def weight(self) -> float:
        ...
class RewardEnsemble:
    """
    Reward models that saw different resamples of the same judgements; where they differ, nobody knows yet.
    """
    def member_scores(self, sequences: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> list[list[float]]:
        """
        Each member's scores: members x sequences.
        """
    def score(self, sequences: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> list[float]:
        """
        The members' mean score of each sequence of token ids; mean 0 and variance 1 on the pairs it was fitted to.
        """
def _hf_parameters(model_type: str, config: TransformerConfig) -> list[_HfParameter]:
    ...
def adamw_step(params: collections.abc.Sequence[Tensor], grads: collections.abc.Sequence[Tensor], state: AdamWState, config: AdamWConfig, lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tuple[list[Tensor], float]:
    """
    One step. Returns (new parameters, gradient norm before clipping).
    """
def ask(judge: collections.abc.Callable[[Judgement], Judgement], question: Judgement, log: JudgementLog = None, seed: typing.SupportsInt | typing.SupportsIndex = 0, number: typing.SupportsInt | typing.SupportsIndex = 0) -> Judgement:
    """
    The judge's answer to a question (a Judgement whose kind is skip), kept in `log`; a coin by (seed, number) decides the order shown.
    """
def chat_template_jinja(name: str, default_system: str = '') -> str:
    """
    A built-in template in Jinja, with its answers between generation tags.
    """
def chat_template_names() -> list[str]:
    """
    The built-in chat templates.
    """
def each_judgement(path: str, f: collections.abc.Callable[[Judgement], None]) -> None:
    """
    Calls f with each judgement of such a file, in memory for one.
    """
def end_of_answer(tokenizer: Tokenizer) -> int:
    """
    The id of the token that ends an answer.
    """
def fit_ensemble(trunk: Transformer, pairs: collections.abc.Sequence[Pair], members: typing.SupportsInt | typing.SupportsIndex = 3, config: RewardConfig = ..., progress: typing.Any = None, should_stop: typing.Any = None) -> RewardEnsemble:
    """
    Bradley-Terry reward models from one trunk, each with its own head and its own resample of the pairs.
    """
def from_dlpack(x: typing.Any) -> Tensor | Tensor64:
    """
    The memory of another library's array as a tensor, without a copy: float32 or float64, on the CPU, C-contiguous. Tutelage never writes to it, and nobody else must while the tensor lives.
    """
def gradcheck(f: collections.abc.Callable, inputs: collections.abc.Sequence[Tensor64], step: typing.SupportsFloat | typing.SupportsIndex = 1e-05, tolerance: typing.SupportsFloat | typing.SupportsIndex = 1e-06) -> tuple[bool, float, str]:
    """
    Compares the gradient of f(*inputs) with central differences in double. Returns (ok, worst error, where).
    """
def isa() -> str:
    """
    The instruction set in use: avx512, avx2 or scalar.
    """
def judgement_rows(judgement: Judgement, format: str) -> list:
    """
    Its rows as lines of JSON: judgements, preference, hh, unpaired or completion.
    """
def load_model(path: str) -> ChatModel:
    ...
def load_pretrained(path: str) -> Pretrained:
    ...
def num_threads() -> int:
    ...
def pair_accuracy(ensemble: RewardEnsemble, pairs: collections.abc.Sequence[Pair]) -> float:
    """
    Share of pairs whose chosen sequence scores higher; equal scores count one half.
    """
def peak_memory() -> int:
    """
    Most bytes that tensors held at once.
    """
def read_conversations(path: str) -> list:
    """
    Conversations from JSON lines in TRL's columns.
    """
def read_gguf_tokenizer(path: str) -> TokenizerData:
    ...
def read_judgements(path: str) -> list[Judgement]:
    """
    Judgements from JSON lines: our own records, TRL's preference, unpaired and completion rows, HH-RLHF's transcripts. Raises IoError naming the line.
    """
def read_llama2c_tokenizer(path: str) -> TokenizerData:
    ...
def read_safetensors(path: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """
    F32, F16 and BF16 tensors as float32, by name, and the file's notes.
    """
def render_example(tokenizer: typing.Any, messages: list) -> Example:
    """
    The conversation as ids, with a mask of what the assistant writes.
    """
def save_model(folder: str, model: ChatModel) -> None:
    ...
def save_pretrained(folder: str, model: Pretrained, base: str = '', license: str = '', training: str = '') -> None:
    ...
def set_num_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Most threads that are used; 0: as many as the machine has.
    """
def sft_loss(model: Transformer, examples: collections.abc.Sequence[Example]) -> float:
    """
    Mean loss over the answer tokens, nats.
    """
def train_chat_tokenizer(conversations: list, vocab_size: typing.SupportsInt | typing.SupportsIndex) -> Tokenizer:
    ...
def train_chatbot(conversations: list, config: ChatbotConfig = ..., progress: typing.Any = None, should_stop: typing.Any = None) -> ChatModel:
    """
    Trains a tokenizer and a model from conversations (lists of {role, content}).
    """
def understand(line: str) -> tuple[str, str]:
    """
    What a line typed in a chat means: (kind, text).
    """
def write_conversations(path: str, conversations: list) -> None:
    ...
def write_judgements(path: str, judgements: collections.abc.Sequence[Judgement], format: str = 'judgements') -> None:
    """
    Whole or not at all. Ties have no row in TRL's columns.
    """
def write_safetensors(path: str, tensors: collections.abc.Mapping[str, Tensor], metadata: collections.abc.Mapping[str, str] = {}) -> None:
    """
    Float32 tensors by name, byte for byte as the safetensors package writes them.
    """
__version__: str = '0.1.0'
