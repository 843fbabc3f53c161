"""A tokenizer.json that tutelage saved, read by Hugging Face's `tokenizers`: the same ids, the same text."""

from tokenizers import Tokenizer

from tutelage import io, train
from tutelage.cli import demo

TEXTS = ["", " ", "Who are you?", "I'm a chatbot.", "naïve café, Ελλάδα, 東京, 👩‍👩‍👧", "a\tb\r\n\n  c", "1234567890 3.14", "don't  WON'T we'll", "\u00a0x\u2003y", "tail   "]


def test_the_same_ids(tmp_path):
    model = train.train_chatbot(demo.shipped_conversations(), train.ChatbotConfig(vocab_size=600, hidden_size=16, num_layers=1, num_heads=2, epochs=1))
    io.save_model(str(tmp_path), model)
    theirs = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in TEXTS:
        ids = model.tokenizer.encode(text)
        assert ids == theirs.encode(text, add_special_tokens=False).ids, text
        assert theirs.decode(ids) == text == model.tokenizer.decode(ids)
