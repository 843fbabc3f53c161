"""Tokenizers of each family, built with Hugging Face's `tokenizers` from the components that the family's tokenizer.json has, and texts to try."""

import json
import pathlib
import re

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

DATA = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"
SHAKESPEARE = DATA / "tinyshakespeare"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

TEXTS = [
    "The quick brown fox jumps over the lazy dog, doesn't it? WE'LL see; they'Re sure I'M not. 'S 'T 're",
    "Die Grenze der Sprache ist die Grenze der Welt. Größe, Straße, Füße; naïve café, garçon, ſein 'ſ it'ſ",
    "Привет, как дела? Привет, всё хорошо. Как дела у тебя? Ёлка, йод, Й и́ й",
    "Καλημέρα κόσμε· τι κάνεις; Ελλάδα, ΑΒΓ, ά έ ή ί ό ύ ώ ΐ ΰ ᾳ ᾴ ᾶ ἀρχὴ",
    "مرحبا بالعالم، كيف حالك؟ السَّلَامُ عَلَيْكُمْ ١٢٣٤٥ لا إله",
    "שלום עולם, מה שלומך? בְּרֵאשִׁית בָּרָא אֱלֹהִים שׁ שׂ",
    "नमस्ते दुनिया, आप कैसे हैं? क़ ख़ ग़ ज़ ड़ १२३ श्रीमान क्ष",
    "สวัสดีชาวโลก คุณสบายดีไหม ๑๒๓ กำลังจะไป น้ำ",
    "你好,你叫什么名字?我叫机器人。東京、日本語、カタカナ、ひらがな、ガ か\u3099 は\u309a 神 \ufa19 𠀀𠀁",
    "안녕하세요 세계, 이름이 뭐예요? \u1112\u1161\u11ab\u1100\u1173\u11af 각 ㅎㅏㄴ",
    "🙂🙂 ok 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ☕️ 🇩🇪🇫🇷 1️⃣ ©️",
    "e\u0301 n\u0303 \u0301 a\u0323\u0307 a\u0307\u0323 \u1e9b\u0323 \u212b \u2126 \u0344 o\u0328\u0304 ǭ \u0f73 q\u0307\u0323 \u1100\u1161\u11a8",
    "\x00\x01\x07\x1b[0m\x7f \x80\x9f\x85 tab\tvt\x0bff\x0c cr\r crlf\r\n nl\n end\x1c\x1d\x1e\x1f",
    "nbsp\u00a0ogham\u1680en\u2000em\u2003thin\u2009hair\u200azero\u200bline\u2028para\u2029narrow\u202fmath\u205fideo\u3000bom\ufeff wj\u2060 mvs\u180e",
    "1 12 123 1234 12345678 3.14159 1,000,000 ½ ⅷ ² ٣٤٥ x² 〇 一二三 𝟘𝟙 ௧௨ 1a2b3c 0x1F",
    "def add(a, b):\n    return a + b\n\n\nfor i in range(10):\n\tprint(i)  # done   \n\n",
    "https://example.org/a?b=c&d=%20#e \"quoted\" `code` (a) [b] {c} <d> --- ... !!! ??? ?!?! *** ~~~ ___ ▁ ▁▁a ▁ b",
    "𝔘𝔫𝔦 𐍈 \ufffd \uffff \U0010ffff \ue000 \U000f0000 Ꙁ ꟊ Ɤ 𞤀 ᲀ \u1c89 \U00010d50 \u1c8a 𖵀",
    "   leading", "trailing   ", " ", "  ", "", "\n", "\n\n\n", " \n ", "\t\t", "a  b   c    d", "\r\n\r\nx\r", "a\n \n  \n b", " a", "a ", "\n a", " \na",
    "<s>", "</s>", "<unk>", "<s> a</s>b <s>", "a<s>b", "<|endoftext|>", "x <|endoftext|>  y", "<|im_start|>user\nHi<|im_end|>\n", "<|im_end", "<|<|im_end|>|>",
    "[MASK] a [MASK] b  [MASK]", "aword word  word_ sword word. (word) wordé wordש", "trim  me  now", "<0x0A>", "<0x41><0xFF>", "a<0x0A>b",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 3, "ababababababababab", "wwwwwwwwwwwwwww wwwwwwwwww",
]
RANGES = [(32, 127), (0, 0x250), (0x300, 0x370), (0x370, 0x800), (0x900, 0xe80), (0x1100, 0x1200), (0x1e00, 0x2100), (0x2100, 0x2c00), (0x3000, 0x9fff),
          (0xac00, 0xd7a4), (0xf900, 0xfb50), (0x10000, 0x11000), (0x1d100, 0x1d800), (0x1f300, 0x1fb00), (0x2f800, 0x2fa20)]


def random_text(seed):
    """Words of characters of one range, with what may stand between words."""
    rng = np.random.default_rng(seed)
    words = []
    for _ in range(rng.integers(1, 12)):
        words.append("".join(chr(c) for c in rng.integers(*RANGES[rng.integers(len(RANGES))], rng.integers(0, 6))))
        words.append(rng.choice(["", " ", "  ", "\n", "'s", "'", "\u00a0", "7", "<|im_end|>", ".", "<s>", "\u0301", "\u0323", "\r\n", "▁", "word", "[MASK]"]))
    return "".join(words)


