"""The page as a rater has it: by keys, in a real browser; what is stored is what was done."""

import json
import random
import statistics
import time

import pytest
from tutelage import prefs
from tutelage.store import Item

KEYS = {"a": "a", "b": "b", "t": "tie", "x": "both_bad", "c": "cannot_judge", "s": "skip", "ArrowLeft": "a", "ArrowRight": "b"}
OTHER = {"a": "b", "b": "a"}
# the time from the key to the next question on the screen, taken in the page itself: two frames after the event
STOPWATCH = """() => { window.taken = []; document.addEventListener("keydown", () => { const from = performance.now(), old = document.querySelector(".prompt .text").textContent;
  const look = () => document.querySelector(".prompt .text").textContent !== old ? requestAnimationFrame(() => window.taken.push(performance.now() - from)) : requestAnimationFrame(look);
  requestAnimationFrame(look); }, true); }"""


def pairs(n):
    return [(f"Question {k}?", [f"first answer to {k}", f"second answer to {k}"]) for k in range(n)]


def in_item_order(loop, page_answers, item, kind):
    """What a key on a page means for the item."""
    swapped = page_answers[0] != item.answers[0]
    return OTHER.get(kind, kind) if swapped else kind


def test_a_hundred_judgements_by_keys(loop, open_page):
    loop.post(pairs(101))
    items = {i.prompt: i for i in loop.store.items()}
    page = open_page(loop.link)
    page.evaluate(STOPWATCH)
    draw, expected, start = random.Random(0), {}, time.monotonic()
    for _ in range(100):
        prompt, key = page.prompt(), draw.choice(list(KEYS))
        assert prompt not in expected
        expected[prompt] = in_item_order(loop, page.answers(), items[prompt], KEYS[key])
        page.press(key)
        page.locator(".prompt .text").filter(has_not_text=prompt).wait_for()
    page.saved()
    seconds = time.monotonic() - start
    taken = page.evaluate("() => window.taken")
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(f"100 judgements in {seconds:.1f} s; next question p95 {p95:.0f} ms, worst {max(taken):.0f} ms")
    assert {loop.desk._items[a.item].prompt: a.kind for a in loop.store.answers()} == expected
    assert loop.store.count() == 100
    assert seconds < 30 and p95 < 100
    assert all(a.seconds > 0 and a.rater.startswith("r-") and sorted(a.shown) == [0, 1] for a in loop.store.answers())
    assert page.wrong == []


def test_undo_at_any_depth_also_after_a_reload(loop, open_page):
    loop.post(pairs(45))
    page = open_page(loop.link)
    for k in range(40):
        page.locator(".prompt .text", has_text=f"Question {k}?").wait_for()
        page.press("a")
    page.saved()
    assert len(loop.store.answers()) == 40
    page.reload()
    page.locator(".answer").first.wait_for()
    for k in range(38):
        page.press("u")
        page.locator(".prompt .text", has_text=f"Question {39 - k}?").wait_for()
    page.saved()
    assert [loop.desk._items[a.item].prompt for a in loop.store.answers()] == ["Question 0?", "Question 1?"]
    assert loop.store.count() == 40 + 38  # nothing is deleted
    page.press("b")
    page.locator(".prompt .text", has_text="Question 3?").wait_for()
    page.saved()
    assert len(loop.store.answers()) == 3


def test_the_last_ten_can_be_changed(loop, open_page):
    loop.post(pairs(14))
    page = open_page(loop.link)
    page.press(*"abtxcabtxcab")
    page.saved()
    page.press("h")
    listed = page.locator(".history li button")
    assert listed.count() == 10 and "Question 11?" in listed.first.inner_text()
    listed.nth(3).click()
    assert page.prompt() == "Question 8?"
    page.press("s")
    page.locator(".prompt .text", has_text="Question 12?").wait_for()  # back to where one was
    page.saved()
    kinds = {loop.desk._items[a.item].prompt: a.kind for a in loop.store.answers()}
    assert kinds["Question 8?"] == "skip" and len(kinds) == 12


