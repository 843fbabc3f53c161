"""What is clicked is what is learnt: `tutelage rate --web --train` in a real browser, for the shorter answer and for the longer."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from tutelage import io, prefs, train
from tutelage.cli import demo
from tutelage.cli.teaching import chat_template, teachers

CLICKS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("model") / "bot")
    io.save_model(path, train.train_chatbot(demo.shipped_conversations(), demo.chatbot_config(0, False)))
    return path


def lengths(folder):
    """Of four sampled answers to each wording that was asked and each that never was."""
    model = io.load_model(folder)
    chat_template(model, "test")
    teacher = teachers(model, learn=False)()
    asked = [*demo.questions()["identity_asked"], *demo.questions()["identity_held_out"]]
    return np.array([[len(a) for a in teacher.sample(asked, 900 + k)] for k in range(4)], float)


@pytest.mark.parametrize("wish", ["shorter", "longer"])
def test_clicks_are_learnt(folder, tmp_path, open_page, wish):
    out, store = str(tmp_path / "taught"), str(tmp_path / "j.db")
    program = subprocess.Popen([sys.executable, "-m", "tutelage.cli.main", "rate", folder, "--web", "--train", "--no-open", "--every", "15", "--store", store, "--out", out],
                               stdout=subprocess.PIPE, text=True)
    try:
        link = program.stdout.readline().split()[-1]
        page = open_page(link)
        page.set_default_timeout(240_000)
        clicked = 0
        while clicked < CLICKS:
            page.locator(".work:not([hidden])").wait_for()
            first, second = page.answers()
            if len(first) == len(second):
                page.locator("button", has_text="Skip").click()
                continue
            left = (len(first) < len(second)) == (wish == "shorter")
            page.locator(".actions button", has_text="A is better" if left else "B is better").click()
            clicked += 1
            if clicked == 15:
                page.locator(".training", has_text=" learnt in ").wait_for()
        while page.locator(".training", has_text=f"from {CLICKS} answers").count() == 0:  # it learns at 15, or where nothing is left to ask
            if page.locator(".work:not([hidden])").count():
                page.locator("button", has_text="Skip").click()
            page.wait_for_timeout(200)
        shown = page.locator(".training").inner_text()
        if os.environ.get("SHOTS"):
            page.screenshot(path=f"{os.environ['SHOTS']}/taught-{wish}.png", full_page=True)
        assert "Before you taught it" in shown and "foretold" in shown and "unsure" in shown
        assert page.wrong == []
    finally:
        program.send_signal(signal.SIGINT)
        said = program.communicate(timeout=120)[0]
    assert program.returncode == 0 and "answered" in said
    before, after = lengths(folder), lengths(out)
    factor = after.mean() / before.mean()
    wins = np.sum(after < before if wish == "shorter" else after > before) + 0.5 * np.sum(after == before)
    _, low, high, _ = prefs.wilson_share(wins / 4, before.shape[1])  # answers to one wording are not independent: the wordings count
    print(json.dumps({"wish": wish, "before": before.mean(), "after": after.mean(), "factor": factor, "win rate": wins / before.size, "interval": [low, high]}))
    assert factor <= 0.8 if wish == "shorter" else factor >= 1.2
    assert low > 0.5
