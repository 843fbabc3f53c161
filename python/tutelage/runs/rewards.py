"""Rewards of answers: Python functions and reward models, weighed and added; every part is kept, and what goes wrong is named."""

import hashlib
import inspect
import math
import os
import threading
import types

from .. import _core
from .._outside import did_you_mean, load_function
from .folder import digest, model_digest

UNKNOWN = "unknown"  # the identity of a callable that has no code to look at, nor a file


class Batch:
    """What is judged: texts, ids, and the other columns of the prompts' rows, one of each an answer."""

    def __init__(self, prompts, completions, prompt_ids, completion_ids, columns):
        self.columns = {**columns, "prompts": prompts, "completions": completions, "prompt_ids": prompt_ids, "completion_ids": completion_ids}
        self.size = len(completions)


def identity_of(function):
    """What tells a function from another: SHA-256 of its code, with its constants and inner functions. UNKNOWN for a callable without code.

    What a closure holds, defaults and other functions that it calls are not seen.
    """

    def constant(value):
        if isinstance(value, types.CodeType):
            return of(value)
        if isinstance(value, tuple):
            return [constant(v) for v in value]
        return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)

    def of(code):
        return [code.co_code.hex(), code.co_names, code.co_varnames, constant(code.co_consts)]

    code = getattr(function, "__code__", None)
    return digest(of(code)) if isinstance(code, types.CodeType) else UNKNOWN


def identity_of_model(model):
    """SHA-256 of a reward model: all that its scores depend on."""
    head = [model.head_weight.numpy().tobytes().hex(), model.head_bias.numpy().tobytes().hex()]
    return digest([model_digest(model.trunk), *head, repr(model.gain), repr(model.bias)])


class FunctionPart:
    """A function of TRL's shape, f(prompts, completions, **columns) -> one number an answer. It is given the arguments that it names."""

    def __init__(self, function, weight=1.0, name=None, source=None):
        self.function, self.weight = function, weight
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.identity = source or identity_of(function)
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            parameters = []
        self._all = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self._needed = [p.name for p in parameters if p.default is p.empty and p.name in self.names]

    def __call__(self, batch):
        for name in self._needed:
            if name not in batch.columns:
                raise _core.ValueError(
                    f"reward {self.name}: it wants a column that is not there: got {name}, expected one of {', '.join(sorted(batch.columns))}."
                    + did_you_mean(name, batch.columns)
                )
        given = batch.columns if self._all else {k: v for k, v in batch.columns.items() if k in self.names}
        return self.function(**given)


class ModelPart:
    """A trained reward model, on the ids of prompt and answer. Its tokenizer must be the policy's."""

    def __init__(self, model, weight=1.0, name="reward model", tokenizer=None):
        self.model, self.weight, self.name, self.tokenizer = model, weight, name, tokenizer
        self.identity = identity_of_model(model)

    def __call__(self, batch):
        return self.model.score([p + c for p, c in zip(batch.columns["prompt_ids"], batch.columns["completion_ids"])])


def part(spec, weight=1.0):
    """A part from a callable, a RewardModel, a run's folder of a reward model, or FILE.py:function. Raises ConfigError, IoError."""
    if isinstance(spec, (FunctionPart, ModelPart)):
        return spec
    if isinstance(spec, dict):
        for key in spec:
            if key not in ("reward", "weight"):
                raise _core.ConfigError(f"reward: unknown argument: got {key}, expected reward and weight.")
        return part(spec.get("reward"), float(spec.get("weight", 1.0)))
    if isinstance(spec, _core.RewardModel):
        return ModelPart(spec, weight)
    if callable(spec):
        return FunctionPart(spec, weight)
    spec = os.fspath(spec) if spec else ""
    if os.path.isdir(spec):
        from .start import load_reward_model

        model, tokenizer = load_reward_model(spec)
        return ModelPart(model, weight, os.path.basename(os.path.normpath(spec)), tokenizer)
    function, name, module = load_function(spec, "reward", "FILE.py:function or the folder of a reward model", "score(prompts, completions)")
    with open(module.__file__, "rb") as file:
        return FunctionPart(function, weight, name, f"{hashlib.sha256(file.read()).hexdigest()}:{name}")


class Rewards:
    """The weighted sum of parts, checked: `rewards(batch)` gives (sums, {part: its numbers})."""

    def __init__(self, specs, timeout=0.0):
        specs = specs if isinstance(specs, (list, tuple)) else [specs]
        self.parts = [part(s) for s in specs]
        if not self.parts:
            raise _core.ConfigError("reward: none is given: got 0, expected at least one.")
        taken = set()
        for p in self.parts:  # two of one name stay apart in the files
            base, number = p.name, 2
            while p.name in taken:
                p.name, number = f"{base} {number}", number + 1
            taken.add(p.name)
        self.timeout = timeout

    @property
    def identities(self):
        return [{"name": p.name, "weight": p.weight, "identity": p.identity} for p in self.parts]

    def __call__(self, batch):
        parts = {p.name: self._checked(p, batch) for p in self.parts}
        sums = [math.fsum(p.weight * parts[p.name][i] for p in self.parts) for i in range(batch.size)]
        return sums, parts

    def _checked(self, p, batch):
        try:
            given = self._timed(p, batch)
            scores = [float(x) for x in given]
        except (_core.Error, KeyboardInterrupt):
            raise
        except Exception as error:
            raise _core.ValueError(
                f"reward {p.name}: it failed: got {type(error).__name__}: {error}, expected one number for each of {batch.size} answers."
            ) from error
        if len(scores) != batch.size:
            raise _core.ShapeError(f"reward {p.name}: not one number an answer: got {len(scores)}, expected {batch.size}.")
        for i, x in enumerate(scores):
            if not math.isfinite(x):
                raise _core.ValueError(
                    f"reward {p.name}: sample {i} is not finite: got {x} for {batch.columns['completions'][i]!r:.80}, expected a finite number."
                )
        return scores

    def _timed(self, p, batch):
        if not self.timeout:
            return p(batch)
        result = []

        def call():
            try:
                result.append((p(batch), None))
            except BaseException as error:
                result.append((None, error))

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(self.timeout)
        if not result:
            raise _core.StateError(f"reward {p.name}: too slow: got no answer in {self.timeout:g} s, expected one. Raise reward_timeout, or make it faster.")
        value, error = result[0]
        if error is not None:
            raise error
        return value

