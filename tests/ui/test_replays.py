"""Two behaviours of a policy side by side: what moves, what a key does, what a rater never hears of."""

import math
import os

import numpy as np
import pytest
import tutelage
from axe_playwright_python.sync_playwright import Axe
from tutelage import env, prefs
from tutelage.store import Item, Replay, exchange

INKS = "() => [...document.querySelectorAll('canvas')].map((c) => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })"
SEEN = "() => [...document.querySelectorAll('canvas')].map((c) => c.toDataURL())"


def pendulum(swing, steps=40):
    """A rod that swings to one side, as an environment would draw it, and its episode."""
    angles = [swing * math.sin(k / 6) for k in range(steps)]
    tip = lambda a: (math.sin(a), math.cos(a))
    frames = [[{"line": [0, 0, *tip(a)], "width": 8, "color": "accent"}, {"circle": [0, 0, 0.08]}, {"text": f"{a:.2f}", "at": [-1.1, -1.1], "color": "soft"}] for a in angles]
    return Replay.of(frames, 0.05, (-1.3, -1.3, 1.3, 1.3), env.Trajectory([[a] for a in angles], [[0.0]] * steps, [-a * a for a in angles]))


def test_replays_are_seen_and_judged_by_keys(loop, open_page):
    left, right, short = pendulum(-1), pendulum(1), pendulum(1, 10)
    loop.post([Item.of("Which leans left?", (left, right), sources=("SECRET-new", "SECRET-best"), purpose="duel"), Item.of("And now?", (right, short))])
    page = open_page(loop.link)
    page.locator(".player").wait_for()
    page.wait_for_timeout(300)
    assert all(n > 200 for n in page.evaluate(INKS)) and page.locator("button", has_text="Write a better one").count() == 0
    moving = page.evaluate(SEEN)
    page.wait_for_timeout(300)
    assert all(a != b for a, b in zip(moving, page.evaluate(SEEN)))  # it runs by itself
    page.press("p")
    still = page.evaluate(SEEN)
    page.wait_for_timeout(200)
    assert still == page.evaluate(SEEN)
    scrub = page.locator(".player input")
    scrub.fill("0")
    first = page.evaluate(SEEN)
    page.press(".", ".", ".")
    assert float(scrub.input_value()) == pytest.approx(0.15) and all(a != b for a, b in zip(first, page.evaluate(SEEN)))
    page.press(",", ",", ",")
    assert page.evaluate(SEEN) == first
    page.press("]", "]")
    assert "Speed 4" in page.locator(".player").inner_text()
    scrub.fill("0")
    page.press("p")
    page.wait_for_timeout(250)
    page.press("p")
    assert float(scrub.input_value()) > 0.4  # four times as fast
    found = [v for v in Axe().run(page.page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert not found, found
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/replays.png")
    item = loop.store.items()[0]
    shown = loop.desk.shown(item, loop.desk.rater(page.evaluate("() => localStorage.getItem('tutelage-who')")))
    page.press("ab"[shown.index(0)])  # the one that leans left
    page.locator(".prompt .text", has_text="And now?").wait_for()
    page.locator(".player input").fill("1.9")
    page.press("e", "t")  # nothing to write about a replay
    page.saved()
    assert [a.kind for a in loop.store.answers()] == ["a", "tie"]
    judged = loop.judgements()[0]
    assert judged.purpose == "duel" and judged.answers[0].source == "SECRET-new" and judged.answers[0].trajectory.observations.shape == (40, 1)
    heard = "".join(r.response().text() for r in page.requests if "/api/" in r.url)
    assert "frames" in heard and not any(word in heard for word in ("SECRET", "duel", "rewards", "observations"))
    assert page.wrong == []
    assert len(exchange.export(loop.store, "judgements").splitlines()) == 2 and exchange.export(loop.store, "preference") == ""


def test_pictures_that_an_environment_renders(loop, open_page):
    frames = lambda shade: [np.full((40, 60, 3), (shade, 10 * k, 0), np.uint8) for k in range(20)]
    loop.post([Item.of("Which?", (Replay.of(frames(0)), Replay.of(frames(250))))])
    page = open_page(loop.link)
    page.press("p")
    page.locator(".player input").fill("0.5")  # the tenth picture
    page.wait_for_timeout(200)
    colors = page.evaluate("() => [...document.querySelectorAll('canvas')].map((c) => [...c.getContext('2d').getImageData(20, 20, 1, 1).data])")
    assert sorted(colors) == [[0, 100, 0, 255], [250, 100, 0, 255]]
    assert page.wrong == []


def test_the_new_against_the_best_so_far(loop, open_page):
    import threading

    test, said = prefs.ChampionTest(), []
    asked = [(f"Duel {k}?", f"new {k}", f"best {k}") for k in range(6)]
    page = open_page(loop.link)
    thread = threading.Thread(target=lambda: said.extend(loop.duel(asked, new="ppo step 40", best="ppo step 20", test=test)))
    thread.start()
    for k in range(6):
        page.locator(".prompt .text", has_text=f"Duel {k}?").wait_for(timeout=10_000)
        page.press("ab"[[a.startswith("new") for a in page.answers()].index(True)] if k else "t")
    thread.join(10)
    assert sorted(said) == ["tie"] + ["won"] * 5 and test.judgements == 6 and test.evidence > 1
    items = loop.store.items()
    assert {i.purpose for i in items} == {"duel"} and {i.sources for i in items} == {("ppo step 40", "ppo step 20")}
    heard = "".join(r.response().text() for r in page.requests if "/api/" in r.url)
    assert "ppo step" not in heard and '"duel"' not in heard


@pytest.mark.parametrize("call", [lambda: Replay.of([]), lambda: Replay.of(["http://evil.example/x.png"]), lambda: Replay.of([[{"line": [0, 0, 1]}]]), lambda: Replay.of([[{"circle": [0, 0, math.nan]}]]),
                                  lambda: Replay.of([[{"star": [1]}]]), lambda: Replay.of([[{"circle": [0, 0, 1], "color": "url(x)"}]]), lambda: Replay.of([[]], 0), lambda: Replay.of([[]], box=(0, 0, 0, 1)),
                                  lambda: Replay.of([np.zeros((4, 4), np.uint8)]), lambda: Replay.of([[]] * 10_001)])
def test_what_is_no_replay_is_refused(call):
    with pytest.raises(tutelage.ValueError, match="Replay.of"):
        call()
