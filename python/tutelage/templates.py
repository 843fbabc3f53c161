"""Chat templates in Jinja, as models carry them: rendered in a sandbox, with limits on their steps and on what they write.

A template may be anybody's. It sees plain data only, its loops are counted, and what it makes is measured before it is made; what goes beyond
is a ValueError. What a turn says is never read as a special token.
"""

import datetime
import functools
import json
import re
import sys

from ._core import Example, ValueError, chat_template_names, end_of_answer

STEPS = 60_000  # lines of Python that a template may run, plus
STEPS_A_MESSAGE = 2_000
STEPS_A_CHARACTER = 20
SIZE = 1 << 20  # characters that a text may have, plus
SIZE_A_CHARACTER = 8
WIDTH = 100_000  # the largest number that a method or filter is given
LONGEST_TEMPLATE = 1 << 17


def _refuse(what, got="it", expected="a template within limits"):
    raise ValueError(f"apply_chat_template: {what}: got {got}, expected {expected}.")


def _size_of(x):
    return len(x) if isinstance(x, (str, bytes, list, tuple)) else 0


def _no_widths(form):
    """Refuses a format that asks for long runs of filling, or takes their length from its arguments."""
    if re.search(r"\d{5}|\*|\{[^}]*\{", form):
        _refuse("format asks for a width", repr(form[:80]), "fewer than 5 digits")


