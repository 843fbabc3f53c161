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
__all__: list[str] = ['Accumulators', 'Accumulators64', 'AdamWConfig', 'AdamWState', 'AdaptiveKL', 'Alarm', 'AlarmConfig', 'Alarms', 'AnnotatorFitConfig', 'AnnotatorReport', 'Behaviour', 'BehaviourJudgements', 'Behaviours', 'BestAnswer', 'ChampionTest', 'ChampionTestConfig', 'ChatModel', 'ChatbotConfig', 'ConfidenceBin', 'ConfigError', 'DPOConfig', 'DPOTrainer', 'Error', 'Example', 'ExchangeError', 'FeatureConfig', 'GRPOConfig', 'GRPOTrainer', 'GenerateOptions', 'Generation', 'IndexError', 'IoError', 'ItemFitConfig', 'Judgement', 'JudgementLog', 'KTOConfig', 'KTOTrainer', 'Labelled', 'LinearReward', 'LinearRewardConfig', 'LinearRewardFit', 'LoraConfig', 'MLP', 'MLPConfig', 'NgramConfig', 'NumericError', 'OnlineAnnotators', 'PPOConfig', 'PPOState', 'PPOTrainer', 'Pair', 'PolicyState', 'PolicyStats', 'Preference', 'PreferenceState', 'PreferenceStats', 'Pretrained', 'Progress', 'Question', 'QuestionChooser', 'QuestionConfig', 'RLOOConfig', 'RLOOTrainer', 'RejectionConfig', 'RejectionTrainer', 'Reward', 'RewardConfig', 'RewardEnsemble', 'RewardModel', 'RewardReport', 'RewardState', 'RewardStats', 'RewardTrainer', 'Rollout', 'RopeScaling', 'SFTConfig', 'SFTState', 'SFTTrainer', 'Scores', 'ShapeError', 'SimulatedAnnotator', 'SimulatedAnnotatorConfig', 'SparseRows', 'StateError', 'StateRewardConfig', 'StateRewardEpoch', 'StateRewardFit', 'StateRewardFitConfig', 'StateRewardModel', 'StepStats', 'Stopped', 'TeachConfig', 'TeachReport', 'Teacher', 'Tensor', 'Tensor64', 'TokenIds', 'Tokenizer', 'TokenizerConfig', 'TokenizerData', 'TrainingDataConfig', 'Trajectory', 'Transformer', 'TransformerConfig', 'ValueError', 'adamw_step', 'ask', 'best_of_n', 'chat_template_jinja', 'chat_template_names', 'each_judgement', 'end_of_answer', 'fit_ensemble', 'fit_linear_reward', 'fit_state_reward', 'formulas', 'from_dlpack', 'gradcheck', 'isa', 'judgement_rows', 'load_checkpoint', 'load_model', 'load_pretrained', 'ngram_features', 'num_threads', 'ops', 'own_answers', 'pair_accuracy', 'peak_memory', 'prompt_places', 'question_schedule', 'read_conversations', 'read_gguf_tokenizer', 'read_judgements', 'read_llama2c_tokenizer', 'read_safetensors', 'render_example', 'reward_report', 'save_checkpoint', 'save_model', 'save_pretrained', 'set_num_threads', 'sft_loss', 'shuffled', 'state_reward_loss', 'step_inputs', 'text_features', 'train_chat_tokenizer', 'train_chatbot', 'understand', 'write_conversations', 'write_judgements', 'write_safetensors']
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
    @property
    def warnings(self) -> list[str]:
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
class MLPConfig:
    """
    Linear layers with an activation between them, none behind the last; or several such networks that share their input.
    """
    fields: typing.ClassVar[list] = ['sizes', 'activation', 'init', 'gain', 'output_gain', 'members']
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
        tanh, relu or silu
        """
    @activation.setter
    def activation(self, arg0: str) -> None:
        ...
    @property
    def gain(self) -> float:
        """
        orthogonal: of every layer but the last
        """
    @gain.setter
    def gain(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def init(self) -> str:
        """
        orthogonal, biases 0; or uniform: weights and biases in +- 1 / sqrt(inputs)
        """
    @init.setter
    def init(self, arg0: str) -> None:
        ...
    @property
    def members(self) -> int:
        """
        networks of this shape side by side, each with a start of its own
        """
    @members.setter
    def members(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def output_gain(self) -> float:
        """
        orthogonal: of the last; 0.01 is usual for a policy's actions
        """
    @output_gain.setter
    def output_gain(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def sizes(self) -> list[int]:
        """
        input, hidden ..., output
        """
    @sizes.setter
    def sizes(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
class MLP:
    """
    The parameters of a stack of linear layers; a value. All members are computed in one pass.
    """
    def __call__(self, x: Tensor) -> Tensor:
        """
        x (N, inputs) -> (N, members * outputs), a member's outputs side by side; differentiable.
        """
    def __init__(self, config: MLPConfig, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def parameters(self) -> dict:
        """
        Name -> Tensor, in visit order.
        """
    def with_parameters(self, values: dict) -> MLP:
        ...
    @property
    def config(self) -> MLPConfig:
        ...
    @property
    def num_parameters(self) -> int:
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
    fields: typing.ClassVar[list] = ['rank', 'alpha', 'dropout', 'target_modules', 'layers_to_transform', 'use_rslora', 'seed']
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
    def layers_to_transform(self) -> list[int]:
        """
        rising; empty: all. Nothing is differentiated below the first
        """
    @layers_to_transform.setter
    def layers_to_transform(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
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
    fields: typing.ClassVar[list] = ['max_new_tokens', 'min_new_tokens', 'temperature', 'top_k', 'min_p', 'repetition_penalty', 'stop_ids', 'num_samples', 'seed', 'seeds', 'sample', 'step', 'first_item', 'max_batch']
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
    def min_new_tokens(self) -> int:
        """
        so many tokens hold no stop id
        """
    @min_new_tokens.setter
    def min_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
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
    """
    An answer: its ids, the log-prob with which each was drawn, and why it ended: stop_id or length.
    """
    def __init__(self, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], logprobs: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], stop_reason: str = 'length') -> None:
        ...
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
    def hidden(self, ids: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]], layer: typing.SupportsInt | typing.SupportsIndex | None = None) -> Tensor:
        """
        Hidden states: sequences of n_i ids -> (sum n_i, C). After the last norm, or what leaves a layer: 0 the embedding, l block l.
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
    def __init__(self, transformer: Transformer, tokenizer: Tokenizer, conversations: list = [], ids: TokenIds | None = None) -> None:
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
    def __init__(self, n_items: typing.SupportsInt | typing.SupportsIndex, right: typing.SupportsFloat | typing.SupportsIndex = 3.0, wrong: typing.SupportsFloat | typing.SupportsIndex = 1.5, variance: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> None:
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
class AlarmConfig:
    """
    When to doubt that a learned reward still says what people want.
    """
    fields: typing.ClassVar[list] = ['significance', 'disagreement', 'same_answer', 'least_prompts', 'calibration', 'claim_evidence', 'duel']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def calibration(self) -> int:
        """
        judgements with a claim by which the learned reward is put on the judges' scale
        """
    @calibration.setter
    def calibration(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def claim_evidence(self) -> float:
        """
        odds at which a claim is given up
        """
    @claim_evidence.setter
    def claim_evidence(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def disagreement(self) -> float:
        """
        times the members' spread at the start
        """
    @disagreement.setter
    def disagreement(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def duel(self) -> ChampionTestConfig:
        """
        a ChampionTestConfig
        """
    @duel.setter
    def duel(self, arg0: ChampionTestConfig) -> None:
        ...
    @property
    def least_prompts(self) -> int:
        """
        different ones, for same_answer
        """
    @least_prompts.setter
    def least_prompts(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def same_answer(self) -> float:
        """
        share of different prompts that get one and the same answer
        """
    @same_answer.setter
    def same_answer(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def significance(self) -> float:
        """
        standard errors by which the learned reward counts as risen, and held-out accuracy as fallen
        """
    @significance.setter
    def significance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class Alarm:
    """
    What speaks against the learned reward.
    """
    def __repr__(self) -> str:
        ...
    @property
    def iteration(self) -> int:
        ...
    @property
    def kind(self) -> str:
        """
        duel, claim, accuracy, disagreement or same_answer
        """
    @property
    def limit(self) -> float:
        ...
    @property
    def message(self) -> str:
        ...
    @property
    def value(self) -> float:
        ...
class Alarms:
    """
    Watches a loop that follows a learned reward: a duel lost, held-out accuracy that falls, members that disagree, one answer for all.
    """
    def __init__(self, config: AlarmConfig | None = None, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def held_out(self, right: typing.SupportsFloat | typing.SupportsIndex, total: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Judgements not fitted to that the learned reward orders rightly, and how many.
        """
    def judged(self, answer: str, claim: typing.SupportsFloat | typing.SupportsIndex | None = None, error_rate: typing.SupportsFloat | typing.SupportsIndex | None = None) -> str:
        """
        'a' for what was shown first, 'b', 'tie' or 'skip'; claim: the learned reward of the policy's answer minus the champion's. 'replace': the policy of now is the champion from here on, and a new duel begins.
        """
    def observe(self, scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], member_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = [], prompts: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]] = [], responses: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]] = []) -> list[Alarm]:
        """
        One iteration: the learned reward of each answer, of each member (members x answers), and the token ids. Returns the alarms it rings; the first iteration is what later ones are compared with.
        """
    @property
    def challenger_first(self) -> bool:
        """
        Whether the policy's answer is to be shown before the champion's.
        """
    @property
    def iterations(self) -> int:
        ...
class PPOConfig:
    """
    PPO with a KL penalty to the starting policy.
    """
    fields: typing.ClassVar[list] = ['batch_size', 'num_generations', 'max_new_tokens', 'min_new_tokens', 'temperature', 'stop_ids', 'normalize_rewards', 'reward_scale', 'reward_clip', 'missing_eos', 'missing_eos_penalty', 'kl_coef', 'kl_estimator', 'kl_in', 'kl_target', 'kl_horizon', 'kl_per', 'num_epochs', 'mini_batch_size', 'micro_batch_size', 'clip_range', 'clip_range_high', 'dual_clip', 'entropy_coef', 'target_kl', 'aggregation', 'optimizer', 'alarms', 'seed', 'gamma', 'gae_lambda', 'bootstrap_truncated', 'whiten_rewards', 'whiten_advantages', 'whiten_keep_mean', 'whiten_ddof', 'whiten_scope', 'clip_range_value', 'vf_coef', 'value_head_std', 'separate_critic', 'critic_warmup', 'ptx_coef']
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
    def aggregation(self) -> str:
        """
        token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm
        """
    @aggregation.setter
    def aggregation(self, arg0: str) -> None:
        ...
    @property
    def alarms(self) -> AlarmConfig:
        """
        an AlarmConfig, of train()
        """
    @alarms.setter
    def alarms(self, arg0: AlarmConfig) -> None:
        ...
    @property
    def batch_size(self) -> int:
        """
        prompts an iteration of train(), in seeded order; 0: all, as given
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def bootstrap_truncated(self) -> bool:
        """
        the value after an answer that was cut stands for what was cut off
        """
    @bootstrap_truncated.setter
    def bootstrap_truncated(self, arg0: bool) -> None:
        ...
    @property
    def clip_range(self) -> float:
        ...
    @clip_range.setter
    def clip_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range_high(self) -> float | None:
        """
        None: clip_range
        """
    @clip_range_high.setter
    def clip_range_high(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def clip_range_value(self) -> float:
        ...
    @clip_range_value.setter
    def clip_range_value(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def critic_warmup(self) -> int:
        """
        iterations in which the critic alone learns
        """
    @critic_warmup.setter
    def critic_warmup(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def dual_clip(self) -> float | None:
        """
        bound of the loss where the advantage is negative; None: off
        """
    @dual_clip.setter
    def dual_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def entropy_coef(self) -> float:
        """
        bonus
        """
    @entropy_coef.setter
    def entropy_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
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
        k1, k2, k3, abs or full
        """
    @kl_estimator.setter
    def kl_estimator(self, arg0: str) -> None:
        ...
    @property
    def kl_horizon(self) -> float:
        """
        answers
        """
    @kl_horizon.setter
    def kl_horizon(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kl_in(self) -> str:
        """
        reward or loss
        """
    @kl_in.setter
    def kl_in(self, arg0: str) -> None:
        ...
    @property
    def kl_per(self) -> str:
        """
        what kl_target counts: sequence or token
        """
    @kl_per.setter
    def kl_per(self, arg0: str) -> None:
        ...
    @property
    def kl_target(self) -> float:
        """
        nats; kl_coef follows it; 0: fixed
        """
    @kl_target.setter
    def kl_target(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        """
        answers computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_new_tokens(self) -> int:
        """
        so many tokens hold no stop id
        """
    @min_new_tokens.setter
    def min_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def mini_batch_size(self) -> int:
        """
        answers an optimiser step; 0: all
        """
    @mini_batch_size.setter
    def mini_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def missing_eos(self) -> str:
        """
        of an answer that was cut: subtract the penalty, or set the score to minus it
        """
    @missing_eos.setter
    def missing_eos(self, arg0: str) -> None:
        ...
    @property
    def missing_eos_penalty(self) -> float:
        ...
    @missing_eos_penalty.setter
    def missing_eos_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def normalize_rewards(self) -> str:
        """
        none, batch or running: (score - mean) / std
        """
    @normalize_rewards.setter
    def normalize_rewards(self, arg0: str) -> None:
        ...
    @property
    def num_epochs(self) -> int:
        """
        passes over each rollout
        """
    @num_epochs.setter
    def num_epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_generations(self) -> int:
        """
        answers to each prompt, a group
        """
    @num_generations.setter
    def num_generations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
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
    def reward_clip(self) -> float:
        """
        then clipped to +- it; 0: off
        """
    @reward_clip.setter
    def reward_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_scale(self) -> float:
        """
        scores are multiplied by it
        """
    @reward_scale.setter
    def reward_scale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def separate_critic(self) -> bool:
        """
        values have a transformer of their own
        """
    @separate_critic.setter
    def separate_critic(self, arg0: bool) -> None:
        ...
    @property
    def stop_ids(self) -> list[int]:
        """
        the answer ends with one of them
        """
    @stop_ids.setter
    def stop_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def target_kl(self) -> float:
        """
        an update whose approx_kl is above is not made and ends the iteration; 0: off
        """
    @target_kl.setter
    def target_kl(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def temperature(self) -> float:
        """
        log-probs everywhere are at this temperature
        """
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def value_head_std(self) -> float:
        """
        0: zeros
        """
    @value_head_std.setter
    def value_head_std(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def vf_coef(self) -> float:
        ...
    @vf_coef.setter
    def vf_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def whiten_ddof(self) -> int:
        """
        0 or 1
        """
    @whiten_ddof.setter
    def whiten_ddof(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def whiten_keep_mean(self) -> bool:
        """
        of advantages
        """
    @whiten_keep_mean.setter
    def whiten_keep_mean(self, arg0: bool) -> None:
        ...
    @property
    def whiten_rewards(self) -> bool:
        """
        token rewards, their mean kept
        """
    @whiten_rewards.setter
    def whiten_rewards(self, arg0: bool) -> None:
        ...
    @property
    def whiten_scope(self) -> str:
        """
        of advantages: rollout or mini_batch
        """
    @whiten_scope.setter
    def whiten_scope(self, arg0: str) -> None:
        ...
class RLOOConfig:
    """
    REINFORCE with the other answers to a prompt as the baseline.
    """
    fields: typing.ClassVar[list] = ['batch_size', 'num_generations', 'max_new_tokens', 'min_new_tokens', 'temperature', 'stop_ids', 'normalize_rewards', 'reward_scale', 'reward_clip', 'missing_eos', 'missing_eos_penalty', 'kl_coef', 'kl_estimator', 'kl_in', 'kl_target', 'kl_horizon', 'kl_per', 'num_epochs', 'mini_batch_size', 'micro_batch_size', 'clip_range', 'clip_range_high', 'dual_clip', 'entropy_coef', 'target_kl', 'aggregation', 'optimizer', 'alarms', 'seed', 'normalize_advantages']
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
    def aggregation(self) -> str:
        """
        token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm
        """
    @aggregation.setter
    def aggregation(self, arg0: str) -> None:
        ...
    @property
    def alarms(self) -> AlarmConfig:
        """
        an AlarmConfig, of train()
        """
    @alarms.setter
    def alarms(self, arg0: AlarmConfig) -> None:
        ...
    @property
    def batch_size(self) -> int:
        """
        prompts an iteration of train(), in seeded order; 0: all, as given
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range(self) -> float:
        ...
    @clip_range.setter
    def clip_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range_high(self) -> float | None:
        """
        None: clip_range
        """
    @clip_range_high.setter
    def clip_range_high(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def dual_clip(self) -> float | None:
        """
        bound of the loss where the advantage is negative; None: off
        """
    @dual_clip.setter
    def dual_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def entropy_coef(self) -> float:
        """
        bonus
        """
    @entropy_coef.setter
    def entropy_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
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
        k1, k2, k3, abs or full
        """
    @kl_estimator.setter
    def kl_estimator(self, arg0: str) -> None:
        ...
    @property
    def kl_horizon(self) -> float:
        """
        answers
        """
    @kl_horizon.setter
    def kl_horizon(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kl_in(self) -> str:
        """
        reward or loss
        """
    @kl_in.setter
    def kl_in(self, arg0: str) -> None:
        ...
    @property
    def kl_per(self) -> str:
        """
        what kl_target counts: sequence or token
        """
    @kl_per.setter
    def kl_per(self, arg0: str) -> None:
        ...
    @property
    def kl_target(self) -> float:
        """
        nats; kl_coef follows it; 0: fixed
        """
    @kl_target.setter
    def kl_target(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        """
        answers computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_new_tokens(self) -> int:
        """
        so many tokens hold no stop id
        """
    @min_new_tokens.setter
    def min_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def mini_batch_size(self) -> int:
        """
        answers an optimiser step; 0: all
        """
    @mini_batch_size.setter
    def mini_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def missing_eos(self) -> str:
        """
        of an answer that was cut: subtract the penalty, or set the score to minus it
        """
    @missing_eos.setter
    def missing_eos(self, arg0: str) -> None:
        ...
    @property
    def missing_eos_penalty(self) -> float:
        ...
    @missing_eos_penalty.setter
    def missing_eos_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def normalize_advantages(self) -> bool:
        """
        over the step
        """
    @normalize_advantages.setter
    def normalize_advantages(self, arg0: bool) -> None:
        ...
    @property
    def normalize_rewards(self) -> str:
        """
        none, batch or running: (score - mean) / std
        """
    @normalize_rewards.setter
    def normalize_rewards(self, arg0: str) -> None:
        ...
    @property
    def num_epochs(self) -> int:
        """
        passes over each rollout
        """
    @num_epochs.setter
    def num_epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_generations(self) -> int:
        """
        answers to each prompt, a group
        """
    @num_generations.setter
    def num_generations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_clip(self) -> float:
        """
        then clipped to +- it; 0: off
        """
    @reward_clip.setter
    def reward_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_scale(self) -> float:
        """
        scores are multiplied by it
        """
    @reward_scale.setter
    def reward_scale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def stop_ids(self) -> list[int]:
        """
        the answer ends with one of them
        """
    @stop_ids.setter
    def stop_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def target_kl(self) -> float:
        """
        an update whose approx_kl is above is not made and ends the iteration; 0: off
        """
    @target_kl.setter
    def target_kl(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def temperature(self) -> float:
        """
        log-probs everywhere are at this temperature
        """
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class GRPOConfig:
    """
    Advantages relative to the answers to the same prompt, KL in the loss.
    """
    fields: typing.ClassVar[list] = ['batch_size', 'num_generations', 'max_new_tokens', 'min_new_tokens', 'temperature', 'stop_ids', 'normalize_rewards', 'reward_scale', 'reward_clip', 'missing_eos', 'missing_eos_penalty', 'kl_coef', 'kl_estimator', 'kl_in', 'kl_target', 'kl_horizon', 'kl_per', 'num_epochs', 'mini_batch_size', 'micro_batch_size', 'clip_range', 'clip_range_high', 'dual_clip', 'entropy_coef', 'target_kl', 'aggregation', 'optimizer', 'alarms', 'seed', 'scale_rewards']
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
    def aggregation(self) -> str:
        """
        token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm
        """
    @aggregation.setter
    def aggregation(self, arg0: str) -> None:
        ...
    @property
    def alarms(self) -> AlarmConfig:
        """
        an AlarmConfig, of train()
        """
    @alarms.setter
    def alarms(self, arg0: AlarmConfig) -> None:
        ...
    @property
    def batch_size(self) -> int:
        """
        prompts an iteration of train(), in seeded order; 0: all, as given
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range(self) -> float:
        ...
    @clip_range.setter
    def clip_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range_high(self) -> float | None:
        """
        None: clip_range
        """
    @clip_range_high.setter
    def clip_range_high(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def dual_clip(self) -> float | None:
        """
        bound of the loss where the advantage is negative; None: off
        """
    @dual_clip.setter
    def dual_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def entropy_coef(self) -> float:
        """
        bonus
        """
    @entropy_coef.setter
    def entropy_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
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
        k1, k2, k3, abs or full
        """
    @kl_estimator.setter
    def kl_estimator(self, arg0: str) -> None:
        ...
    @property
    def kl_horizon(self) -> float:
        """
        answers
        """
    @kl_horizon.setter
    def kl_horizon(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kl_in(self) -> str:
        """
        reward or loss
        """
    @kl_in.setter
    def kl_in(self, arg0: str) -> None:
        ...
    @property
    def kl_per(self) -> str:
        """
        what kl_target counts: sequence or token
        """
    @kl_per.setter
    def kl_per(self, arg0: str) -> None:
        ...
    @property
    def kl_target(self) -> float:
        """
        nats; kl_coef follows it; 0: fixed
        """
    @kl_target.setter
    def kl_target(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        """
        answers computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_new_tokens(self) -> int:
        """
        so many tokens hold no stop id
        """
    @min_new_tokens.setter
    def min_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def mini_batch_size(self) -> int:
        """
        answers an optimiser step; 0: all
        """
    @mini_batch_size.setter
    def mini_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def missing_eos(self) -> str:
        """
        of an answer that was cut: subtract the penalty, or set the score to minus it
        """
    @missing_eos.setter
    def missing_eos(self, arg0: str) -> None:
        ...
    @property
    def missing_eos_penalty(self) -> float:
        ...
    @missing_eos_penalty.setter
    def missing_eos_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def normalize_rewards(self) -> str:
        """
        none, batch or running: (score - mean) / std
        """
    @normalize_rewards.setter
    def normalize_rewards(self, arg0: str) -> None:
        ...
    @property
    def num_epochs(self) -> int:
        """
        passes over each rollout
        """
    @num_epochs.setter
    def num_epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_generations(self) -> int:
        """
        answers to each prompt, a group
        """
    @num_generations.setter
    def num_generations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_clip(self) -> float:
        """
        then clipped to +- it; 0: off
        """
    @reward_clip.setter
    def reward_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_scale(self) -> float:
        """
        scores are multiplied by it
        """
    @reward_scale.setter
    def reward_scale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def scale_rewards(self) -> str:
        """
        group or none
        """
    @scale_rewards.setter
    def scale_rewards(self, arg0: str) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def stop_ids(self) -> list[int]:
        """
        the answer ends with one of them
        """
    @stop_ids.setter
    def stop_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def target_kl(self) -> float:
        """
        an update whose approx_kl is above is not made and ends the iteration; 0: off
        """
    @target_kl.setter
    def target_kl(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def temperature(self) -> float:
        """
        log-probs everywhere are at this temperature
        """
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class RejectionConfig:
    """
    The best of several answers become supervised data.
    """
    fields: typing.ClassVar[list] = ['batch_size', 'num_generations', 'max_new_tokens', 'min_new_tokens', 'temperature', 'stop_ids', 'normalize_rewards', 'reward_scale', 'reward_clip', 'missing_eos', 'missing_eos_penalty', 'kl_coef', 'kl_estimator', 'kl_in', 'kl_target', 'kl_horizon', 'kl_per', 'num_epochs', 'mini_batch_size', 'micro_batch_size', 'clip_range', 'clip_range_high', 'dual_clip', 'entropy_coef', 'target_kl', 'aggregation', 'optimizer', 'alarms', 'seed', 'threshold']
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
    def aggregation(self) -> str:
        """
        token-mean, seq-mean-token-mean, seq-mean-token-sum or seq-mean-token-sum-norm
        """
    @aggregation.setter
    def aggregation(self, arg0: str) -> None:
        ...
    @property
    def alarms(self) -> AlarmConfig:
        """
        an AlarmConfig, of train()
        """
    @alarms.setter
    def alarms(self, arg0: AlarmConfig) -> None:
        ...
    @property
    def batch_size(self) -> int:
        """
        prompts an iteration of train(), in seeded order; 0: all, as given
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range(self) -> float:
        ...
    @clip_range.setter
    def clip_range(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def clip_range_high(self) -> float | None:
        """
        None: clip_range
        """
    @clip_range_high.setter
    def clip_range_high(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def dual_clip(self) -> float | None:
        """
        bound of the loss where the advantage is negative; None: off
        """
    @dual_clip.setter
    def dual_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
    @property
    def entropy_coef(self) -> float:
        """
        bonus
        """
    @entropy_coef.setter
    def entropy_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
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
        k1, k2, k3, abs or full
        """
    @kl_estimator.setter
    def kl_estimator(self, arg0: str) -> None:
        ...
    @property
    def kl_horizon(self) -> float:
        """
        answers
        """
    @kl_horizon.setter
    def kl_horizon(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def kl_in(self) -> str:
        """
        reward or loss
        """
    @kl_in.setter
    def kl_in(self, arg0: str) -> None:
        ...
    @property
    def kl_per(self) -> str:
        """
        what kl_target counts: sequence or token
        """
    @kl_per.setter
    def kl_per(self, arg0: str) -> None:
        ...
    @property
    def kl_target(self) -> float:
        """
        nats; kl_coef follows it; 0: fixed
        """
    @kl_target.setter
    def kl_target(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        ...
    @max_new_tokens.setter
    def max_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        """
        answers computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def min_new_tokens(self) -> int:
        """
        so many tokens hold no stop id
        """
    @min_new_tokens.setter
    def min_new_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def mini_batch_size(self) -> int:
        """
        answers an optimiser step; 0: all
        """
    @mini_batch_size.setter
    def mini_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def missing_eos(self) -> str:
        """
        of an answer that was cut: subtract the penalty, or set the score to minus it
        """
    @missing_eos.setter
    def missing_eos(self, arg0: str) -> None:
        ...
    @property
    def missing_eos_penalty(self) -> float:
        ...
    @missing_eos_penalty.setter
    def missing_eos_penalty(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def normalize_rewards(self) -> str:
        """
        none, batch or running: (score - mean) / std
        """
    @normalize_rewards.setter
    def normalize_rewards(self, arg0: str) -> None:
        ...
    @property
    def num_epochs(self) -> int:
        """
        passes over each rollout
        """
    @num_epochs.setter
    def num_epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def num_generations(self) -> int:
        """
        answers to each prompt, a group
        """
    @num_generations.setter
    def num_generations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_clip(self) -> float:
        """
        then clipped to +- it; 0: off
        """
    @reward_clip.setter
    def reward_clip(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def reward_scale(self) -> float:
        """
        scores are multiplied by it
        """
    @reward_scale.setter
    def reward_scale(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def stop_ids(self) -> list[int]:
        """
        the answer ends with one of them
        """
    @stop_ids.setter
    def stop_ids(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def target_kl(self) -> float:
        """
        an update whose approx_kl is above is not made and ends the iteration; 0: off
        """
    @target_kl.setter
    def target_kl(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def temperature(self) -> float:
        """
        log-probs everywhere are at this temperature
        """
    @temperature.setter
    def temperature(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def threshold(self) -> float | None:
        """
        answers that score less are not learnt; None: all
        """
    @threshold.setter
    def threshold(self, arg0: typing.SupportsFloat | typing.SupportsIndex | None) -> None:
        ...
class SFTConfig:
    """
    Supervised fine-tuning on the answers of conversations.
    """
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'micro_batch_size', 'optimizer', 'schedule', 'warmup_steps', 'seed']
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
        items computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule(self) -> str:
        """
        of the learning rate after the warm-up: constant, linear or cosine
        """
    @schedule.setter
    def schedule(self, arg0: str) -> None:
        ...
    @property
    def seed(self) -> int:
        """
        of the order of the items
        """
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
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'micro_batch_size', 'optimizer', 'schedule', 'warmup_steps', 'seed', 'center_coef', 'error_rate']
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
        """
        items computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule(self) -> str:
        """
        of the learning rate after the warm-up: constant, linear or cosine
        """
    @schedule.setter
    def schedule(self, arg0: str) -> None:
        ...
    @property
    def seed(self) -> int:
        """
        of the order of the items
        """
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def warmup_steps(self) -> int:
        ...
    @warmup_steps.setter
    def warmup_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class DPOConfig:
    """
    Direct preference optimisation and its relatives.
    """
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'micro_batch_size', 'optimizer', 'schedule', 'warmup_steps', 'seed', 'beta', 'loss_type', 'label_smoothing', 'simpo_gamma']
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
    def beta(self) -> float:
        """
        strength of the reference
        """
    @beta.setter
    def beta(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def label_smoothing(self) -> float:
        """
        share of wrong labels
        """
    @label_smoothing.setter
    def label_smoothing(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def loss_type(self) -> str:
        """
        sigmoid, cdpo, robust, hinge, ipo, ipo_sum, simpo or orpo
        """
    @loss_type.setter
    def loss_type(self, arg0: str) -> None:
        ...
    @property
    def micro_batch_size(self) -> int:
        """
        items computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule(self) -> str:
        """
        of the learning rate after the warm-up: constant, linear or cosine
        """
    @schedule.setter
    def schedule(self, arg0: str) -> None:
        ...
    @property
    def seed(self) -> int:
        """
        of the order of the items
        """
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def simpo_gamma(self) -> float:
        """
        target margin of simpo
        """
    @simpo_gamma.setter
    def simpo_gamma(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def warmup_steps(self) -> int:
        ...
    @warmup_steps.setter
    def warmup_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class KTOConfig:
    """
    Kahneman-Tversky optimisation: single answers, each good or bad.
    """
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'micro_batch_size', 'optimizer', 'schedule', 'warmup_steps', 'seed', 'beta', 'desirable_weight', 'undesirable_weight']
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
        answers a step
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def beta(self) -> float:
        """
        strength of the reference
        """
    @beta.setter
    def beta(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def desirable_weight(self) -> float:
        ...
    @desirable_weight.setter
    def desirable_weight(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
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
        items computed at once; 0: all. Does not change the result
        """
    @micro_batch_size.setter
    def micro_batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def schedule(self) -> str:
        """
        of the learning rate after the warm-up: constant, linear or cosine
        """
    @schedule.setter
    def schedule(self, arg0: str) -> None:
        ...
    @property
    def seed(self) -> int:
        """
        of the order of the items
        """
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def undesirable_weight(self) -> float:
        ...
    @undesirable_weight.setter
    def undesirable_weight(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def warmup_steps(self) -> int:
        ...
    @warmup_steps.setter
    def warmup_steps(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
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
class TeachConfig:
    """
    How judgements become a better chatbot.
    """
    fields: typing.ClassVar[list] = ['max_new_tokens', 'max_answer_tokens', 'temperature', 'weigh_annotators', 'sft_steps', 'sft_demonstrations', 'sft_rehearsal', 'keep_kl', 'sft_learning_rate', 'reward_models', 'reward_after_right', 'judged_pairs', 'reward', 'ppo_iterations', 'ppo_prompts', 'ppo_rehearsal', 'ppo_demonstrations', 'ppo', 'seed']
    ppo: PPOConfig
    reward: RewardConfig
    @staticmethod
    def for_adapter() -> TeachConfig:
        """
        For a model that was trained elsewhere and learns through an adapter: fewer and gentler steps.
        """
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
    def keep_kl(self) -> float:
        """
        0: rehearsal is learnt like demonstrations; else its distributions are kept, by this weight of the KL
        """
    @keep_kl.setter
    def keep_kl(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def max_answer_tokens(self) -> int:
        ...
    @max_answer_tokens.setter
    def max_answer_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def max_new_tokens(self) -> int:
        """
        of what it samples to learn from, and of answer() where max_answer_tokens is 0
        """
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
    def reward_after_right(self) -> bool:
        """
        reward models and PPO wait for an answer of its own that is called right
        """
    @reward_after_right.setter
    def reward_after_right(self, arg0: bool) -> None:
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
    @property
    def weigh_annotators(self) -> bool:
        """
        each judgement counts by who made it, where there are several annotators
        """
    @weigh_annotators.setter
    def weigh_annotators(self, arg0: bool) -> None:
        ...
class SparseRows:
    """
    A matrix of which only what is not 0 is kept: one row of features a text.
    """
    @staticmethod
    def dense(features: Tensor) -> SparseRows:
        """
        Of (N, C), such as text_features gives.
        """
    def __len__(self) -> int:
        ...
    def beside(self, other: SparseRows) -> SparseRows:
        """
        Both side by side.
        """
    @property
    def width(self) -> int:
        ...
class NgramConfig:
    """
    What a text is made of, counted without a vocabulary.
    """
    fields: typing.ClassVar[list] = ['words', 'least_letters', 'most_letters', 'lengths', 'bits']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def bits(self) -> int:
        """
        2^bits columns, by a hash
        """
    @bits.setter
    def bits(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def least_letters(self) -> int:
        """
        runs of letters inside a word
        """
    @least_letters.setter
    def least_letters(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def lengths(self) -> bool:
        """
        two more columns: log(1 + bytes), log(1 + words)
        """
    @lengths.setter
    def lengths(self, arg0: bool) -> None:
        ...
    @property
    def most_letters(self) -> int:
        """
        0: none
        """
    @most_letters.setter
    def most_letters(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def words(self) -> int:
        """
        runs of up to so many words; 0: none
        """
    @words.setter
    def words(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
class LinearReward:
    """
    score = w . x, or an ensemble of them.
    """
    def logits(self, rows: SparseRows) -> Tensor64:
        """
        w . x of each member, on the scale of the judgements: (members, rows), for acquisition functions.
        """
    def member_scores(self, rows: SparseRows) -> list[list[float]]:
        """
        Each member's scores, normalised: members x rows.
        """
    def probabilities(self, rows: SparseRows, pairs: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]]) -> list[float]:
        """
        P(first better than second) of each pair of row numbers.
        """
    def score(self, rows: SparseRows) -> list[float]:
        """
        The members' mean of each row, each normalised first.
        """
    @property
    def members(self) -> int:
        ...
    @property
    def weights(self) -> Tensor64:
        """
        (width, members)
        """
    @property
    def width(self) -> int:
        ...
class LinearRewardConfig:
    """
    Bradley-Terry on features that stay as they are.
    """
    fields: typing.ClassVar[list] = ['members', 'ensemble', 'l2', 'held_out_share', 'scale_columns', 'max_iterations', 'tolerance', 'seed']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def ensemble(self) -> str:
        """
        how others differ: resample (of the choices), or posterior (drawn by the covariance, for few columns)
        """
    @ensemble.setter
    def ensemble(self, arg0: str) -> None:
        ...
    @property
    def held_out_share(self) -> float:
        """
        of choices, to choose l2 by
        """
    @held_out_share.setter
    def held_out_share(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def l2(self) -> list[float]:
        """
        inverse variance of the prior of a weight; of several, that with the least loss on held-out choices
        """
    @l2.setter
    def l2(self, arg0: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def max_iterations(self) -> int:
        """
        Newton steps
        """
    @max_iterations.setter
    def max_iterations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def members(self) -> int:
        """
        the first is the minimum
        """
    @members.setter
    def members(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def scale_columns(self) -> bool:
        """
        as if each column had been divided by its standard deviation over rows
        """
    @scale_columns.setter
    def scale_columns(self, arg0: bool) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def tolerance(self) -> float:
        """
        of the gradient's norm, as a share of that at weights 0
        """
    @tolerance.setter
    def tolerance(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class LinearRewardFit:
    @property
    def converged(self) -> bool:
        ...
    @property
    def covariance(self) -> Tensor64:
        """
        (C, C) of an ensemble "posterior": of the weights, at the minimum (Laplace).
        """
    @property
    def held_out_losses(self) -> list[float]:
        ...
    @property
    def l2(self) -> float:
        ...
    @property
    def model(self) -> LinearReward:
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
class RewardModel:
    """
    A transformer with one output: the score of a sequence is the head at its last token, times gain plus bias.
    """
    @staticmethod
    def load(folder: str) -> RewardModel:
        ...
    def __init__(self, trunk: Transformer, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        """
        The trunk starts from a language model, the head from N(0, 1 / sqrt(C + 1)).
        """
    def calibrated(self, sequences: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> RewardModel:
        """
        This model with gain and bias so that `sequences` score with mean 0 and variance 1.
        """
    def save(self, folder: str) -> None:
        """
        Writes a checkpoint, whole or not at all.
        """
    def score(self, sequences: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]) -> list[float]:
        """
        One score a sequence of token ids.
        """
    def with_head(self, weight: Tensor, bias: Tensor) -> RewardModel:
        """
        The same trunk with another head: weight (1, C), bias (1).
        """
    @property
    def bias(self) -> float:
        ...
    @bias.setter
    def bias(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def gain(self) -> float:
        ...
    @gain.setter
    def gain(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def head_bias(self) -> Tensor:
        ...
    @property
    def head_weight(self) -> Tensor:
        ...
    @property
    def trunk(self) -> Transformer:
        ...
class FeatureConfig:
    """
    What is read off a frozen trunk.
    """
    fields: typing.ClassVar[list] = ['layers', 'pooling', 'batch_tokens']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def batch_tokens(self) -> int:
        """
        about so many are computed at once; does not change the result
        """
    @batch_tokens.setter
    def batch_tokens(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def layers(self) -> list[int]:
        """
        0 (the embedding) to L, put side by side; empty: L / 2 alone
        """
    @layers.setter
    def layers(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def pooling(self) -> str:
        """
        mean over a text's tokens, or last: its last token
        """
    @pooling.setter
    def pooling(self, arg0: str) -> None:
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
class ConfidenceBin:
    @property
    def accuracy(self) -> float:
        ...
    @property
    def confidence(self) -> float:
        ...
    @property
    def count(self) -> int:
        ...
    @property
    def high(self) -> float:
        ...
    @property
    def low(self) -> float:
        ...
class AnnotatorReport:
    """
    How far one annotator's answers go with a model's probabilities.
    """
    @property
    def annotator(self) -> int:
        ...
    @property
    def judgements(self) -> int:
        ...
    @property
    def reliability(self) -> float:
        ...
    @property
    def standard_error(self) -> float:
        ...
class RewardReport:
    """
    What a reward model is worth on judgements that it was not fitted to.
    """
    @property
    def accuracy(self) -> float:
        ...
    @property
    def annotators(self) -> list[AnnotatorReport]:
        ...
    @property
    def by_confidence(self) -> list[ConfidenceBin]:
        ...
    @property
    def calibration_error(self) -> float:
        ...
    @property
    def judgements(self) -> int:
        ...
    @property
    def length_rule(self) -> float | None:
        ...
    @property
    def loss(self) -> float:
        ...
class QuestionConfig:
    """
    How the next questions are chosen.
    """
    fields: typing.ClassVar[list] = ['acquisition', 'diversity', 'width', 'random_share', 'seed']
    def __init__(self, **kwargs) -> None:
        ...
    def __repr__(self) -> str:
        ...
    def validate(self) -> None:
        """
        Raises ConfigError where a value is out of range.
        """
    @property
    def acquisition(self) -> str:
        """
        a name of acquisition(), or random
        """
    @acquisition.setter
    def acquisition(self, arg0: str) -> None:
        ...
    @property
    def diversity(self) -> str:
        """
        of a batch: none, k_center or determinantal
        """
    @diversity.setter
    def diversity(self, arg0: str) -> None:
        ...
    @property
    def random_share(self) -> float:
        """
        of a batch
        """
    @random_share.setter
    def random_share(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def width(self) -> float:
        """
        of the determinantal kernel
        """
    @width.setter
    def width(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class Question:
    """
    Which of two items is better? With the score it was chosen by.
    """
    @property
    def first(self) -> int:
        ...
    @property
    def random(self) -> bool:
        ...
    @property
    def score(self) -> float:
        ...
    @property
    def second(self) -> int:
        ...
class QuestionChooser:
    """
    Chooses what to ask next; a question that was chosen or answered is never chosen again.
    """
    def __init__(self, config: QuestionConfig = ...) -> None:
        ...
    def choose(self, members: Tensor64, candidates: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]], size: typing.SupportsInt | typing.SupportsIndex = 1, features: Tensor64 = ...) -> list[Question]:
        """
        At most `size` different open questions of the candidates (pairs of items). members (M, items): what each member of an ensemble says of each item, not normalised; features (items, C) where diversity asks for them.
        """
    def know(self, a: typing.SupportsInt | typing.SupportsIndex, b: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        The answer to this question is known.
        """
    def known(self, a: typing.SupportsInt | typing.SupportsIndex, b: typing.SupportsInt | typing.SupportsIndex) -> bool:
        ...
    @property
    def config(self) -> QuestionConfig:
        ...
class Behaviours:
    """
    Behaviours end to end: trajectories, fragments of them, or single items with given features.
    """
    @staticmethod
    def items(features: Tensor) -> Behaviours:
        """
        Of one step each: a row of features an item.
        """
    def __init__(self, inputs: Tensor, offsets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        """
        inputs (steps, C): what each step's reward is computed from; behaviour i is steps [offsets[i], offsets[i + 1]).
        """
    def __len__(self) -> int:
        ...
    def subset(self, ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> Behaviours:
        """
        Those numbered, in that order.
        """
    @property
    def inputs(self) -> Tensor:
        ...
    @property
    def offsets(self) -> list[int]:
        ...
class StateRewardConfig:
    """
    A small network that gives a step its reward, or an ensemble of them.
    """
    fields: typing.ClassVar[list] = ['input_size', 'hidden_sizes', 'activation', 'members', 'per_step']
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
        tanh, relu or silu
        """
    @activation.setter
    def activation(self, arg0: str) -> None:
        ...
    @property
    def hidden_sizes(self) -> list[int]:
        """
        none: linear in the inputs
        """
    @hidden_sizes.setter
    def hidden_sizes(self, arg0: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def input_size(self) -> int:
        """
        C
        """
    @input_size.setter
    def input_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def members(self) -> int:
        """
        an ensemble where more than one
        """
    @members.setter
    def members(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def per_step(self) -> bool:
        """
        a behaviour counts the mean of its steps' rewards; else their sum
        """
    @per_step.setter
    def per_step(self, arg0: bool) -> None:
        ...
class StateRewardModel:
    """
    Rewards of steps by one small network, or by an ensemble that is computed and trained in one batched pass.
    """
    def __init__(self, config: StateRewardConfig, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def calibrate(self, inputs: Tensor) -> None:
        """
        Sets gain and bias so that each member's rewards of these steps have mean 0 and variance 1.
        """
    def probabilities(self, behaviours: Behaviours, first: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], second: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> list[float]:
        """
        P(first better than second) of each pair, the members' mean.
        """
    def returns(self, behaviours: Behaviours) -> Tensor:
        """
        What the members say of each behaviour before gain and bias: (behaviours, members).
        """
    def reward(self, inputs: Tensor) -> list[float]:
        """
        The reward of each step of inputs (M, C): the mean over members, each normalised first.
        """
    def with_net(self, net: MLP) -> StateRewardModel:
        """
        This model with other weights; calibrate it anew.
        """
    @property
    def bias(self) -> list[float]:
        ...
    @property
    def config(self) -> StateRewardConfig:
        ...
    @property
    def gain(self) -> list[float]:
        ...
    @property
    def net(self) -> MLP:
        ...
class StateRewardFitConfig:
    """
    How a StateRewardModel is fitted to judgements.
    """
    fields: typing.ClassVar[list] = ['epochs', 'batch_size', 'optimizer', 'choice_likelihood', 'tie_parameter', 'ranking_likelihood', 'error_form', 'center_coef', 'bootstrap', 'held_out_share', 'ratio_low', 'ratio_high', 'decay_step', 'least_decay', 'most_decay', 'seed']
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
        judgements a step
        """
    @batch_size.setter
    def batch_size(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def bootstrap(self) -> bool:
        """
        each member of an ensemble weighs a judgement by how often a resample drew it
        """
    @bootstrap.setter
    def bootstrap(self, arg0: bool) -> None:
        ...
    @property
    def center_coef(self) -> float:
        ...
    @center_coef.setter
    def center_coef(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def choice_likelihood(self) -> str:
        """
        bradley_terry, rao_kupper or davidson
        """
    @choice_likelihood.setter
    def choice_likelihood(self, arg0: str) -> None:
        ...
    @property
    def decay_step(self) -> float:
        """
        by this factor
        """
    @decay_step.setter
    def decay_step(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def epochs(self) -> int:
        ...
    @epochs.setter
    def epochs(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def error_form(self) -> str:
        """
        what a choice's error_rate means: mixture, smoothing or unbiased
        """
    @error_form.setter
    def error_form(self, arg0: str) -> None:
        ...
    @property
    def held_out_share(self) -> float:
        """
        of judgements; above 0, the weight decay is adapted to their loss
        """
    @held_out_share.setter
    def held_out_share(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def least_decay(self) -> float:
        ...
    @least_decay.setter
    def least_decay(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def most_decay(self) -> float:
        ...
    @most_decay.setter
    def most_decay(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def optimizer(self) -> AdamWConfig:
        """
        an AdamWConfig; max_grad_norm would join the members of an ensemble, hence 0
        """
    @optimizer.setter
    def optimizer(self, arg0: AdamWConfig) -> None:
        ...
    @property
    def ranking_likelihood(self) -> str:
        """
        plackett_luce, all_pairs or best_of_n
        """
    @ranking_likelihood.setter
    def ranking_likelihood(self, arg0: str) -> None:
        ...
    @property
    def ratio_high(self) -> float:
        """
        and above which it rises
        """
    @ratio_high.setter
    def ratio_high(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def ratio_low(self) -> float:
        """
        held-out loss / training loss below which the decay falls
        """
    @ratio_low.setter
    def ratio_low(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def seed(self) -> int:
        ...
    @seed.setter
    def seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    @property
    def tie_parameter(self) -> float:
        """
        theta of rao_kupper, nu of davidson
        """
    @tie_parameter.setter
    def tie_parameter(self, arg0: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class BehaviourJudgements:
    """
    Judgements of behaviours, by number.
    """
    def __init__(self, first: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], second: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], probability: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], weight: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], error_rate: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], rankings: collections.abc.Sequence[collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]]] = [], ranking_weight: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = []) -> None:
        """
        Choices: first was preferred to second, with `probability` (default 1; 0.5: a tie), weight (1) and error rate of who judged (0). rankings: lists of tiers, best first.
        """
    def __len__(self) -> int:
        ...
class StateRewardEpoch:
    @property
    def held_out_loss(self) -> float:
        ...
    @property
    def loss(self) -> float:
        ...
    @property
    def weight_decay(self) -> float:
        ...
class StateRewardFit:
    @property
    def epochs(self) -> list[StateRewardEpoch]:
        ...
    @property
    def held_out(self) -> list[int]:
        """
        Numbers of judgements: choices, then rankings.
        """
class Scores:
    """
    What answers earned: for the whole, for their tokens, and from each part of the reward.
    """
    @property
    def parts(self) -> list[list[float]]:
        ...
    @property
    def sequence(self) -> list[float]:
        ...
    @property
    def tokens(self) -> list[list[float]]:
        ...
class Reward:
    """
    A reward function, or a weighted sum of several.
    """
    @staticmethod
    def native(address: typing.SupportsInt | typing.SupportsIndex) -> Reward:
        """
        A compiled function void(const tutelage::reward::NativeEpisodes*, double*), called without the GIL.
        """
    def __init__(self, function: typing.Any = None, per_token: bool = False, on_ids: bool = False) -> None:
        """
        function(prompts, responses); per_token: it returns a list a sample, one number a response token; on_ids: it is given ids, also where the trainer has a tokenizer. None: an empty sum.
        """
    def add(self, name: str, reward: typing.Any, weight: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Reward:
        """
        Adds a part to the sum.
        """
    @property
    def names(self) -> list[str]:
        ...
class PolicyStats:
    """
    One iteration of PPO, RLOO, GRPO or rejection sampling in numbers; docs/algorithms/metrics.md defines each.
    """
    def metrics(self) -> dict:
        ...
    @property
    def alarms(self) -> list[Alarm]:
        """
        All that train() has seen up to here.
        """
    @property
    def approx_kl(self) -> float:
        ...
    @property
    def clamped(self) -> float:
        ...
    @property
    def clip_fraction(self) -> float:
        ...
    @property
    def entropy(self) -> float:
        ...
    @property
    def explained_variance(self) -> float:
        ...
    @property
    def first_ratio_max(self) -> float:
        ...
    @property
    def first_ratio_min(self) -> float:
        ...
    @property
    def frac_ended(self) -> float:
        ...
    @property
    def frac_reward_zero_std(self) -> float:
        ...
    @property
    def grad_norm(self) -> float:
        ...
    @property
    def kl(self) -> float:
        ...
    @property
    def kl_coef(self) -> float:
        ...
    @property
    def kl_loss(self) -> float:
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
    def reward_std(self) -> float:
        ...
    @property
    def updates(self) -> float:
        ...
    @property
    def value_clip_fraction(self) -> float:
        ...
    @property
    def value_loss(self) -> float:
        ...
    @property
    def warnings(self) -> list[str]:
        """
        What looks wrong, with the likely cause; each once a trainer.
        """
class Rollout:
    """
    What is known of the answers of a step; flat over their tokens, answer i has [offsets[i], offsets[i + 1]).
    """
    @property
    def advantages(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
    @property
    def kl(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
    @property
    def kl_sums(self) -> list[float]:
        ...
    @property
    def offsets(self) -> list[int]:
        ...
    @property
    def old_logprobs(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
    @property
    def ref_logprobs(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
    @property
    def returns(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
    @property
    def rewards(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
    @property
    def scores(self) -> list[float]:
        ...
    @property
    def values(self) -> numpy.typing.NDArray[numpy.float32]:
        ...
class PolicyState:
    @staticmethod
    def load(folder: str) -> tuple[PolicyState, dict[str, str]]:
        """
        (the state as it was saved, the notes).
        """
    def save(self, folder: str, notes: collections.abc.Mapping[str, str] = {}) -> None:
        """
        Writes a checkpoint, whole or not at all; notes are the caller's own.
        """
    @property
    def iteration(self) -> int:
        ...
    @property
    def kl_coef(self) -> float | None:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class PPOState:
    @staticmethod
    def load(folder: str) -> tuple[PPOState, dict[str, str]]:
        """
        (the state as it was saved, the notes).
        """
    def save(self, folder: str, notes: collections.abc.Mapping[str, str] = {}) -> None:
        """
        Writes a checkpoint, whole or not at all; notes are the caller's own.
        """
    @property
    def iteration(self) -> int:
        ...
    @property
    def kl_coef(self) -> float | None:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class PPOTrainer:
    """
    PPO; the reference is the policy as given where none is. critic: a RewardModel that values start from.
    """
    def __init__(self, policy: Transformer | None = None, config: PPOConfig = ..., reference: Transformer | None = None, critic: RewardModel | None = None, tokenizer: Tokenizer | None = None, state: PPOState | None = None) -> None:
        ...
    def examine(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], token_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = []) -> Rollout:
        """
        What step() would learn from, as a Rollout. Changes nothing.
        """
    def generate(self, prompts: list, should_stop: typing.Any = None) -> list[Generation]:
        """
        Samples config.num_generations answers to each prompt: those to prompts[i] are results i * num_generations and on.
        """
    def score(self, prompts: list, responses: collections.abc.Sequence[Generation], reward: typing.Any) -> Scores:
        """
        What a reward gives these answers: Scores.
        """
    def state(self) -> PPOState:
        """
        Everything that decides the next iteration: give it to a new trainer as state=.
        """
    def step(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], rehearsal: collections.abc.Sequence[Example] = [], token_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = [], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PolicyStats:
        """
        Learns from the answers that generate() gave to the prompts and their scores.
        """
    def train(self, prompts: list, reward: typing.Any, iterations: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None, should_stop: typing.Any = None) -> PolicyStats:
        """
        generate, score, step. reward(prompts, responses), two lists a batch of token ids, or of texts where there is a tokenizer -> one number a sample; or a Reward, or a RewardModel.
        """
    @property
    def config(self) -> PPOConfig:
        ...
    @property
    def iteration(self) -> int:
        ...
    @property
    def kl_coef(self) -> float:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
    @property
    def value_head(self) -> tuple[Tensor, Tensor]:
        """
        Weight (1, C) and bias (1).
        """
class RLOOTrainer:
    """
    RLOO; the reference is the policy as given where none is.
    """
    def __init__(self, policy: Transformer | None = None, config: RLOOConfig = ..., reference: Transformer | None = None, tokenizer: Tokenizer | None = None, state: PolicyState | None = None) -> None:
        ...
    def examine(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], token_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = []) -> Rollout:
        """
        What step() would learn from, as a Rollout. Changes nothing.
        """
    def generate(self, prompts: list, should_stop: typing.Any = None) -> list[Generation]:
        """
        Samples config.num_generations answers to each prompt: those to prompts[i] are results i * num_generations and on.
        """
    def score(self, prompts: list, responses: collections.abc.Sequence[Generation], reward: typing.Any) -> Scores:
        """
        What a reward gives these answers: Scores.
        """
    def state(self) -> PolicyState:
        """
        Everything that decides the next iteration: give it to a new trainer as state=.
        """
    def step(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], token_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = [], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PolicyStats:
        """
        Learns from the answers that generate() gave to the prompts and their scores.
        """
    def train(self, prompts: list, reward: typing.Any, iterations: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None, should_stop: typing.Any = None) -> PolicyStats:
        """
        generate, score, step. reward(prompts, responses), two lists a batch of token ids, or of texts where there is a tokenizer -> one number a sample; or a Reward, or a RewardModel.
        """
    @property
    def config(self) -> RLOOConfig:
        ...
    @property
    def iteration(self) -> int:
        ...
    @property
    def kl_coef(self) -> float:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class GRPOTrainer:
    """
    GRPO; the reference is the policy as given where none is.
    """
    def __init__(self, policy: Transformer | None = None, config: GRPOConfig = ..., reference: Transformer | None = None, tokenizer: Tokenizer | None = None, state: PolicyState | None = None) -> None:
        ...
    def examine(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], token_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = []) -> Rollout:
        """
        What step() would learn from, as a Rollout. Changes nothing.
        """
    def generate(self, prompts: list, should_stop: typing.Any = None) -> list[Generation]:
        """
        Samples config.num_generations answers to each prompt: those to prompts[i] are results i * num_generations and on.
        """
    def score(self, prompts: list, responses: collections.abc.Sequence[Generation], reward: typing.Any) -> Scores:
        """
        What a reward gives these answers: Scores.
        """
    def state(self) -> PolicyState:
        """
        Everything that decides the next iteration: give it to a new trainer as state=.
        """
    def step(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], token_scores: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]] = [], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PolicyStats:
        """
        Learns from the answers that generate() gave to the prompts and their scores.
        """
    def train(self, prompts: list, reward: typing.Any, iterations: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None, should_stop: typing.Any = None) -> PolicyStats:
        """
        generate, score, step. reward(prompts, responses), two lists a batch of token ids, or of texts where there is a tokenizer -> one number a sample; or a Reward, or a RewardModel.
        """
    @property
    def config(self) -> GRPOConfig:
        ...
    @property
    def iteration(self) -> int:
        ...
    @property
    def kl_coef(self) -> float:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class RejectionTrainer:
    """
    Rejection sampling: fine-tuning on the best of num_generations answers.
    """
    def __init__(self, policy: Transformer | None = None, config: RejectionConfig = ..., tokenizer: Tokenizer | None = None, state: PolicyState | None = None) -> None:
        ...
    def generate(self, prompts: list, should_stop: typing.Any = None) -> list[Generation]:
        """
        Samples config.num_generations answers to each prompt: those to prompts[i] are results i * num_generations and on.
        """
    def score(self, prompts: list, responses: collections.abc.Sequence[Generation], reward: typing.Any) -> Scores:
        """
        What a reward gives these answers: Scores.
        """
    def state(self) -> PolicyState:
        """
        Everything that decides the next iteration: give it to a new trainer as state=.
        """
    def step(self, prompts: list, responses: collections.abc.Sequence[Generation], scores: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PolicyStats:
        """
        Learns the best answer to each prompt.
        """
    def train(self, prompts: list, reward: typing.Any, iterations: typing.SupportsInt | typing.SupportsIndex, progress: typing.Any = None, should_stop: typing.Any = None) -> PolicyStats:
        """
        generate, score, step. reward(prompts, responses), two lists a batch of token ids, or of texts where there is a tokenizer -> one number a sample; or a Reward, or a RewardModel.
        """
    @property
    def config(self) -> RejectionConfig:
        ...
    @property
    def iteration(self) -> int:
        ...
    @property
    def policy(self) -> Transformer:
        ...
class BestAnswer:
    """
    The best of several answers to a prompt; rank: its number among them.
    """
    @property
    def answer(self) -> Generation:
        ...
    @property
    def rank(self) -> int:
        ...
    @property
    def score(self) -> float:
        ...
class StepStats:
    def metrics(self) -> dict:
        ...
    @property
    def grad_norm(self) -> float:
        ...
    @property
    def loss(self) -> float:
        ...
class RewardStats:
    """
    One step of reward training in numbers, before it was taken.
    """
    def metrics(self) -> dict:
        ...
    @property
    def accuracy(self) -> float:
        ...
    @property
    def grad_norm(self) -> float:
        ...
    @property
    def loss(self) -> float:
        ...
    @property
    def margin(self) -> float:
        ...
    @property
    def mean_reward(self) -> float:
        ...
class PreferenceStats:
    """
    One step of DPO or KTO in numbers, before it was taken.
    """
    def metrics(self) -> dict:
        ...
    @property
    def grad_norm(self) -> float:
        ...
    @property
    def kl(self) -> float:
        ...
    @property
    def logps_chosen(self) -> float:
        ...
    @property
    def logps_rejected(self) -> float:
        ...
    @property
    def loss(self) -> float:
        ...
    @property
    def rewards_accuracies(self) -> float:
        ...
    @property
    def rewards_chosen(self) -> float:
        ...
    @property
    def rewards_margins(self) -> float:
        ...
    @property
    def rewards_rejected(self) -> float:
        ...
class SFTState:
    @staticmethod
    def load(folder: str) -> tuple[SFTState, dict[str, str]]:
        """
        (the state as it was saved, the notes).
        """
    def save(self, folder: str, notes: collections.abc.Mapping[str, str] = {}) -> None:
        """
        Writes a checkpoint, whole or not at all; notes are the caller's own.
        """
    @property
    def model(self) -> Transformer:
        ...
    @property
    def position(self) -> int:
        ...
class RewardState:
    @staticmethod
    def load(folder: str) -> tuple[RewardState, dict[str, str]]:
        """
        (the state as it was saved, the notes).
        """
    def save(self, folder: str, notes: collections.abc.Mapping[str, str] = {}) -> None:
        """
        Writes a checkpoint, whole or not at all; notes are the caller's own.
        """
    @property
    def model(self) -> RewardModel:
        ...
    @property
    def position(self) -> int:
        ...
class PreferenceState:
    @staticmethod
    def load(folder: str) -> tuple[PreferenceState, dict[str, str]]:
        """
        (the state as it was saved, the notes).
        """
    def save(self, folder: str, notes: collections.abc.Mapping[str, str] = {}) -> None:
        """
        Writes a checkpoint, whole or not at all; notes are the caller's own.
        """
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def position(self) -> int:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class SFTTrainer:
    """
    Supervised fine-tuning on answers only. Nothing to pack: a step's batch holds no padding.
    """
    def __init__(self, model: Transformer | None = None, config: SFTConfig = ..., state: SFTState | None = None) -> None:
        ...
    def evaluate(self, examples: collections.abc.Sequence[Example]) -> StepStats:
        """
        The same numbers; nothing is learnt.
        """
    def state(self) -> SFTState:
        """
        Everything that decides the next step: give it to a new trainer as state=.
        """
    def step(self, examples: collections.abc.Sequence[Example], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> StepStats:
        """
        One optimiser step.
        """
    def train(self, examples: collections.abc.Sequence[Example], progress: typing.Any = None, should_stop: typing.Any = None) -> StepStats:
        """
        config.epochs passes in seeded order; one that was stopped goes on where it was.
        """
    @property
    def config(self) -> SFTConfig:
        ...
    @property
    def model(self) -> Transformer:
        ...
class RewardTrainer:
    """
    A reward model from pairs; with an adapter in its trunk, the adapter and the head.
    """
    def __init__(self, model: RewardModel | None = None, config: RewardConfig = ..., state: RewardState | None = None) -> None:
        ...
    def evaluate(self, pairs: collections.abc.Sequence[Pair]) -> RewardStats:
        """
        The same numbers; nothing is learnt.
        """
    def state(self) -> RewardState:
        """
        Everything that decides the next step: give it to a new trainer as state=.
        """
    def step(self, pairs: collections.abc.Sequence[Pair], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> RewardStats:
        """
        One optimiser step.
        """
    def train(self, pairs: collections.abc.Sequence[Pair], progress: typing.Any = None, should_stop: typing.Any = None) -> RewardStats:
        """
        config.epochs passes in seeded order; one that was stopped goes on where it was.
        """
    @property
    def config(self) -> RewardConfig:
        ...
    @property
    def model(self) -> RewardModel:
        ...
class Preference:
    """
    Two answers to one prompt, as token ids.
    """
    def __init__(self, prompt: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], chosen: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], rejected: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
    @property
    def chosen(self) -> list[int]:
        ...
    @property
    def prompt(self) -> list[int]:
        ...
    @property
    def rejected(self) -> list[int]:
        ...
class Labelled:
    """
    One answer to a prompt, desirable or not.
    """
    def __init__(self, prompt: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], completion: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], label: bool) -> None:
        ...
    @property
    def completion(self) -> list[int]:
        ...
    @property
    def label(self) -> bool:
        ...
    @property
    def prompt(self) -> list[int]:
        ...
class DPOTrainer:
    """
    Direct preference optimisation; the reference is the policy as given.
    """
    def __init__(self, policy: Transformer | None = None, config: DPOConfig = ..., reference: Transformer | None = None, state: PreferenceState | None = None) -> None:
        ...
    def evaluate(self, pairs: collections.abc.Sequence[Preference]) -> PreferenceStats:
        """
        The same numbers; nothing is learnt.
        """
    def state(self) -> PreferenceState:
        """
        Everything that decides the next step: give it to a new trainer as state=.
        """
    def step(self, pairs: collections.abc.Sequence[Preference], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PreferenceStats:
        """
        One optimiser step.
        """
    def train(self, pairs: collections.abc.Sequence[Preference], progress: typing.Any = None, should_stop: typing.Any = None) -> PreferenceStats:
        """
        config.epochs passes in seeded order; one that was stopped goes on where it was.
        """
    @property
    def config(self) -> DPOConfig:
        ...
    @property
    def policy(self) -> Transformer:
        ...
    @property
    def reference(self) -> Transformer:
        ...
class KTOTrainer:
    """
    Kahneman-Tversky optimisation; two answers or more a step.
    """
    def __init__(self, policy: Transformer | None = None, config: KTOConfig = ..., reference: Transformer | None = None, state: PreferenceState | None = None) -> None:
        ...
    def evaluate(self, answers: collections.abc.Sequence[Labelled]) -> PreferenceStats:
        """
        The same numbers; nothing is learnt.
        """
    def state(self) -> PreferenceState:
        """
        Everything that decides the next step: give it to a new trainer as state=.
        """
    def step(self, answers: collections.abc.Sequence[Labelled], lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> PreferenceStats:
        """
        One optimiser step.
        """
    def train(self, answers: collections.abc.Sequence[Labelled], progress: typing.Any = None, should_stop: typing.Any = None) -> PreferenceStats:
        """
        config.epochs passes in seeded order; one that was stopped goes on where it was.
        """
    @property
    def config(self) -> KTOConfig:
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
    def alarms(self) -> list[Alarm]:
        """
        What speaks against this update.
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
    def ppo(self) -> PolicyStats:
        ...
    @property
    def ppo_seconds(self) -> float:
        ...
    @property
    def reliability(self) -> dict[str, float]:
        """
        By annotator: the chance that his word is honest; empty where all counted alike.
        """
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
    def member_scores(self, questions: collections.abc.Sequence[str], answers: collections.abc.Sequence[str]) -> list[list[float]]:
        """
        Each reward model's score of each answer: (models, answers); none before there are any.
        """
    def model(self) -> ChatModel:
        """
        The chatbot as it is now, to be saved: an adapter is merged.
        """
    def sample(self, questions: collections.abc.Sequence[str], sample: typing.SupportsInt | typing.SupportsIndex = 0, temperature: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> list:
        """
        One sampled answer a question. temperature 0: the configuration's.
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
def _hf_parameters(model_type: str, config: TransformerConfig) -> list[_HfParameter]:
    ...
def _nearest(word: str, known: collections.abc.Sequence[str]) -> str:
    """
    The nearest of `known` by edit distance, or an empty text.
    """
def adamw_step(params: collections.abc.Sequence[Tensor], grads: collections.abc.Sequence[Tensor], state: AdamWState, config: AdamWConfig, lr_factor: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tuple[list[Tensor], float]:
    """
    One step. Returns (new parameters, gradient norm before clipping).
    """
def ask(judge: collections.abc.Callable[[Judgement], Judgement], question: Judgement, log: JudgementLog = None, seed: typing.SupportsInt | typing.SupportsIndex = 0, number: typing.SupportsInt | typing.SupportsIndex = 0) -> Judgement:
    """
    The judge's answer to a question (a Judgement whose kind is skip), kept in `log`; a coin by (seed, number) decides the order shown.
    """
def best_of_n(policy: Transformer, prompts: list, reward: typing.Any, config: RejectionConfig = ..., tokenizer: Tokenizer | None = None) -> list[BestAnswer]:
    """
    Samples config.num_generations answers to each prompt and keeps the one with the highest score.
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
def fit_linear_reward(rows: SparseRows, pairs: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]], config: LinearRewardConfig = ..., probabilities: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], error_rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [], progress: typing.Any = None, should_stop: typing.Any = None) -> LinearRewardFit:
    """
    The Bradley-Terry minimum on features: pairs of row numbers; of each, the probability that the first is the better one (1), its weight (1) and the error rate of who judged (0).
    """
def fit_state_reward(model: StateRewardModel, behaviours: Behaviours, judgements: BehaviourJudgements, config: StateRewardFitConfig = ..., progress: typing.Any = None, should_stop: typing.Any = None) -> StateRewardFit:
    """
    Fits `model`, in place, to judgements of behaviours, all members in one batched pass; then calibrates it.
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
def load_checkpoint(folder: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """
    The tensors and notes of a checkpoint, which is whole or an IoError.
    """
def load_model(path: str) -> ChatModel:
    ...
def load_pretrained(path: str) -> Pretrained:
    ...
def ngram_features(texts: collections.abc.Sequence[str], config: NgramConfig = ...) -> SparseRows:
    """
    One row a text: 1 + log(count) of each run of words and of letters.
    """
def num_threads() -> int:
    ...
def own_answers(model: ChatModel, questions: collections.abc.Sequence[str], max_new_tokens: typing.SupportsInt | typing.SupportsIndex = 32, progress: typing.Any = None, should_stop: typing.Any = None) -> list:
    """
    What a model answers to these questions, greedily; longer answers are cut. To be rehearsed while it is taught something else.
    """
def pair_accuracy(ensemble: RewardEnsemble, pairs: collections.abc.Sequence[Pair]) -> float:
    """
    Share of pairs whose chosen sequence scores higher; equal scores count one half.
    """
def peak_memory() -> int:
    """
    Most bytes that tensors held at once.
    """
def prompt_places(n: typing.SupportsInt | typing.SupportsIndex, batch_size: typing.SupportsInt | typing.SupportsIndex, iteration: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex) -> list[int]:
    """
    Which of n prompts an iteration asks: batch_size of them, one run after the other through seeded orders of all; 0: all, as given.
    """
def question_schedule(name: str, budget: typing.SupportsInt | typing.SupportsIndex, rounds: typing.SupportsInt | typing.SupportsIndex, first_share: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> list[int]:
    """
    How many questions to ask in each round, `budget` in all, exactly: constant, hyperbolic or inverse_quadratic.
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
def reward_report(probabilities: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], outcomes: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], first_lengths: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], second_lengths: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], annotators: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] = [], bins: typing.SupportsInt | typing.SupportsIndex = 10) -> RewardReport:
    """
    Accuracy, loss, accuracy by confidence, calibration error, the length rule and annotators' reliability on judgements not fitted to.
    """
def save_checkpoint(folder: str, tensors: collections.abc.Mapping[str, Tensor], notes: collections.abc.Mapping[str, str] = {}) -> None:
    """
    Writes a folder with checksums, whole or not at all.
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
def shuffled(n: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, number: typing.SupportsInt | typing.SupportsIndex) -> list[int]:
    """
    The order in which trainers take n items in pass `number` over them.
    """
def state_reward_loss(model: StateRewardModel, behaviours: Behaviours, judgements: BehaviourJudgements, config: StateRewardFitConfig = ...) -> float:
    """
    Mean loss of judgements under the model, over members.
    """
def step_inputs(states: Tensor, actions: Tensor = ..., next_states: Tensor = ..., dones: Tensor = ..., state: bool = True, action: bool = True, next_state: bool = False, done: bool = False) -> Tensor:
    """
    The inputs of steps: of states (M, S), actions (M, A), next_states (M, S) and dones (M) those asked for, side by side in this order.
    """
def text_features(trunk: Transformer, texts: collections.abc.Sequence[collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]], config: FeatureConfig = ...) -> Tensor:
    """
    One row a text (a list of token ids), (texts, layers * C), to be computed once and kept.
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
