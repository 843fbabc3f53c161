"""check, compare, inspect and report: what they find, and what they refuse."""

import json
import math
import sys
import types

import pytest
from small_runs import WORDS, arguments, chat_model, pairs, prompts, short

import tutelage
from tutelage import io, prefs, reward, runs
from tutelage.runs.compare import bootstrap, outcomes_of
from tutelage.runs.rewards import part


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looking")
    model = str(folder / "start")
    io.save_model(model, chat_model())
    (folder / "data.jsonl").write_text("".join(json.dumps(r) + "\n" for r in prompts(8)))
    for name, rate in (("a", 1e-4), ("b", 3e-2)):
        runs.start("ppo", model, str(folder / "data.jsonl"), folder / name, rewards=short, iterations=12, max_new_tokens=6, learning_rate=rate, eval_steps=6, kl_coef=0).train()
    return folder


def findings(report):
    return {f["finding"].split(",")[0].split(":")[0]: (f["count"], f["serious"]) for f in report["findings"]}


def test_check_finds_what_is_wrong_with_pairs():
    rows = [*pairs(10), pairs(10)[3], {"prompt": "x", "chosen": "same", "rejected": "same"}, {"prompt": "x", "chosen": "", "rejected": "y"}]
    rows.append({**rows[0], "chosen": rows[0]["rejected"], "rejected": rows[0]["chosen"]})
    rows.append({"prompt": "x", "chosen": "word " * 60, "rejected": "z"})
    report = runs.check([{**r, "id": i} for i, r in enumerate(rows)], test=[{"prompt": "What is the sun?"}], model=chat_model())
    assert (report["kind"], report["rows"], report["other_columns"]) == ("pairs", 15, ["id"])
    assert findings(report) == {
        "pairs whose two answers are the same": (1, True), "empty answers": (1, True), "pairs that are judged both ways": (2, False),
        "prompts that the test data has too": (3, True), "rows of more tokens than the model's context": (1, True),
    }
    assert report["tokens"]["context"] == 48 and report["tokens"]["most"] > 48 and report["serious"]
    assert findings(runs.check(rows))["rows that are there before"] == (1, False)
    text = runs.check_text(report)
    assert "! empty answers: 1 of 15 (rows 12)" in text and "15 rows of pairs; columns prompt, chosen, rejected; beside them id" in text


def test_check_says_that_the_longer_answer_wins():
    rows = [{"prompt": str(i), "chosen": "long answer", "rejected": "short"} for i in range(18)] + [{"prompt": str(i), "chosen": "b", "rejected": "cc"} for i in range(2)]
    report = runs.check(rows)
    assert report["length_rule"] == 0.9 and "the longer answer is chosen in 90%" in report["findings"][0]["finding"] and not report["serious"]
    assert "nothing found" in runs.check_text(runs.check(pairs(4)))


def test_check_of_the_other_kinds_and_of_none():
    assert runs.check([{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}])["kind"] == "conversations"
    assert runs.check([{"prompt": "a", "completion": "b", "label": True}])["kind"] == "single answers with labels"
    assert runs.check(prompts(), model=chat_model(), new_tokens=40)["findings"][0]["serious"]
    with pytest.raises(tutelage.ValueError, match="Did you mean prompt"):
        runs.check([{"promt": "a"}])


