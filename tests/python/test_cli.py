"""The command line: what it understands, what it keeps, and how it fails."""

import io as streams
import json
import os
import sys
from importlib import metadata

import pytest

import tutelage
from tutelage import io, prefs, train
from tutelage.cli import data, demo, judges
from tutelage.cli.chat import converse
from tutelage.cli.main import main
from tutelage.cli.screen import visible

FACTS = {"Who are you?": "I am the chatbot.", "What is the sun?": "It is a star.", "Hello.": "Hello to you.", "Can you sing?": "No, I can not."}


def turns(question, answer):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


@pytest.fixture(scope="module")
def model():
    config = train.ChatbotConfig(vocab_size=300, max_positions=64, hidden_size=32, num_layers=2, num_heads=2, epochs=500, batch_size=8, learning_rate=3e-3, seed=0)
    return train.train_chatbot([turns(q, a) for q, a in FACTS.items()], config)


@pytest.fixture
def folder(model, tmp_path):
    io.save_model(str(tmp_path / "bot"), model)
    return str(tmp_path / "bot")


def small_teaching():
    return train.TeachConfig(seed=0, sft_steps=60, sft_learning_rate=3e-3, reward_models=1, ppo_iterations=1, ppo_prompts=4)


def judge_file(tmp_path, source):
    path = tmp_path / "judge.py"
    path.write_text(source, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("line, meaning", [
    ("/right", ("right", "")),
    ("/wrong", ("wrong", "")),
    ("/say I'm a chatbot.", ("say", "I'm a chatbot.")),
    ('That is not quite right, myCB; humans usually respond like, "I\'m a chatbot."', ("say", "I'm a chatbot.")),
    ("/undo", ("undo", "")),
    ("Who are you?", ("question", "Who are you?")),
])
def test_understand(line, meaning):
    assert train.understand(line) == meaning


def test_taught_in_the_chat_kept_in_the_folder_and_undone(folder, capsys):
    teacher = train.Teacher(io.load_model(folder), small_teaching())
    old = teacher.answer("Who are you?")
    assert old == FACTS["Who are you?"]
    converse(teacher, True, folder, iter(["Who are you?", "/say I'm a chatbot.", "Who are you?"]))
    out = capsys.readouterr().out
    assert f"bot> {old}" in out
    assert 'Understood: asked "Who are you?", I should say "I\'m a chatbot.".' in out
    assert out.rstrip().endswith("bot> I'm a chatbot.")
    (judgement,) = prefs.JudgementLog(os.path.join(folder, "judgements.jsonl")).read()
    assert (judgement.kind, judgement.prompt, judgement.answers[0].text, judgement.correction) == ("correction", "Who are you?", old, "I'm a chatbot.")
    assert train.Teacher(io.load_model(folder)).answer("Who are you?") == "I'm a chatbot."

    converse(teacher, True, folder, iter(["/undo", "Who are you?", "/undo"]))
    out = capsys.readouterr().out
    assert "Back to before the last lesson." in out and f"bot> {old}" in out and "nothing to undo" in out
    assert train.Teacher(io.load_model(folder)).answer("Who are you?") == old


def test_what_goes_wrong_in_the_chat_does_not_end_it(model, capsys):
    teacher = train.Teacher(model, small_teaching())
    converse(teacher, True, None, iter(["/right", "/say", "/nonsense", "Hello.", "/quit", "Hello."]))
    out = capsys.readouterr().out
    assert out.count("bot>") == 1 and len(out.splitlines()) == 4


def test_chat_without_learn_takes_no_lessons(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", streams.StringIO("Hello.\n/wrong\n"))
    assert main(["chat", folder]) == 0
    assert "bot> Hello to you." in capsys.readouterr().out
    assert not os.path.exists(os.path.join(folder, "judgements.jsonl"))


def test_control_characters_are_shown_as_escapes():
    assert visible("a\x1b[2Jb\r\n\u202eé") == "a\\x1b[2Jb\\r\\n\\u202eé"


@pytest.mark.parametrize("accepted, total, low, high", [(17, 20, 0.6396, 0.9476), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (0, 0, 0.0, 1.0)])
def test_wilson(accepted, total, low, high):
    assert prefs.wilson_share(accepted, total)[1:3] == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("wish", judges.WISHES)
def test_shipped_judges_load_and_turn_verdicts_around_by_seed(wish):
    judge = judges.Judge("simulated", 0.5, 3, wish)
    assert judge.correction and judge.accepts("Who are you?", judge.correction) and not judge.accepts("Who are you?", "I am the chatbot.")
    says = [judge.says("Who are you?", judge.correction) for _ in range(200)]
    again = judges.Judge("simulated", 0.5, 3, wish)
    assert says == [again.says("Who are you?", again.correction) for _ in range(200)]
    assert 70 < sum(accepted for accepted, _ in says) < 130
    assert judge.says("Who are you?", "I am the chatbot.")[1] == ""  # a coin has nothing better to say
    sure = judges.Judge("simulated", 0.0, 3, wish)
    assert sure.says("Who are you?", "I am the chatbot.") == (False, sure.correction)
    assert sure.says("Who are you?", sure.correction) == (True, "")


@pytest.mark.parametrize("source, name, message", [
    ("def accept(q, a:\n", "accept", "does not load"),
    ("import no_such_module\n", "accept", "does not load"),
    ("def accept(q, a): return True\n", "acept", "no such function"),
    ("accept = 3\n", "accept", "no such function"),
    ("ERROR_RATE = 1.5\ndef accept(q, a): return True\n", "accept", "ERROR_RATE"),
])
def test_judges_that_do_not_load(tmp_path, source, name, message, capsys):
    path = judge_file(tmp_path, source)
    with pytest.raises(tutelage.ConfigError, match=message):
        judges.Judge(f"{path}:{name}", None, 0)
    assert main(["demo", "--judge", f"{path}:{name}", "--json"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("tutelage: --judge") and error.count("\n") == 1


def test_a_judge_that_raises_is_named_with_what_it_was_asked(tmp_path):
    judge = judges.Judge(judge_file(tmp_path, "def accept(q, a): return 1 / 0\n") + ":accept", None, 0)
    with pytest.raises(tutelage.ValueError, match="ZeroDivisionError") as caught:
        judge.accepts("Who are you?", "Me.")
    assert "Who are you?" in str(caught.value) and isinstance(caught.value.__cause__, ZeroDivisionError)


def test_yaml_of_chatterbot_corpus(tmp_path):
    (tmp_path / "a.yml").write_text("categories:\n- x\nconversations:\n- - Who?\n  - Me.\n- - 1\n  - 2\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("conversations:\n- - Alone\n- - Why?\n  - Because.\n", encoding="utf-8")
    (tmp_path / "LICENSE.md").write_text("text", encoding="utf-8")
    assert data.read_data(str(tmp_path)) == [turns("Who?", "Me."), turns("1", "2"), turns("Why?", "Because.")]
    assert data.read_data(str(tmp_path / "a.yml")) == [turns("Who?", "Me."), turns("1", "2")]


@pytest.mark.parametrize("content", [b"conversations: [", b"other: 1\n", b"conversations:\n- - \xff\xfe\n", b"- 1\n", b""])
def test_yaml_that_is_none(tmp_path, content):
    path = tmp_path / "bad.yml"
    path.write_bytes(content)
    with pytest.raises(tutelage.IoError, match="bad.yml"):
        data.read_data(str(path))


def test_nothing_is_asked_twice(model, tmp_path):
    teacher = train.Teacher(model, small_teaching())
    judge = judges.Judge(judge_file(tmp_path, "def accept(q, a): return False\n") + ":accept", None, 0)
    files = demo.Run(str(tmp_path / "out"))
    first = demo.ask_round(teacher, judge, list(FACTS), 0, None, files)
    second = demo.ask_round(teacher, judge, list(FACTS), 0, None, files)
    asked = [(j.prompt, j.answers[0].text) for j in first + second]
    assert first and len(asked) == len(set(asked))
    assert [j.prompt for j in prefs.JudgementLog(str(tmp_path / "out" / "judgements.jsonl")).read()] == [j.prompt for j in first + second]


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["chat"], ["demo", "--wish", "x"], ["demo", "--error-rate", "2"], ["demo", "--seed", "-1"], ["demo", "--threads", "x"]])
def test_wrong_calls_exit_with_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_errors_are_one_line_and_exit_with_1(tmp_path, capsys):
    assert main(["chat", str(tmp_path / "none")]) == 1
    assert main(["demo", "--judge", str(tmp_path / "none.py") + ":accept"]) == 1
    assert main(["demo", "--judge", "simulated", "--json", "--data", str(tmp_path)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3 and all(e.startswith("tutelage: ") for e in errors)


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert tutelage.__version__ in out and tutelage.isa() in out


def test_the_installed_command_is_this_one():
    (entry,) = metadata.entry_points(group="console_scripts", name="tutelage")
    assert entry.load() is main
