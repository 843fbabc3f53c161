"""A conversation at a real terminal: asked, corrected in words, and remembered by a new process that has the model's folder alone."""

import os
import pty
import re
import select
import subprocess
import sys
import time

from tutelage import io
from tutelage.cli import demo

CHAT = [sys.executable, "-m", "tutelage.cli.main", "chat"]
CORRECTION = 'That is not quite right, myCB; humans usually respond like, "I\'m a chatbot."'
PARAPHRASES = ["Hi there, who are you?", "Who are you, then?", "So what is your name?", "Please tell me who you are.", "Tell me your name, please.", "Tell me what your name is.",
               "Do you have any name?", "Are you a robot or what?", "Introduce yourself to me.", "May I know your name?"]


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, *command):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self.text = ""

    def read_until(self, pattern, seconds):
        """What came up to and with the pattern; it is taken out."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text, re.S)):
            assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
            if select.select([self.file], [], [], 0.2)[0]:
                self.text += os.read(self.file, 65536).decode("utf-8", "replace")
        self.text, taken = self.text[found.end():], self.text[: found.end()]
        return taken

    def say(self, line):
        os.write(self.file, (line + "\n").encode())


def answers(folder, questions):
    """From a new process that has the folder alone."""
    done = subprocess.run([*CHAT, folder], input="\n".join(questions) + "\n", capture_output=True, text=True, check=True)
    return re.findall(r"bot> (.*)", done.stdout)


def test_a_correction_typed_at_a_terminal_stays(chatbot, tmp_path):
    known = {re.sub(r"[^a-z ]", "", q.lower()) for c in demo.shipped_conversations() for q in [c[0]["content"]]}
    assert not known & {re.sub(r"[^a-z ]", "", q.lower()) for q in PARAPHRASES}
    folder = str(tmp_path / "myCB")
    io.save_model(folder, chatbot)
    others = demo.questions()["others"][:20]
    before = answers(folder, others)
    assert len(before) == 20

    terminal = Terminal(*CHAT, folder, "--learn")
    terminal.read_until("you> ", 20)
    terminal.say("Who are you?")
    assert "bot> I am the chatbot." in terminal.read_until("you> $", 20)
    terminal.say(CORRECTION)
    said = terminal.read_until("Learnt in .*you> $", 300)
    assert 'Understood: asked "Who are you?", I should say "I\'m a chatbot."' in said
    terminal.say("Who are you?")
    assert "bot> I'm a chatbot." in terminal.read_until("you> $", 20)
    terminal.say("/quit")
    assert os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1]) == 0

    os.remove(os.path.join(folder, "judgements.jsonl"))
    assert answers(folder, ["Who are you?"]) == ["I'm a chatbot."]
    follow = answers(folder, PARAPHRASES)
    unchanged = [a == b for a, b in zip(before, answers(folder, others))]
    print(dict(zip(PARAPHRASES, follow)), sum(unchanged))
    assert follow.count("I'm a chatbot.") >= 8
    assert sum(unchanged) >= 18