def test_strength_in_one_key(loop, open_page):
    loop.desk.settings.strength = True
    loop.post(pairs(8))
    items = {i.prompt: i for i in loop.store.items()}
    page, expected = open_page(loop.link), {}
    for n in range(1, 8):
        prompt, swapped = page.prompt(), page.answers()[0] != items[page.prompt()].answers[0]
        expected[prompt] = (n - 4) * (-1 if swapped else 1)
        page.press(str(n))
    page.saved()
    assert {loop.desk._items[a.item].prompt: a.strength for a in loop.store.answers()} == expected
    assert all((a.kind == "a") == (a.strength < 0) and (a.kind == "tie") == (a.strength == 0) for a in loop.store.answers())


def test_right_or_not_a_note_and_a_better_answer(loop, open_page):
    loop.post([("One?", ["only one"]), ("Two?", ["was only this"]), ("Three?", ["I am the chat bot", "Me."])])
    page = open_page(loop.link)
    page.press("n")
    page.keyboard.type("axs, a note")  # keys rest in a box
    page.press("Enter", "y")
    page.locator(".prompt .text", has_text="Two?").wait_for()
    page.press("x")
    page.locator(".prompt .text", has_text="Three?").wait_for()
    page.press("e")
    first = page.locator("textarea").input_value()
    assert first == page.answers()[0]
    page.locator("button", has_text="Start from B").click()
    assert page.locator("textarea").input_value() == page.answers()[1]
    page.press("Control+a")
    page.keyboard.type("I am a robot")
    assert page.locator(".difference ins").count() >= 1 and page.locator(".difference del").count() >= 1
    page.press("Control+Enter")
    page.saved()
    said = {loop.desk._items[a.item].prompt: a for a in loop.store.answers()}
    assert (said["One?"].kind, said["One?"].note, said["Two?"].kind) == ("right", "axs, a note", "wrong")
    assert (said["Three?"].kind, said["Three?"].correction) == ("correction", "I am a robot")
    kinds = [(j.kind, j.answers[j.answer].text, j.correction) for j in loop.judgements()]
    assert kinds[2] == ("correction", ({"I am the chat bot", "Me."} - {first}).pop(), "I am a robot")


def test_a_ranking_with_a_tie_and_a_warning_for_an_untouched_one(loop, open_page):
    loop.post([("Order?", ["w", "x", "y", "z"]), ("Again?", ["w", "x", "y"])])
    page = open_page(loop.link)
    order = page.answers()
    page.press("2", "1", "=", "4", "3", "Enter")
    page.locator(".prompt .text", has_text="Again?").wait_for()
    second = page.answers()
    page.press("Enter")
    page.locator(".alert", has_text="Nothing is placed").wait_for()
    page.press("Enter")
    page.saved()
    first, again = loop.store.answers()
    assert dict(zip("wxyz", first.ranking)) == {order[1]: 1, order[0]: 2, order[3]: 2, order[2]: 3}
    assert dict(zip("wxy", again.ranking)) == {answer: k + 1 for k, answer in enumerate(second)}
    assert len(prefs.judgement_rows(loop.judgements()[0], "preference")) == 5


def test_names_of_policies_never_reach_the_page(loop, open_page):
    loop.post(Item.of(f"Question {k}?", ("one", "two"), sources=("SECRET-policy-1", "SECRET-policy-2"), purpose="SECRET-purpose", score=0.4242, gold="a") for k in range(12))
    page = open_page(loop.link)
    page.press(*"aabbttxxcs")
    page.saved()
    bodies = [r.response().body() for r in page.requests]
    assert len(bodies) > 10 and not any(b"SECRET" in b or b"4242" in b for b in bodies)


def test_two_browsers_and_five_hundred_judgements_each_with_undo(loop, open_page):
    loop.post(pairs(1040))  # a page holds some that it fetched ahead
    items = {i.prompt: i for i in loop.store.items()}
    raters = [open_page(loop.link), open_page(loop.link)]
    draw, expected = random.Random(1), [{}, {}]
    while any(len(e) < 500 for e in expected):
        for page, said in zip(raters, expected):
            burst = []
            while len(said) < 500 and len(burst) < 6 and page.locator(".work:not([hidden])").count():
                if burst and draw.random() < 0.1:
                    page.press("u")
                    said.pop(burst.pop())
                    page.locator(".prompt .text").wait_for()
                    continue
                prompt, key = page.prompt(), draw.choice("abtx")
                said[prompt] = in_item_order(loop, page.answers(), items[prompt], KEYS[key])
                burst.append(prompt)
                page.press(key)
    for page in raters:
        page.saved()
    found = {}
    for a in loop.store.answers():
        found.setdefault(a.rater, {})[loop.desk._items[a.item].prompt] = a.kind
    assert sorted(map(len, found.values())) == [500, 500]
    assert sorted(found.values(), key=lambda d: sorted(d)) == sorted(expected, key=lambda d: sorted(d))
    assert len({a.item for a in loop.store.answers()}) == 1000  # none was judged twice
    assert loop.store.count() > 1000  # there were retractions
    assert [p.wrong for p in raters] == [[], []]


