"""The examples do what they say."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from tutelage import io

ROOT = Path(__file__).resolve().parents[2]
ODD = ["", " ", "a chatbot", "A CHATBOT!", "I'm a chatbot.", "I\u2019m a chatbot.", "I am the chatbot.", "I'm a chatbot, a chatbot.", "Not a chatbot.", "I am not a chatbot",
       "It's a chatbots thing", "achatbot", "a-chatbot", "a chatbot's", "a  chatbot", "the a chatbot", "a the chatbot", "I am a chatbot and the chatbot.", "a chat bot",
       "I am a very small and friendly little chatbot", "one two three four five six a chatbot", "one two three four five six seven a chatbot", "a 1 chatbot", "na\u00efve a chatbot",
       "'a chatbot'", "a 'chatbot", "nothing but a chatbot", "\u4eba a chatbot \u4eba", "knot a chatbot",
       "a chatbot\u212a", "\u212a a chatbot \u0130", "I DON\u2019T KNOW: a chatbot", "a chatbot\x00", "A\tChatbot", "a\u00a0chatbot", "\uff41 chatbot", "a chatbot\U0001f916", "a\u0301 chatbot",
       "a c\u0445atbot", "I'm a chatbot. I'm a chatbot. I'm", "a chatbot the", "not", "'", "a 'chatbot'", "chatbot a", "a chatbot not", "No. A chatbot? NOT me!", "a, chatbot",
       "I\u2018m a chatbot", "a chatbot' s", "a chatbot ' ' ' ' ' '", "a chatbot ' ' ' ' ' ' '"]


def module_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_judge_in_cpp_gives_the_same_verdicts(tmp_path):
    compiler = shutil.which("c++") or shutil.which("g++")
    assert compiler, "tutelage is built from source: there is a compiler"
    subprocess.run([compiler, "-std=c++20", str(ROOT / "examples/cpp/verdicts.cpp"), "-o", str(tmp_path / "verdicts")], check=True)
    accept = module_of(ROOT / "examples/judges/identity.py").accept
    shipped = io.read_conversations(str(ROOT / "python/tutelage/data/conversations.jsonl"))
    answers = ODD + sorted({c[1]["content"] for c in shipped})
    said = subprocess.run([str(tmp_path / "verdicts")], input="\n".join(answers) + "\n", capture_output=True, text=True, check=True).stdout.split()
    expected = [str(int(accept("Who are you?", a))) for a in answers]
    assert dict(zip(answers, said)) == dict(zip(answers, expected)) and len(said) == len(answers)
    assert {"0", "1"} == set(said)


def test_the_python_example_teaches(capsys):
    module_of(ROOT / "examples/python/teach.py").main(epochs=3)
    lines = capsys.readouterr().out.splitlines()
    before, _, after, _, of = next(line for line in lines if line.startswith("accepted")).split(": ")[1].split()
    assert int(before) < int(after) <= int(of) == 3
    assert lines[-1].startswith("PPO alone")


@pytest.mark.parametrize("path, most", [("examples/cpp/teach.cpp", 120), ("examples/python/teach.py", 80)])
def test_examples_stay_short(path, most):
    assert len((ROOT / path).read_text().splitlines()) <= most
