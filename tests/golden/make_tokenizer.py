"""Writes tokenizer.json: what Hugging Face's `tokenizers` reads out of our tokenizer.json, which test_golden.cpp compares ours with.

Run by hand, with tutelage and tokenizers 0.23 installed:
    python tests/golden/make_tokenizer.py
"""

import json
import pathlib

import tokenizers

from tutelage.text import Tokenizer

TEXTS = [
    "Who are you? I'm a chatbot. I am the chatbot; you are the person.",
    "What do you do? I answer what you ask, and I've learnt to say it well.",
    "They're here. We'll see what they'd say, don't you think? It isn't what it isn't.",
    "Die Grenze der Sprache ist die Grenze der Welt. Größe, Straße, Füße.",
    "Привет, как дела? Привет, всё хорошо. Как дела у тебя?",
    "你好,你叫什么名字?我叫机器人。你好吗?我很好。",
    "def add(a, b):\n    return a + b\n\n\ndef add_all(xs):\n    return sum(xs)\n",
    "1 2 3 12 123 1234 2024-01-31 3.14159 1,000,000 1,000,000",
    "aaaaaaaaaaaaaaaa aaaa aaa aa a bababababa banana banana bandana",
    "🙂🙂🙂 ok 🙂 ok 👩‍👩‍👧‍👦 👩‍👩‍👧‍👦",
]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
VOCAB_SIZE = 420
STRINGS = [
    "", " ", "  ", "   ", "\n", "\n\n\n", "\t", " \n ", "a", " a", "a ", "  a", "   a  b   c   ", "\u00a0a\u00a0\u00a0b\u3000 c", "\r\n\r\nx\r",
    "Who are you? I'm a chatbot.", "who ARE yOu", "I'm I'M we'll we'LL they'd 're 've 'x '", "''''s 's 't''t don''t", "it's's", " 's", "x 's y'",
    "12345678901234567890", " 1 22 333a4b5", "3.14159, -1,000,000!", "½ ⅷ ² ٣٤٥ x²", "...!?;:--__", "a_b-c.d,e", "(((a)))[[b]]{{c}}", "aaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaa bababab bananana", "Größenwahn Füße", "Größe Straße", "Привет, мир! Как дела?", "你叫什么名字?机器人", "안녕하세요 こんにちは مرحبا שלום नमस्ते ไทย",
    "🙂", " 🙂🙂 👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301 n\u0303 \u0301", "\u200b\u200d\ufeff x \u2028 y \u0085 z", "\x00\x01\x7f \x1b[0m", "𝔘𝔫𝔦 𐍈 𠀀𠀁", "\ufffd\uffff\U0010ffff",
    "def f(x):\n\treturn  x  \n\n\n# end", "https://example.org/a?b=c&d=%20#e", "a" * 100 + " " * 20 + "b" * 30,
    "<|im_start|>user\nWho are you?<|im_end|>\n", "<|endoftext|>", "a <|im_end|> b<|im_end|><|im_end|>", "<|im_start <|im_end|", "<|<|im_end|>|>",
]


def main():
    ours = Tokenizer.train(TEXTS, VOCAB_SIZE, SPECIAL)
    text = ours.to_json()
    theirs = tokenizers.Tokenizer.from_str(text)
    assert theirs.get_vocab_size() == ours.vocab_size
    cases = []
    for s in STRINGS:
        ids = theirs.encode(s).ids
        decoded = [theirs.decode(ids, skip_special_tokens=skip) for skip in (True, False)]
        assert decoded[1] == s, (s, decoded)
        cases.append({"text": s, "ids": ids, "decoded": decoded[0]})
    golden = {
        "made_with": f"tokenizers {tokenizers.__version__}",
        "texts": TEXTS,
        "special_tokens": SPECIAL,
        "vocab_size": VOCAB_SIZE,
        "tokenizer": json.loads(text),
        "cases": cases,
    }
    path = pathlib.Path(__file__).with_name("tokenizer.json")
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items() if k != "cases"]
    lines.append('"cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    wrong = [c["text"] for c in cases if ours.encode(c["text"], allow_special=True) != c["ids"]]
    print(path, path.stat().st_size, "bytes;", ours.vocab_size, "tokens;", len(cases), "strings; ours differs on", wrong)


if __name__ == "__main__":
    main()