def random_bytes(seed):
    """Bytes as text, what is no UTF-8 replaced."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, rng.integers(1, 80)).astype(np.uint8).tobytes().decode("utf-8", "replace")


def lines():
    real = (SHAKESPEARE / "input.txt") if (SHAKESPEARE / "input.txt").exists() else next(iter(SHAKESPEARE.glob("*.txt")), None)
    text = real.read_text() if real else ""
    return TEXTS + [random_text(s) for s in range(400)] + [random_bytes(s) for s in range(400)] + text.splitlines()[:3000] + [text[:20000], text[-5000:]]


def corpus():
    return TEXTS * 3 + lines()[-3000:-2]


def _train(t, specials, size=1500, alphabet=True, **settings):
    initial = pre_tokenizers.ByteLevel.alphabet() if alphabet else []
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=specials, initial_alphabet=initial, show_progress=False, **settings)
    t.train_from_iterator(corpus(), trainer)
    return t


def _common_added(t):
    t.add_tokens([AddedToken("word", single_word=True, normalized=False), AddedToken("trim", lstrip=True, rstrip=True, normalized=False),
                  AddedToken("naïve", normalized=True), AddedToken("   ", normalized=True), AddedToken("<d>", normalized=False)])
    t.add_special_tokens([AddedToken("[MASK]", lstrip=True, special=True, normalized=False)])
    return t


def gpt2():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder, t.post_processor = decoders.ByteLevel(), processors.ByteLevel(trim_offsets=False)
    return _train(t, ["<|endoftext|>"])


def gpt2_prefix():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    return _common_added(_train(t, ["<|endoftext|>"]))


def neox():
    t = Tokenizer(models.BPE())
    t.normalizer, t.pre_tokenizer, t.decoder = normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    t = _train(t, ["<|endoftext|>", "<|padding|>"])
    t.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    return t


def llama3():
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t = _train(t, [])
    t.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
    bos = t.token_to_id("<|begin_of_text|>")
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1", special_tokens=[("<|begin_of_text|>", bos)])])
    return t


def llama3_ignoring():
    """Whole words that merges do not make: the vocabulary of another, its last merges gone."""
    whole = json.loads(llama3().to_str())
    whole["model"]["merges"] = whole["model"]["merges"][:400] + whole["model"]["merges"][700:800]
    known = set(whole["model"]["vocab"])
    whole["model"]["merges"] = [m for m in whole["model"]["merges"] if m[0] + m[1] in known]
    return Tokenizer.from_str(json.dumps(whole))


def qwen2():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder, t.post_processor = decoders.ByteLevel(), processors.ByteLevel(trim_offsets=False)
    t = _train(t, [])
    t.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    t.add_tokens(["<tool_call>", "</tool_call>"])
    return _common_added(t)


def smollm2():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    return _train(t, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])


def digits_together():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex(GPT2), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    return _train(t, ["<|endoftext|>"])


def _pieces(normalizer, pre_tokenizer, decoder, bytes_too=True, **model):
    """SentencePiece's: trained on words that keep their space, then what Llama 2's tokenizer.json has."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=bytes_too))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    specials = ["<unk>", "<s>", "</s>"] + ([f"<0x{b:02X}>" for b in range(256)] if bytes_too else [])
    t = _train(t, specials, 1800, alphabet=False, limit_alphabet=150)
    whole = json.loads(t.to_str())
    whole["added_tokens"] = [a for a in whole["added_tokens"] if not re.fullmatch("<0x..>", a["content"])]
    whole["model"].update(model)
    t = Tokenizer.from_str(json.dumps(whole))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizer, pre_tokenizer, decoder
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


def _of_spaces(strip=True):
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    return decoders.Sequence(steps + ([decoders.Strip(" ", 1, 0)] if strip else []))


def llama2():
    return _pieces(normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, _of_spaces())


def llama2_added():
    return _common_added(llama2())


def mistral():
    return _pieces(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), _of_spaces())


def metaspace_always():
    return _common_added(_pieces(None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True), decoders.Metaspace(prepend_scheme="always")))


def metaspace_never():
    return _pieces(None, pre_tokenizers.Metaspace(prepend_scheme="never"), decoders.Metaspace(prepend_scheme="never"))


def no_bytes():
    return _pieces(normalizers.Replace(" ", "▁"), None, _of_spaces(False), bytes_too=False)


def unknown_apart():
    return _pieces(normalizers.Replace(" ", "▁"), None, None, bytes_too=False, fuse_unk=False)


def no_unknown():
    return _pieces(normalizers.Replace(" ", "▁"), None, _of_spaces(False), bytes_too=False, unk_token=None)


FAMILIES = [gpt2, gpt2_prefix, neox, llama3, llama3_ignoring, qwen2, smollm2, digits_together, llama2, llama2_added, mistral, metaspace_always, metaspace_never,
            no_bytes, unknown_apart, no_unknown]