def _guarded(name, function, skip):
    """The filter or method with its numbers checked; `skip` arguments come first that are no settings."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        for x in [*args[skip:], *kwargs.values()]:
            if isinstance(x, (int, float)) and not isinstance(x, bool) and abs(x) > WIDTH:
                _refuse(f"number given to {name} is too large", x, f"at most {WIDTH}")
        return function(*args, **kwargs)

    return call


@functools.lru_cache(1)
def _environment_class():
    try:
        import jinja2
        from jinja2 import ext, nodes, sandbox
    except ImportError:
        raise ImportError("apply_chat_template: a template in Jinja needs jinja2: pip install 'tutelage[hf]'") from None

    class Generation(ext.Extension):
        """{% generation %}...{% endgeneration %}: what the assistant writes, put between two marks."""

        tags = {"generation"}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            return nodes.CallBlock(self.call_method("_mark"), [], [], body).set_lineno(line)

        def _mark(self, caller):
            begin, end = self.environment.marks
            return begin + caller() + end

    class Environment(sandbox.ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset(["+", "*", "**", "%"])
        largest = SIZE
        marks = ("", "")

        def call_binop(self, context, operator, left, right):
            size = 0
            if operator == "+":
                size = _size_of(left) + _size_of(right)
            elif operator == "*" and _size_of(left) + _size_of(right):
                size = max(_size_of(left) * right if isinstance(right, int) else 0, _size_of(right) * left if isinstance(left, int) else 0)
            elif operator == "*" and isinstance(left, int) and isinstance(right, int):
                size = left.bit_length() + right.bit_length()
            elif operator == "**" and isinstance(left, int) and isinstance(right, int):
                size = left.bit_length() * abs(right)
            elif operator == "%" and isinstance(left, str):
                _no_widths(left)
            if size > self.largest:
                _refuse(f"result of {operator} is too large", size, f"at most {self.largest}")
            return super().call_binop(context, operator, left, right)

        def wrap_str_format(self, value):
            wrapped = super().wrap_str_format(value)
            if wrapped is not None:
                _no_widths(value.__self__)
            return wrapped

        def call(self, context, function, *args, **kwargs):
            owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "a function")
            if isinstance(owner, (str, list, tuple, dict, int)):
                if name == "replace" and len(args) > 1 and isinstance(args[0], str) and isinstance(args[1], str):
                    if owner.count(args[0]) * len(args[1]) > self.largest:
                        _refuse("result of replace is too large", "more", f"at most {self.largest}")
                function = _guarded(name, function, 0)
            return super().call(context, function, *args, **kwargs)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        if isinstance(indent, str) and len(indent) > 100 or isinstance(indent, int) and indent > 100:
            _refuse("indent of tojson is too large", "more", "at most 100")
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def format_filter(value, *args, **kwargs):
        _no_widths(str(value))
        return str(value) % (kwargs or args)

    def make(marks):
        env = Environment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, ext.loopcontrols])
        env.marks = marks
        del env.globals["lipsum"]
        env.filters = {name: _guarded(name, f, _first(f)) for name, f in env.filters.items()}
        env.filters["format"] = format_filter
        env.filters["tojson"] = tojson
        env.globals["raise_exception"] = raise_exception
        env.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form[:200])
        return env

    def _first(f):
        """How many arguments of a filter come before its settings: the value, and what Jinja hands it."""
        return 2 if hasattr(f, "jinja_pass_arg") else 1

    return make, jinja2.exceptions.TemplateError


@functools.lru_cache(32)
def _compiled(template, marks):
    if len(template) > LONGEST_TEMPLATE:
        _refuse("template is too long", f"{len(template)} characters", f"at most {LONGEST_TEMPLATE}")
    make, _ = _environment_class()
    return make(marks).from_string(template)


class _Watch:
    """Counts the lines that Python runs, and measures what its functions return."""

    def __init__(self, steps, size):
        self.left, self.size = steps, size

    def __call__(self, frame, event, arg):
        self.left -= 1
        if self.left < 0:
            _refuse("template runs too long", "more steps", "fewer loops")
        if event == "return" and isinstance(arg, str) and len(arg) > self.size:
            _refuse("template writes too much", f"{len(arg)} characters", f"at most {self.size}")
        return self


def _plain(x, where="messages", depth=0):
    """Plain data, and how many characters it has."""
    if depth > 32:
        _refuse(f"{where} is nested too deep", f"{depth} levels", "at most 32")
    if isinstance(x, str):
        return str(x), len(x)
    if x is None or isinstance(x, (bool, int, float)):
        return x, 8
    if isinstance(x, dict):
        pairs = [(str(k), _plain(v, f"{where}.{k}", depth + 1)) for k, v in x.items()]
        return {k: v for k, (v, _) in pairs}, sum(len(k) + n for k, (_, n) in pairs)
    if isinstance(x, (list, tuple)):
        parts = [_plain(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(x)]
        return [v for v, _ in parts], sum(n for _, n in parts)
    _refuse(f"{where} is no plain data", type(x).__name__, "texts, numbers, lists and dicts")


def _map_texts(x, f):
    if isinstance(x, str):
        return f(x)
    if isinstance(x, dict):
        return {k: _map_texts(v, f) for k, v in x.items()}
    return [_map_texts(v, f) for v in x] if isinstance(x, list) else x


def _unmarked(text, marks):
    """The text without its four marks, and the spans in bytes that they open and close: generated, plain."""
    parts, spans, open_at, at = [], ([], []), [None, None], 0
    for part in re.split("([" + "".join(marks) + "])", text):
        if part and part in marks:
            which, closes = divmod(marks.index(part), 2)
            if not closes:
                open_at[which] = at
            elif open_at[which] is not None:
                spans[which].append((open_at[which], at))
                open_at[which] = None
        else:
            parts.append(part)
            at += len(part.encode())
    return "".join(parts), *spans


def render(template, messages, add_generation_prompt=False, special_tokens=(), **variables):
    """The conversation as text, the spans that {% generation %} marks, and those in which a turn says a special token; in bytes of UTF-8."""
    if not messages:
        _refuse("no message", 0, "at least one")
    messages, size = _plain(messages)
    for i, m in enumerate(messages):
        if not isinstance(m, dict) or not isinstance(m.get("role"), str):
            _refuse(f"messages[{i}] has no role", m, "a dict with role and content")
    messages = [{k: v for k, v in m.items() if v is not None} for m in messages]
    variables, more = _plain(variables, "variables")
    size += more
    seen = template + json.dumps([messages, variables], ensure_ascii=False)
    marks = tuple([c for c in map(chr, range(0xF0000, 0xF0100)) if c not in seen][:4])
    if len(marks) < 4:
        _refuse("texts use the whole private plane", "U+F0000 to U+F00FF", "some of it left")
    if special_tokens:
        special = re.compile("|".join(map(re.escape, sorted(special_tokens, key=len, reverse=True))))
        messages = _map_texts(messages, lambda s: special.sub(lambda m: marks[2] + m[0] + marks[3], s))
        for name in ("tools", "documents"):
            if name in variables:
                variables[name] = _map_texts(variables[name], lambda s: special.sub(lambda m: marks[2] + m[0] + marks[3], s))
    _, error = _environment_class()
    values = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": bool(add_generation_prompt), **variables}
    largest = SIZE + SIZE_A_CHARACTER * size
    before = sys.gettrace()
    try:
        compiled = _compiled(template, marks[:2])
        compiled.environment.largest = largest
        parts, written = [], 0
        sys.settrace(_Watch(STEPS + STEPS_A_MESSAGE * len(messages) + STEPS_A_CHARACTER * size, largest))
        try:
            for part in compiled.generate(**values):
                written += len(part)
                if written > largest:
                    _refuse("template writes too much", f"{written} characters", f"at most {largest}")
                parts.append(part)
        finally:
            sys.settrace(before)
    except ValueError:
        raise
    except RecursionError:
        _refuse("template calls itself without end")
    except MemoryError:
        _refuse("template takes too much memory")
    except error as e:
        raise ValueError(f"apply_chat_template: template failed: {type(e).__name__}: {e}") from None
    except Exception as e:  # what the template's own operations raise
        raise ValueError(f"apply_chat_template: template failed: {type(e).__name__}: {e}") from e
    return _unmarked("".join(parts), marks)


def _special_variables(tokenizer):
    config = tokenizer.config
    names = ("bos_token", "eos_token", "unk_token", "pad_token")
    return {name: getattr(config, name) for name in names if getattr(config, name)}


def apply(tokenizer, messages, add_generation_prompt=False, tokenize=True, **variables):
    """The conversation by the tokenizer's Jinja template, as ids or as text."""
    variables = {**_special_variables(tokenizer), **variables}
    text, _, plain = render(tokenizer.config.jinja, messages, add_generation_prompt, tokenizer.special_tokens, **variables)
    return tokenizer.encode_marked(text, plain)[0] if tokenize else text