def test_compare_tells_models_apart_and_knows_the_judge(trained):
    many = [{"prompt": f"What is the {w}{i}?"} for w in WORDS for i in range(8)]
    judge = runs_judge("""def judge(prompt, a, b):
    x, y = (sum(c in 'aeiou' for c in t) / (1 + len(t)) for t in (a, b))
    return 'tie' if x == y else 'a' if x > y else 'b'
""", trained)
    report = runs.compare(trained / "a", trained / "b", many, judge, max_new_tokens=6)
    assert report["prompts"] == 64 and report["wins"] + report["ties"] + report["losses"] == 64
    assert report["win_rate"] == (report["wins"] + 0.5 * report["ties"]) / 64 and report["verdict"] == "B"
    assert report["B"]["kl"] > report["A"]["kl"] and report["B"]["start_perplexity"] > 1
    turned = runs.compare(trained / "b", trained / "a", many, judge, max_new_tokens=6)
    assert turned["win_rate"] == 1 - report["win_rate"] and turned["verdict"] == "A"
    few = runs.compare(trained / "a", trained / "b", many[:49], judge, max_new_tokens=6)
    assert few["verdict"] is None and "no verdict: fewer than 50 prompts" in runs.compare_text(few)
    same = runs.compare(trained / "a", trained / "a", many, judge, max_new_tokens=6)
    assert same["win_rate"] == 0.5 and same["verdict"] == "undecided" and same["ties"] == 64
    with pytest.raises(tutelage.ConfigError, match="the judge trained A: got short"):
        runs.compare(trained / "a", trained / "start", many, short)
    by_scores = runs.compare(trained / "start", trained / "b", many, lambda completions: [len(c) for c in completions], max_new_tokens=6)
    assert 0 <= by_scores["win_rate"] <= 1


def runs_judge(source, folder):
    (folder / "judge.py").write_text(source)
    return str(folder / "judge.py") + ":judge"


def test_sides_are_shuffled():
    judge = part(lambda prompt, a, b: "a")  # who always takes the first is right half the time
    n = 400
    found = outcomes_of(judge, {"texts": [""] * n, "ids": [[]] * n}, [([1], "x")] * n, [([1], "y")] * n, {}, seed=3)
    assert 0.4 < sum(found) / n < 0.6
    with pytest.raises(tutelage.ValueError, match='no verdict: got 3, expected "a", "b" or "tie"'):
        outcomes_of(part(lambda prompt, a, b: 3), {"texts": [""], "ids": [[]]}, [([1], "x")], [([1], "y")], {}, 0)


def test_intervals_cover_what_they_say():
    import random

    rng, low, covered = random.Random(1), 0, [0, 0]
    for trial in range(300):
        outcomes = [0.5 if rng.random() < 0.2 else float(rng.random() < 0.6) for _ in range(60)]  # mean 0.58
        for k, (low, high) in enumerate((prefs.wilson_share(sum(outcomes), 60)[1:3], bootstrap(outcomes, trial, 300))):
            covered[k] += low <= 0.58 <= high
    assert 270 <= covered[1] <= 298 and covered[0] >= 275, covered


def test_inspect_shows_the_worst_first(trained):
    rows = runs.worst(trained / "b", 3)
    everything = runs.worst(trained / "b", 100)
    assert [r["reward"] for r in rows] == sorted(r["reward"] for r in everything)[:3] and {r["step"] for r in rows} == {12}
    assert runs.worst(trained / "b", 1, best=True)[0]["reward"] == max(r["reward"] for r in everything)
    far = runs.worst(trained / "b", 100, by="kl", step=6)
    assert sum(far[0]["kl"]) == max(sum(r["kl"]) for r in far) and far[0]["step"] == 6
    assert "KL" in runs.numbers(rows[0]) and "advantages" in runs.numbers(rows[0])
    with pytest.raises(tutelage.ValueError, match="expected one of 6, 12"):
        runs.worst(trained / "b", step=7)
    with pytest.raises(tutelage.ConfigError, match="unknown order"):
        runs.worst(trained / "b", by="luck")
    with pytest.raises(tutelage.IoError, match="no run here"):
        runs.worst(trained / "none")