def test_the_server_goes_away_and_comes_back(tmp_path, open_page):
    from tutelage.rate import HumanLoop

    token = "t" * 24
    loop = HumanLoop(tmp_path / "j.db")
    loop.post(pairs(30))
    link = loop.serve(token=token)
    port = loop.server.port
    page = open_page(link)
    page.press(*"abab")
    page.saved()
    loop.close()
    page.press("a", "b")  # nobody listens
    page.locator(".saved.trouble").wait_for()
    assert "kept here" in page.locator(".alert").inner_text()
    again = HumanLoop(tmp_path / "j.db")
    again.post(pairs(30))
    again.serve(token=token, port=port)
    page.saved()
    assert len(again.store.answers()) == 6
    again.close()


def test_a_program_asks_and_goes_on_when_the_person_has_answered(loop, open_page):
    import threading

    page, got = open_page(loop.link), []
    page.locator(".empty", has_text="Nothing to judge").wait_for()
    asker = threading.Thread(target=lambda: got.extend(loop.ask(pairs(3))))
    asker.start()
    page.locator(".answer").first.wait_for()
    page.press("t", "t")
    page.saved()
    assert not got and asker.is_alive()
    page.press("t")
    asker.join(10)
    assert [j.kind for j in got] == ["tie"] * 3
    assert loop.ask(pairs(3)) and not loop.ask([("new?", ["x", "y"])], timeout=0.05)  # known ones at once


def test_gone_half_way_nothing_is_lost(loop, open_page):
    loop.post(pairs(10))
    page = open_page(loop.link)
    page.press("a", "b", "a")
    page.saved()
    page.goto("about:blank")
    other = open_page(loop.link)
    other.locator(".work:not([hidden])").wait_for()
    other.press("a")
    other.saved()
    assert len(loop.store.answers()) == 4


@pytest.mark.parametrize("wrong", ["no token", "old link"])
def test_without_a_valid_link_the_page_says_so(loop, chromium, wrong):
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{loop.server.port}/" + ("#" + "x" * 30 if wrong == "old link" else ""))
    page.locator(".alert", has_text="link is not valid").wait_for()
    page.close()


def test_the_link_leaves_the_address_bar_and_no_request_has_it(loop, open_page):
    loop.post(pairs(2))
    page = open_page(loop.link)
    assert "#" not in page.url and loop.server.token not in page.url
    assert not any(loop.server.token in r.url for r in page.requests if "#" not in r.url) and json.dumps([h for r in page.requests for h in [r.headers.get("referer", "")]]).count(loop.server.token) == 0


def test_what_a_closed_tab_could_not_send_is_sent_by_the_next(loop, open_page):
    loop.post(pairs(8))
    page = open_page(loop.link)
    page.context.route("**/api/answer", lambda route: route.abort())
    page.press("a", "b", "t")
    page.locator(".saved.trouble", has_text="3 not saved yet").wait_for()
    page.page.close()
    assert loop.store.count() == 0
    page.context.unroute("**/api/answer")
    page.page = page.context.new_page()
    page.page.goto(loop.link)
    page.saved()
    assert len(loop.store.answers()) == 3 and len({a.rater for a in loop.store.answers()}) == 1
    kept = page.evaluate("() => Object.keys(localStorage).filter((k) => k.startsWith('tutelage-outbox-')).map((k) => localStorage.getItem(k))")
    assert kept == ["[]"]


def test_a_refusal_is_shown_until_the_next_answer_is_saved(loop, open_page):
    loop.post(pairs(4))
    page = open_page(loop.link)
    page.context.route("**/api/answer", lambda route: route.fulfill(status=422, json={"error": "no such answer"}), times=1)
    page.press("a")
    page.locator(".alert", has_text="One answer was not taken: no such answer").wait_for()
    page.press("b")
    page.locator(".alert").wait_for(state="hidden")
    assert len(loop.store.answers()) == 1