def example(tokenizer, messages, **variables):
    """Ids and mask; the template must mark what the assistant writes."""
    template = tokenizer.config.jinja
    if not re.search(r"\{%[-+]?\s*generation\b", template):
        _refuse("template marks no answers", "no generation block", "{% generation %} around what the assistant writes")
    variables = {**_special_variables(tokenizer), **variables}
    text, answers, plain = render(template, messages, False, tokenizer.special_tokens, **variables)
    ids, first, last = tokenizer.encode_marked(text, plain)
    mask, k = [], 0
    for a, b in zip(first, last):
        while k < len(answers) and answers[k][1] <= a:
            k += 1
        mask.append(int(k < len(answers) and b >= answers[k][0] and answers[k][0] < answers[k][1]))
    return Example(ids, mask)


_PROBES = [
    [("user", "Hi")],
    [("system", "Be kind."), ("user", "What is 2 + 2?")],
    [("user", " a\n"), ("assistant", "Four. "), ("user", "Sure?"), ("assistant", "Yes")],
    [("system", "S"), ("user", "u"), ("assistant", "v"), ("user", "w")],
]


def find_built_in(tokenizer):
    """The built-in template that writes what the tokenizer's Jinja template writes, as a config with its default system turn; None: there is none.

    A built-in template renders in C++, so that the trainers can use it, and marks the answers whatever the Jinja text says.
    """
    if tokenizer.config.chat_template != "jinja":
        return tokenizer.config
    import copy

    def written(t, probe, prompt):
        return t.apply_chat_template([{"role": r, "content": c} for r, c in probe], add_generation_prompt=prompt, tokenize=False)

    try:
        first = written(tokenizer, _PROBES[0], False)
    except ValueError:
        return None
    found = re.search(r"<\|im_start\|>system\n(.*?)<\|im_end\|>", first, re.S)
    for name in chat_template_names():
        t = copy.copy(tokenizer)
        t.config.chat_template, t.config.default_system = name, found[1] if found else ""
        try:
            end_of_answer(t)
            if all(written(t, probe, prompt) == written(tokenizer, probe, prompt) for probe in _PROBES for prompt in (False, True)):
                return t.config
        except ValueError:
            continue
    return None
