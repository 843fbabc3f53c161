"""How far raters agree: with what is known, with themselves, with each other."""

import json
import math
import random

from tutelage import prefs
from tutelage.cli.main import main
from tutelage.rate import Desk, Settings
from tutelage.rate.desk import new_id
from tutelage.store import Item
from tutelage.store.raters import agreement


def say(desk, rater, view, kind):
    return desk.answer(rater, "session-1", {"id": new_id(), "item": view["item"], "turn": view["turn"], "kind": kind, "seconds": 1})


def test_raters_beside_what_is_known_themselves_and_each_other(tmp_path, capsys):
    store = prefs.Store(tmp_path / "j.db")
    desk = Desk(store, Settings(per_item=2, repeat_share=0.5))
    desk.add(Item.of(f"q{k}", ["right", "not so right"], gold="a") for k in range(200))
    for name, kind in (("r-knows", None), ("r-first", "a")):
        while views := desk.next(name, "session-1", 10):
            for v in views:
                say(desk, name, v, kind or "ab"[v["answers"].index("right")])
    found = agreement(store)
    knows, first = found.raters["r-knows"], found.raters["r-first"]
    assert (knows.gold.share, knows.consistency.share, knows.longer.share) == (1.0, 1.0, 0.0) and knows.answers > 260 and knows.gold.low > 0.95
    assert first.first.share == 1.0 and first.consistency.share == 0.0 and 0.35 < first.gold.share < 0.65 and 0.35 < knows.first.share < 0.65
    assert abs(found.raw.share - 0.5) < 0.1 and found.raw.count == 200 and abs(found.alpha) < 0.5
    assert list(found.kappa) == [("r-first", "r-knows")] and abs(found.kappa["r-first", "r-knows"]) < 0.2
    assert main(["stats", store.path]) == 0
    out = capsys.readouterr().out
    assert "r-knows: " in out and "100 % of" in out and "two raters say the same" in out
    assert main(["stats", store.path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answered"] == desk.progress()["answered"] == sum(r["answers"] for r in told["raters"].values())
    assert told["raters"]["r-knows"]["gold"]["share"] == 1.0 and told["raw"]["count"] == 200 and told["alpha"] == found.alpha


def test_reliabilities_are_recovered_within_two_standard_errors(tmp_path):
    draw, truth = random.Random(1), {"r-coin": 0.5, "r-fair": 0.85, "r-good": 0.95, "r-poor": 0.7}
    store = prefs.Store(tmp_path / "j.db")
    desk = Desk(store, Settings(per_item=len(truth)))
    worth = [draw.gauss(0, 1.5) for _ in range(20)]
    desk.add(Item.of("q?", [f"answer {i}", f"answer {j}"]) for i in range(20) for j in range(i))
    for name, right in truth.items():
        while views := desk.next(name, "session-1", 10):
            for v in views:
                first, second = (worth[int(text.split()[1])] for text in v["answers"])
                better = draw.random() < 1 / (1 + math.exp(second - first))
                say(desk, name, v, "ab"[better != (draw.random() < right)])
    found = {name: r.reliability for name, r in agreement(store).raters.items()}
    assert list(found) == list(truth)
    for name, r in found.items():
        assert r.low <= truth[name] <= r.high and r.high - r.low < 0.4, (name, r)
    desk.add(Item.of(f"alone {k}?", ["x", "y"]) for k in range(3))  # pairs that stand alone tell nothing of their raters
    while views := desk.next("r-new", "session-1", 1):
        say(desk, "r-new", views[0], "a" if views[0]["prompt"].startswith("alone") else "skip")
    assert agreement(store).raters["r-new"].reliability is None