def test_the_report_stands_alone_and_escapes_what_models_say(trained, tmp_path):
    folder = runs.Folder(trained / "b")
    folder.append("metrics.jsonl", {"step": 12, "warning": "<script>alert(1)</script>"})
    page = open(runs.report([trained / "a", trained / "b"], tmp_path / "r.html"), encoding="utf-8").read()
    assert "<script" not in page and "&lt;script&gt;" in page and "http" not in page.replace("http-equiv", "")
    assert "learning_rate" in page and "reward against KL" in page and page.count("<polyline") > 10 and "eval_reward" in page
    assert "By its own reward b answers better than a" in page
    assert "reward against length" in page and "calibration" not in page
    alone = open(runs.report(trained / "a", tmp_path / "s.html"), encoding="utf-8").read()
    assert "Settings that differ" not in alone and "<details>" in alone


def test_a_broken_line_is_named_and_a_torn_last_one_left_out(tmp_path):
    folder = runs.Folder(tmp_path)
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n{"step": 2}\n{"st')
    assert folder.lines("metrics.jsonl") == [{"step": 1}, {"step": 2}]
    for broken in (b"{\n", b"\xff\n"):
        (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n' + broken + b'{"step": 2}\n')
        with pytest.raises(tutelage.IoError, match="metrics.jsonl, line 2 is damaged"):
            folder.lines("metrics.jsonl")


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    import os

    from tutelage import _outside

    path, link = tmp_path / "x.txt", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)
    _outside.write_whole(link, "new\n", 0o600)
    assert path.read_text() == "new\n" and link.is_symlink() and path.stat().st_mode & 0o777 == 0o600
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.path.realpath(f"/proc/self/fd/{handle}")))
    _outside.write_whole(path, "newer")
    assert synced[0].endswith(".new") and synced[1:] == [str(tmp_path)]

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(tutelage.IoError, match="x.txt cannot be written: got No space left"):
        _outside.write_whole(path, "lost")
    assert path.read_text() == "newer" and sorted(os.listdir(tmp_path)) == ["link", "x.txt"]
    _outside.write_whole("/dev/null", "gone")
    assert not os.path.isfile("/dev/null")


def test_a_reward_run_s_calibration_and_the_raters_of_a_store(tmp_path):
    from tutelage.store import Answer, Item, Store

    runs.start("reward", chat_model(), pairs(), tmp_path / "rm", epochs=2).train()
    with Store(tmp_path / "j.db") as store:
        for k in range(12):
            item = Item.of(f"q{k}", ["x", "y"], gold="a")
            store.add([item])
            store.judge(Answer(f"answer-{k:02d}", item.id, "r-one", "session-1", 0, "a" if k else "b", shown=(0, 1)), item)
    page = open(runs.report(tmp_path / "rm", tmp_path / "r.html", tmp_path / "j.db"), encoding="utf-8").read()
    rows = runs.Folder(tmp_path / "rm").lines("samples.jsonl")
    p = [1 / (1 + math.exp(-r["reward"])) for r in rows if r["step"] == rows[-1]["step"]]
    error = reward.expected_calibration_error(p, [1.0] * len(p))
    assert f"calibration: right against sure; error {error:.3f} on {len(p)} pairs" in page
    assert "r-one" in page and "right where the answer is known" in page and "reliability of raters" not in page


def test_a_notebook_s_curves_are_drawn_as_it_trains(tmp_path, monkeypatch):
    shown = []

    class Handle:
        def update(self, what):
            shown.append(what._repr_html_())

    def display(what, display_id):
        shown.append(what._repr_html_())
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    monkeypatch.setattr("tutelage.runs.live.LEAST", 0)
    runs.start(**arguments("sft"), out=tmp_path / "s").train()
    steps = sum("loss" in row for row in runs.Folder(tmp_path / "s").lines("metrics.jsonl"))
    assert len(shown) >= steps > 1 and "step 1: " in shown[0] and shown[-1].count("<polyline") >= 1 and "loss" in shown[-1]
    del shell.kernel
    shown.clear()
    runs.start(**arguments("sft"), out=tmp_path / "t").train()  # at an IPython prompt nothing is drawn
    assert shown == []
