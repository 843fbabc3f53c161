"""Model files from Python: by path, by name in the local cache, and the habits of other libraries."""

import pathlib

import numpy as np
import pytest

import tutelage
from tutelage import io, nn, text

DATA = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data" / "stories260K"


def small_model(seed=1):
    return nn.Transformer(nn.TransformerConfig(vocab_size=31, max_positions=24, hidden_size=16, num_layers=2, num_heads=2, init_std=0.3), seed=seed)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def keep(hub, name, model, commit="0123abcd"):
    repository = hub / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    model.save(str(repository / "snapshots" / commit))
    return repository


@pytest.mark.parametrize("variable, inside", [("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub"), (None, ".cache/huggingface/hub")])
def test_models_by_name(cache, tmp_path, variable, inside):
    folder = tmp_path / "elsewhere" if variable else tmp_path
    if variable:
        cache.setenv(variable, str(folder))
    model = small_model()
    keep(folder / inside, "owner/name", model)
    keep(folder / inside, "gpt2", small_model(2))
    ids = [[1, 2, 3]]
    assert nn.Transformer.load("owner/name").logits(ids).tobytes() == model.logits(ids).tobytes()
    assert io.load_pretrained("owner/name").model_type == "gpt2"
    assert nn.Transformer.load("gpt2").logits(ids).tobytes() == small_model(2).logits(ids).tobytes()
    small_model(3).save("owner/name")  # what lies here comes first
    assert nn.Transformer.load("owner/name").logits(ids).tobytes() == small_model(3).logits(ids).tobytes()


def test_names_that_are_not_there(cache, tmp_path):
    hub = tmp_path / ".cache" / "huggingface" / "hub"
    with pytest.raises(tutelage.IoError, match="Transformer.load: no such model: got 'owner/name'.*hf download owner/name"):
        nn.Transformer.load("owner/name")
    repository = keep(hub, "owner/name", small_model())
    (repository / "refs" / "main").write_text("beef")
    with pytest.raises(tutelage.IoError, match="lacks a snapshot.*beef"):
        io.load_pretrained("owner/name")
    (repository / "refs" / "main").write_text("../../../..")
    with pytest.raises(tutelage.IoError, match="lacks a snapshot"):
        nn.Transformer.load("owner/name")
    for path in ("/none/at/all", "./x", "none.gguf", "none.bin"):
        with pytest.raises(tutelage.IoError, match=path):
            nn.Transformer.load(path)


def test_habits_lead_to_the_right_call():
    with pytest.raises(AttributeError, match="Transformer.from_pretrained.*tutelage.nn.Transformer.load"):
        nn.Transformer.from_pretrained("gpt2")
    with pytest.raises(AttributeError, match="Transformer.save_pretrained.*tutelage.nn.Transformer.save"):
        small_model().save_pretrained("x")
    with pytest.raises(AttributeError, match="Tokenizer.from_pretrained.*tutelage.text.Tokenizer.load"):
        text.Tokenizer.from_pretrained("gpt2")
    assert not hasattr(nn.Transformer, "from_pretrained")


def test_token_ids_and_heads(tmp_path):
    model, head = small_model(), tutelage.Tensor(np.linspace(-1, 1, 16, dtype=np.float32)[None])
    io.save_pretrained(str(tmp_path / "m"), io.Pretrained(model, ids=io.TokenIds(bos=1, pad=2, eos=[3, 4])), license="mit")
    read = io.load_pretrained(tmp_path / "m")
    assert (read.ids.bos, read.ids.pad, read.ids.eos, read.head, read.model_type) == (1, 2, [3, 4], None, "gpt2")
    assert 'license: "mit"' in (tmp_path / "m" / "README.md").read_text()
    io.save_pretrained(str(tmp_path / "r"), io.Pretrained(model, head=head))
    assert io.load_pretrained(tmp_path / "r").head.numpy().tobytes() == head.numpy().tobytes()
    with pytest.raises(tutelage.ShapeError, match="head has the wrong shape"):
        io.Pretrained(model, head=tutelage.Tensor(np.zeros((2, 16), np.float32)))


def test_a_chatbot_stops_where_its_turn_ends(tmp_path):
    words = text.Tokenizer.train(["who are you"], 262, text_special())
    model = nn.Transformer(nn.TransformerConfig(vocab_size=words.vocab_size, max_positions=24, hidden_size=16, num_layers=1, num_heads=2))
    io.save_model(str(tmp_path), io.ChatModel(model, words))
    assert io.load_pretrained(tmp_path).ids.eos == [words.special_id("<|im_end|>")]
    assert io.load_model(tmp_path).ids.pad == words.special_id("<|endoftext|>")


def text_special():
    return ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


STORY = """Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She said, "I want to play with your ball, but I can't find it."
Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
Lily didn't want to help her mom, so she said, "I'm sorry, mom. I didn't know what to do." Her mom said, "Don't worry, Lily. We can help you.
"""  # what llama2.c's run prints at -t 0 -n 256


@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data/stories260K beside the repository")
def test_stories260k_tells_what_llama2c_tells():
    read = io.load_pretrained(DATA / "stories260K.bin")
    tokenizer = io.read_llama2c_tokenizer(str(DATA / "tok512.bin"))
    assert read.transformer.num_parameters == 260032 and len(tokenizer.tokens) == 512 and tokenizer.tokens[1] == "<s>"
    answer = read.transformer.generate([[1]], max_new_tokens=256, temperature=0, stop_ids=read.ids.eos)[0]
    pieces = [tokenizer.tokens[t] for t in answer.ids]
    story = "".join(chr(int(p[3:5], 16)) if tokenizer.types[t] == 6 else p.replace("\u2581", " ") for t, p in zip(answer.ids, pieces))
    assert story.strip() == STORY.strip()
