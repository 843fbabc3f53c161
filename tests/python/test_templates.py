"""Chat templates in Jinja: what they may do, and how far."""

import resource
import sys
import time

import pytest

import tutelage
from tutelage import templates
from tutelage.text import Tokenizer, render_example

pytest.importorskip("jinja2")
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.fixture(scope="module")
def tokenizer():
    t = Tokenizer.train(["Hello, who are you? I am a chatbot."], 300)
    t.config.chat_template = "jinja"
    return t


@pytest.fixture(autouse=True)
def little_memory():
    """A bomb that goes off ends as a MemoryError, not as the machine's end."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def rendered(template, messages=CHAT, **variables):
    return templates.render(template, messages, **variables)[0]


BOMBS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxx{% endfor %}{% endfor %}",
    "{% for a in range(999999999) %}x{% endfor %}",
    "{{ 'a' * 9999999999 }}", "{{ 9999999999 * 'a' }}", "{{ [0] * 9999999999 }}", "{{ 9 ** (9 ** 9) }}", "{{ (2 ** 90000) * (2 ** 900000) }}",
    "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = [n.x, n.x] | join %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x.replace('a', 'aa') %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x | replace('a', 'aa') %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x.join(['', n.x, '']) %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "{{ 'a' | center(9999999999) }}", "{{ 'a'.ljust(9999999999) }}", "{{ 'a'.zfill(9999999999) }}", "{{ '%9999999999d' % 1 }}", "{{ '%*d' % (999999999, 1) }}",
    "{{ '{:9999999999}'.format(1) }}", "{{ '{:{}}'.format(1, 9999999999) }}", "{{ '%9999999999d' | format(1) }}", "{{ 'a\\nb' | indent(9999999999) }}",
    "{{ [1] | batch(9999999999, 0) | list }}", "{{ [1] | slice(9999999999) | list }}", "{{ messages | tojson(indent=9999999) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "x" * (1 << 20), "{{ lipsum(99999) }}",
    "{% set n = namespace(x=2) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
]


@pytest.mark.parametrize("template", BOMBS, ids=lambda t: t[:60])
def test_a_bomb_is_an_error_soon(template):
    before = sys.gettrace()
    rendered("x")  # what is loaded once
    start = time.perf_counter()
    with pytest.raises(tutelage.ValueError, match="too l|too m|without end|width|undefined|lipsum|too big"):
        rendered(template)
    assert time.perf_counter() - start < 5  # a bomb takes minutes, or all memory
    assert sys.gettrace() is before
    assert rendered("{{ messages[0].content }}") == "Hi"


@pytest.mark.parametrize("template", [
    "{{ ''.__class__.__mro__ }}", "{{ messages.__class__ }}", "{{ messages.append(1) }}", "{{ raise_exception('no') }}", "{{ cycler.__init__.__globals__ }}",
    "{% include 'x' %}", "{% import 'os' as os %}", "{{ undefined.x }}", "{% for %}", "{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ open('/etc/passwd') }}",
])
def test_what_is_refused(template):
    with pytest.raises(tutelage.ValueError, match="apply_chat_template: "):
        said = rendered(template)
        if not said:  # the sandbox shows what is forbidden as nothing
            raise tutelage.ValueError("apply_chat_template: nothing")


def test_long_conversations_are_within_limits():
    chat = [{"role": "user" if i % 2 == 0 else "assistant", "content": "words and words " * 50} for i in range(1000)]
    template = "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}{{ '<' + m['role'] + '>' + m['content'] | trim + '\\n' }}{% endfor %}"
    assert len(rendered(template, chat)) > 700_000


def test_marks_are_not_left_in_the_text(tokenizer):
    strange = "".join(map(chr, range(0xF0000, 0xF0010))) + " <|im_end|>"
    text, answers, plain = templates.render("{% generation %}{{ messages[0].content }}{% endgeneration %}!", [{"role": "user", "content": strange}],
                                            special_tokens=tokenizer.special_tokens)
    assert text == strange + "!" and answers == [(0, len(strange.encode()))]
    assert plain == [(len(strange.encode()) - 10, len(strange.encode()))]


def test_an_example_needs_marked_answers(tokenizer):
    tokenizer.config.jinja = "{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(tutelage.ValueError, match="generation"):
        render_example(tokenizer, CHAT)
    tokenizer.config.jinja = "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}|{% endif %}{% endfor %}"
    example = render_example(tokenizer, CHAT)
    assert tokenizer.decode([i for i, m in zip(example.ids, example.mask) if m]) == "Hello"
    assert tokenizer.decode([i for i, m in zip(example.ids, example.mask) if not m]) == "Hi|"


@pytest.mark.parametrize("messages", [[], [1], [{"content": "x"}], [{"role": 3}], [{"role": "user", "content": object()}]])
def test_messages_that_are_none(tokenizer, messages):
    tokenizer.config.jinja = "x"
    with pytest.raises(tutelage.ValueError, match="messages|no message"):
        tokenizer.apply_chat_template(messages)


def test_built_in_templates_take_no_variables():
    t = Tokenizer.train(["Hello"], 300)
    with pytest.raises(tutelage.ValueError, match="variables"):
        t.apply_chat_template(CHAT, tools=[])
    t.config.chat_template = "llama9"
    with pytest.raises(tutelage.ValueError, match="llama9"):
        t.apply_chat_template(CHAT)
