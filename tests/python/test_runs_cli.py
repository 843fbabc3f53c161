"""The command lines that train, compare, inspect, check and report: flags, YAML, exit codes."""

import json
import re
import subprocess
import sys
import time

import pytest
from small_runs import chat_model, conversations, files, pairs, prompts

from tutelage import io, runs
from tutelage.cli.main import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    io.save_model("start", chat_model())
    for name, rows in (("sft", conversations()), ("pairs", pairs()), ("prompts", prompts())):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (tmp_path / "r.py").write_text("def vowels(completions):\n    return [sum(c in 'aeiou' for c in t) for t in completions]\ndef short(completions):\n    return [-len(t) for t in completions]\n")
    (tmp_path / "j.py").write_text("def judge(prompt, a, b):\n    return 'a' if len(a) < len(b) else 'b' if len(b) < len(a) else 'tie'\n")
    return tmp_path


def test_one_after_the_other(here, capsys):
    assert main(["sft", "--model", "start", "--data", "sft.jsonl", "--out", "s", "--epochs", "2", "--learning-rate", "1e-3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["finished"]
    assert main(["reward", "--model", "s/model", "--data", "pairs.jsonl", "--eval-data", "pairs.jsonl", "--out", "rm", "--epochs", "1"]) == 0
    out = capsys.readouterr().out
    assert "accuracy" in out and "Done: rm/model" in out
    assert main(["ppo", "--model", "s/model", "--data", "prompts.jsonl", "--out", "p", "--reward", "rm", "--reward", "r.py:vowels*0.25", "--iterations", "2", "--max-new-tokens", "4", "--lora-rank", "2"]) == 0
    info = runs.Folder("p").info()
    assert [r["weight"] for r in info["hashes"]["rewards"]] == [1.0, 0.25] and info["settings"]["lora"] == {"rank": 2}
    for kind in ("rloo", "grpo"):
        assert main([kind, "--model", "start", "--data", "prompts.jsonl", "--out", kind, "--reward", "r.py:vowels", "--iterations", "2", "--max-new-tokens", "4", "--num-generations", "2", "--stop-ids", "3,4", "--clip-range-high", "0.3", "--dual-clip", "null"]) == 0
        info = runs.Folder(kind).info()["config"]
        assert (info["stop_ids"], info["clip_range_high"], info["dual_clip"]) == ([3, 4], 0.3, None)
    assert main(["dpo", "--model", "start", "--data", "pairs.jsonl", "--out", "d", "--epochs", "1"]) == 0
    capsys.readouterr()
    assert main(["inspect", "p", "--worst", "2"]) == 0
    assert re.search(r"^1\. reward .*KL .*\n   > What is", capsys.readouterr().out)
    assert main(["inspect", "p", "--best", "1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert main(["compare", "start", "p", "--judge", "j.py:judge", "--prompts", "prompts.jsonl", "--max-new-tokens", "4"]) == 0
    assert "no verdict: fewer than 50 prompts" in capsys.readouterr().out
    assert main(["compare", "start", "p", "--judge", "r.py:vowels", "--prompts", "prompts.jsonl"]) == 1
    assert "the judge trained B" in capsys.readouterr().err
    assert main(["compare", "start", "p", "--judge", "rm", "--prompts", "prompts.jsonl"]) == 1
    assert "the judge trained B" in capsys.readouterr().err
    assert main(["report", "p", "rloo", "--out", "x.html"]) == 0
    assert (here / "x.html").read_text().startswith("<!doctype html>")


def test_yaml_and_flags_which_win(here, capsys):
    (here / "c.yaml").write_text("model: start\ndata: sft.jsonl\nout: s\nepochs: 3\nlearning_rate: 1e-3\nbatch_size: 5\nlora:\n  rank: 2\n")
    assert main(["sft", "--config", "c.yaml", "--epochs", "1", "--lora-target-modules", "up,down"]) == 0
    info = runs.Folder("s").info()
    assert (info["config"]["epochs"], info["config"]["learning_rate"], info["config"]["batch_size"], info["settings"]["lora"]) == (1, 1e-3, 5, {"rank": 2, "target_modules": ["up", "down"]})
    assert main(["sft", "--config", "c.yaml"]) == 1  # the folder holds a run
    assert "holds a run" in capsys.readouterr().err
    assert main(["sft", "--resume", "--out", "s"]) == 0
    assert main(["sft", "--resume", "--out", "s", "--epochs", "4"]) == 1
    assert "the run's own settings" in capsys.readouterr().err
    assert main(["dpo", "--resume", "--out", "s"]) == 1
    assert "another kind: got dpo, expected sft" in capsys.readouterr().err
    assert main(["sft", "--resume", "--out", "s", "--data", "pairs.jsonl"]) == 1  # what is given is what must fit
    assert "data" in capsys.readouterr().err
    assert main(["sft", "--resume", "--out", "s", "--data", "sft.jsonl", "--model", "start"]) == 0


@pytest.mark.parametrize("content, says", [
    ("epoch: 3\n", "unknown argument: got epoch.*Did you mean epochs"),
    ("- 1\n", "no mapping"),
    ("a: [", "cannot be read"),
    ("epochs: many\n", "epochs has another type"),
    ("lora: {rnk: 1}\n", "Did you mean rank"),
])
def test_yaml_that_is_wrong(content, says, here, capsys):
    (here / "c.yaml").write_text(content)
    assert main(["sft", "--config", "c.yaml", "--model", "start", "--data", "sft.jsonl", "--out", "s"]) == 1
    error = capsys.readouterr().err
    assert re.search(says, error) and error.count("\n") == 1


@pytest.mark.parametrize("arguments, says", [
    (["sft", "--lerning-rate", "1"], "Did you mean --learning-rate"),
    (["sft", "--epoch", "1"], "Did you mean --epochs"),
    (["ppo", "--rewrd", "x"], "Did you mean --reward"),
    (["compare", "a"], "required"),
    (["inspect", "x", "--by", "luck"], "invalid choice"),
    (["check", "x", "--zzzz"], "unknown argument: got --zzzz"),
    (["sft", "--threads", "-1"], "got -1, expected 0 to 4096"),
    (["rate", "--per-itm", "2"], "Did you mean --per-item"),
])
def test_wrong_calls_exit_with_2(arguments, says, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and says in capsys.readouterr().err


@pytest.mark.parametrize("arguments, says", [
    (["sft", "--model", "start", "--data", "sft.jsonl"], "--out is missing"),
    (["sft", "--data", "sft.jsonl", "--out", "s"], "--model is missing"),
    (["sft", "--model", "start", "--out", "s"], "--data is missing"),
    (["ppo", "--model", "start", "--data", "prompts.jsonl", "--out", "s"], "--reward is missing"),
    (["rate", "--train"], "nothing to train"),
    (["rate", "pairs.jsonl", "--train"], "is no model"),
])
def test_what_is_missing_exits_with_2(arguments, says, here, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert says in error and error.startswith("tutelage: ") and error.count("\n") == 1


@pytest.mark.parametrize("arguments, says", [
    (["sft", "--model", "none", "--data", "sft.jsonl", "--out", "s"], "none"),
    (["sft", "--model", "start", "--data", "none.jsonl", "--out", "s"], "none.jsonl cannot be read"),
    (["ppo", "--model", "start", "--data", "prompts.jsonl", "--out", "s", "--reward", "r.py:none"], "no such function: got none"),
    (["ppo", "--model", "start", "--data", "prompts.jsonl", "--out", "s", "--reward", "r.py:vowels*much"], "no weight"),
    (["sft", "--resume", "--out", "s"], "no run here"),
    (["inspect", "s"], "no run here"),
])
def test_what_fails_is_one_line_and_exits_with_1(arguments, says, here, capsys):
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert says in error and error.startswith("tutelage: ") and error.count("\n") == 1


def test_check_exits_with_1_for_what_spoils_training(here, capsys):
    assert main(["check", "pairs.jsonl", "--model", "start"]) == 0
    assert "10 rows of pairs" in capsys.readouterr().out
    assert main(["check", "prompts.jsonl", "--test", "pairs.jsonl", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["finding"] == "prompts that the test data has too"


def test_a_run_killed_again_and_again_ends_as_one_never_stopped(here):
    start = ["--num-generations", "2", "--model", "start", "--data", "prompts.jsonl", "--reward", "r.py:vowels", "--iterations", "30", "--max-new-tokens", "6", "--learning-rate", "1e-3",
             "--save-steps", "1", "--eval-steps", "7", "--save-total-limit", "3"]
    call = lambda *arguments: subprocess.Popen([sys.executable, "-m", "tutelage.cli.main", "rloo", *arguments], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert call(*start, "--out", "whole").wait() == 0
    begun = call(*start, "--out", "cut")
    kills, last = 0, -1
    while kills < 6:
        steps = runs.Folder("cut").steps()
        assert begun.poll() in (None, 0)
        if begun.poll() == 0 or (steps and steps[-1] > last + 2):  # it came further: kill it wherever it is now
            begun.kill()
            begun.wait()
            last = runs.Folder("cut").steps()[-1]
            kills += 1
            begun = call("--resume", "--out", "cut")
        time.sleep(0.003)
    assert begun.wait() == 0
    assert files("cut") == files("whole")
