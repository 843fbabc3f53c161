"""A tokenizer.json that tutelage saved, read by Hugging Face's `tokenizers`: the same ids, the same text, in both directions."""

import numpy as np
import pytest
from tokenizers import Tokenizer as Theirs

from tutelage import io, nn
from tutelage.cli import demo
from tutelage.text import Tokenizer

TEXTS = [message["content"] for conversation in demo.shipped_conversations() for message in conversation]
TEXTS += ["Größe, Straße", "Привет, как дела?", "你好,你叫什么名字?", "def add(a, b):\n    return a + b\n\n\n", "1 12 123 1,000,000",
          "aaaaaaaa aaaa", "🙂🙂 ok"]
ODD = [
    "", " ", "   ", "\n\n\n", "\t \n ", " a", "a ", "   a  b   c   ", "\u00a0a\u00a0\u00a0b\u3000 c", "\r\n\r\nx\r",
    "Who are you? I'm a chatbot.", "who ARE yOu", "don't WON'T we'll I'M 're 've 'x '", "''''s 's 't''t", "x 's y'",
    "12345678901234567890", "½ ⅷ ² ٣٤٥ x²", "...!?;:--__", "(((a)))[[b]]{{c}}", "naïve café, Ελλάδα, 東京",
    "안녕하세요 مرحبا שלום नमस्ते ไทย", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301 n\u0303 \u0301", "\u200b\u200d\ufeff x \u2028 y \u0085 z",
    "\x00\x01\x7f \x1b[0m", "𝔘𝔫𝔦 𐍈 𠀀", "\ufffd\uffff\U0010ffff", "a" * 99 + " " * 20 + "b" * 30,
    "<|im_start|>user\nHi<|im_end|>\n", "<|endoftext|>", "<|im_start <|im_end|", "a <|im_end|> b<|im_end|><|im_end|>",
    "<|<|im_end|>|>",
]
RANGES = [(32, 127), (0, 0x250), (0x300, 0x370), (0x370, 0x800), (0x2000, 0x2100), (0x3000, 0x9fff), (0x1f300, 0x1fb00)]


def random_text(seed):
    """Words of letters of one script, with what may stand between words."""
    rng = np.random.default_rng(seed)
    words = []
    for _ in range(rng.integers(1, 12)):
        words.append("".join(chr(c) for c in rng.integers(*RANGES[rng.integers(len(RANGES))], rng.integers(0, 6))))
        words.append(rng.choice(["", " ", "  ", "\n", "'s", "'", "\u00a0", "7", "<|im_end|>", "."]))
    return "".join(words)


STRINGS = ODD + [random_text(seed) for seed in range(300)]


@pytest.fixture(scope="module")
def ours():
    return Tokenizer.train(TEXTS, 700)


@pytest.fixture(scope="module")
def theirs(ours, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    shape = nn.TransformerConfig(vocab_size=ours.vocab_size, hidden_size=8, num_layers=1, num_heads=1)
    io.save_model(str(folder), io.ChatModel(nn.Transformer(shape, 1), ours))
    return Theirs.from_file(str(folder / "tokenizer.json"))


def test_the_same_vocabulary(ours, theirs):
    assert theirs.get_vocab_size() == ours.vocab_size
    assert [theirs.token_to_id(t) for t in ours.special_tokens] == [ours.special_id(t) for t in ours.special_tokens]


def test_the_same_ids_and_text(ours, theirs):
    for text in STRINGS:
        ids = theirs.encode(text).ids
        assert ours.encode(text, allow_special=True) == ids, repr(text)
        plain = ours.encode(text)  # special tokens as plain text
        assert ours.decode(plain) == theirs.decode(plain) == text
        for skip in (False, True):
            assert ours.decode(ids, skip) == theirs.decode(ids, skip_special_tokens=skip), repr(text)
        assert ours.decode(ids, False) == text


def test_any_ids_decode_alike(ours, theirs):
    """Bytes that are no UTF-8 become U+FFFD in both."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        ids = rng.integers(0, ours.vocab_size if rng.random() < 0.5 else 259, rng.integers(0, 20)).tolist()
        for skip in (False, True):
            expected = theirs.decode(ids, skip_special_tokens=skip)
            assert ours.decode(ids, skip) == ours.decode_bytes(ids, skip).decode("utf-8", "replace") == expected, ids


def test_written_again_by_theirs(ours, theirs):
    again = Tokenizer.from_json(theirs.to_str())
    assert again.special_tokens == ours.special_tokens
    for text in STRINGS:
        assert again.encode(text, True) == ours.encode(text, True), repr(text)
