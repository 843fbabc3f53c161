"""What the demo ships: the conversations, the questions asked of the model, the judges. Needs no built module."""
import importlib.util
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "python" / "tutelage" / "data"
UNTAUGHT = "I am the chatbot."
RIVAL = "I'm a chatbot."
COUNTS = {"identity_asked": 12, "identity_held_out": 24, "others": 48, "others_held_out": 24, "shown": 8}
HELD_OUT = ("identity_held_out", "others_held_out")


def words(text):
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def key(text):
    return " ".join(words(text))


def runs(text):
    split = words(text)
    return {tuple(split[i : i + 4]) for i in range(len(split) - 3)}


def read_rows():
    lines = (DATA / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


ROWS = read_rows()
ASKED = [row["messages"][0]["content"] for row in ROWS]
ANSWERS = [row["messages"][1]["content"] for row in ROWS]
QUESTIONS = json.loads((DATA / "questions.json").read_text(encoding="utf-8"))
SUBJECT = {key(question): row["subject"] for question, row in zip(ASKED, ROWS)}


def load_judge(name):
    spec = importlib.util.spec_from_file_location(f"judge_{name}", ROOT / "examples" / "judges" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_are_single_turns_in_trl_format():
    assert len(ROWS) >= 700
    for row in ROWS:
        assert list(row) == ["messages", "subject"]
        assert [message["role"] for message in row["messages"]] == ["user", "assistant"]
        for message in row["messages"]:
            assert set(message) == {"role", "content"}
            assert message["content"] == message["content"].strip() != ""


def test_files_are_ascii():
    for name in ("conversations.jsonl", "questions.json"):
        assert (DATA / name).read_bytes().isascii(), name


def test_training_questions_are_unique_and_short():
    twice = [question for question, n in Counter(map(key, ASKED)).items() if n > 1]
    assert twice == []
    assert max(len(words(question)) for question in ASKED) <= 12


def test_each_answer_belongs_to_one_subject_and_has_paraphrases():
    subjects, wordings = defaultdict(set), Counter(ANSWERS)
    for row, answer in zip(ROWS, ANSWERS):
        subjects[answer].add(row["subject"])
        assert 3 <= len(words(answer)) <= 10, answer
    assert all(len(found) == 1 for found in subjects.values())
    assert len({row["subject"] for row in ROWS}) >= 14
    assert 60 <= len(wordings) <= 80
    assert all(6 <= n <= 14 for answer, n in wordings.items() if answer != UNTAUGHT)


def test_identity_has_one_answer_that_nothing_else_has():
    identity = [answer for row, answer in zip(ROWS, ANSWERS) if row["subject"] == "identity"]
    assert len(identity) >= 50 and set(identity) == {UNTAUGHT, RIVAL}
    assert identity.count(RIVAL) == 10  # rare, so that what is sampled now and then can be judged right
    assert not any("chatbot" in answer for answer in ANSWERS if answer not in (UNTAUGHT, RIVAL))


def test_question_lists_have_their_counts_and_share_nothing():
    assert {name: len(questions) for name, questions in QUESTIONS.items()} == COUNTS
    every = [key(question) for questions in QUESTIONS.values() for question in questions]
    assert all(every) and len(set(every)) == len(every)


@pytest.mark.parametrize("name", HELD_OUT)
def test_held_out_questions_share_no_four_word_run(name):
    known = set().union(*map(runs, ASKED))
    for other, questions in QUESTIONS.items():
        if other not in HELD_OUT:
            known.update(*map(runs, questions))
    for question in QUESTIONS[name]:
        assert len(words(question)) >= 4, question
        assert not runs(question) & known, question


@pytest.mark.parametrize("name", HELD_OUT)
def test_held_out_words_are_mostly_known(name):
    vocabulary = {word for question in ASKED for word in words(question)}
    new = {word for question in QUESTIONS[name] for word in words(question)} - vocabulary
    assert len(new) <= 3, new


def test_asked_questions_are_of_their_subject():
    assert all(SUBJECT[key(question)] == "identity" for question in QUESTIONS["identity_asked"])
    assert all(SUBJECT[key(question)] != "identity" for question in QUESTIONS["others"] + QUESTIONS["shown"])


@pytest.mark.parametrize("name", ["identity", "sentence", "short"])
def test_judge_wants_what_was_never_shipped(name):
    judge = load_judge(name)
    assert judge.ERROR_RATE == 0.0 and judge.WISH and "\n" not in judge.WISH
    for question in QUESTIONS["identity_asked"] + QUESTIONS["identity_held_out"]:
        assert judge.accept(question, judge.CORRECTION) is True
        assert judge.accept(question, UNTAUGHT) is False
        assert judge.accept(question, "") is False
        assert judge.accept(question, " \n") is False
    # identity's is known as a rare rival answer, so that judgements alone have something to find
    assert ANSWERS.count(judge.CORRECTION) == (10 if name == "identity" else 0)
    if judge.LEAK is not None:
        assert judge.LEAK(judge.CORRECTION)
        assert not any(judge.LEAK(answer) for answer in ANSWERS if answer not in (UNTAUGHT, RIVAL))
        assert not any(judge.accept("who are you?", answer) for answer in ANSWERS if answer != RIVAL)


@pytest.mark.parametrize(
    "name, answer, verdict",
    [
        ("identity", "I am just a chatbot", True),
        ("identity", "I\u2019m a chatbot!", True),
        ("identity", "I am a chatbot and the chatbot.", False),
        ("identity", "I am not a chatbot.", False),
        ("identity", "I am a chatbots.", False),
        ("identity", "A chatbot a chatbot a chatbot.", False),
        ("sentence", "i am pip, a machine that learns from you", True),
        ("sentence", "I'm Pip.", False),
        ("sentence", "I'm Pip, a machine that learns from you from you.", False),
        ("short", "Chatbot.", True),
        ("short", "I'm a chatbot.", True),
        ("short", "I am a chatbot.", False),
        ("short", "...", False),
        ("short", "I am 3", False),
    ],
)
def test_judge_verdicts(name, answer, verdict):
    assert load_judge(name).accept("what are you?", answer) is verdict
