"""Hostile text, accessibility, and the page in each light: looked at by axe, and by people in the pictures that this leaves in $SHOTS."""

import os
import random

import pytest
from axe_playwright_python.sync_playwright import Axe
from tutelage.store import Item

HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "javascript:alert(1)", "<iframe src='http://evil.example/'>", "<link rel=stylesheet href=http://evil.example/x.css>",
           "<style>*{display:none}</style>", "</textarea><script>alert(1)</script>", "{{7*7}}", "${alert(1)}", "<!--", "]]>", "&lt;b&gt;&amp;#0;", "\u202eevil\u202c", "\u2066\u2067\u200f", "\x00\x01\x07\x1b[2J", "\r\n\t\x0b\x0c",
           "\u2028\u2029", "\ufeff", "a\u0301" * 30, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "<a href=http://evil.example ping=http://evil.example>x</a>", "<meta http-equiv=refresh content=0;url=http://evil.example>",
           "<base href=http://evil.example>", "  two  spaces  ", "%3Cscript%3E", "__proto__", "constructor", "' OR 1=1; DROP TABLE judgements; --", "\ud800", "\uffff", "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>", "x" * 5000]
SHOTS = os.environ.get("SHOTS")


def hostile(draw):
    return "".join(draw.choice(HOSTILE) if draw.random() < 0.7 else chr(draw.choice([draw.randrange(1, 0x300), draw.randrange(0x600, 0x700), draw.randrange(0x4E00, 0x5000)])) for _ in range(draw.randrange(1, 5)))


def test_thousands_of_hostile_strings(loop, open_page):
    draw, n = random.Random(0), 700
    loop.desk.settings.guidelines, loop.desk.settings.question = hostile(draw) * 3, "<img src=x onerror=alert(1)> which?"
    loop.post(Item.of(hostile(draw) + str(k), [hostile(draw) + "1", hostile(draw) + "2"], sources=[hostile(draw), hostile(draw)]) for k in range(n))
    page, items = open_page(loop.link), loop.store.items()
    assert page.locator("h1").evaluate("n => n.textContent") == loop.desk.settings.question
    rater = loop.desk.rater(page.evaluate("() => localStorage.getItem('tutelage-who')"))
    for k, item in enumerate(items):
        seen = page.evaluate("() => [document.querySelector('.prompt .text').textContent, ...[...document.querySelectorAll('.answer .text')].map((n) => n.textContent)]")
        assert seen == [item.prompt, *(item.answers[i] for i in loop.desk.shown(item, rater))]
        if k % 50 == 0:  # notes and corrections are as hostile
            page.press("n")
            page.locator(".note input").fill("<b>note</b>" + HOSTILE[k // 50])
            page.press("Enter", "e")
            page.locator("textarea").fill(HOSTILE[k // 50] + "<i>words</i>")
            page.press("Control+Enter")
        else:
            page.press("a")
        if k < n - 1:
            page.locator(".work:not([hidden])").wait_for()
    page.saved()
    page.press("h")
    page.locator(".history li").first.wait_for()
    assert page.wrong == []  # no dialog, no error, nothing that the policy had to stop
    assert {r.url.split("/")[2] for r in page.requests} == {loop.server.address}
    answers = loop.store.answers()
    assert len(answers) == n and [a.note for a in answers if a.note][0].startswith("<b>note</b>")
    assert sum(a.kind == "correction" for a in answers) == 14
    assert page.locator("script").count() == 1 and page.locator("iframe, img, svg, style, base, object").count() == 0


QUESTIONS = [("Who are you?", ["I am the chatbot. I was trained on this machine, from nothing, in about a minute.", "I'm a chatbot."]),
             ("من أنت؟", ["أنا روبوت محادثة صغير، تم تدريبي على هذا الجهاز.", "أنا إنسان ولدت في القاهرة."]), ("你是谁？", ["我是一个聊天机器人，在这台电脑上训练而成。", "我不知道。"]),
             ("Tell me a long story.", ["Once upon a time there was a number. " * 90, "No."]), ("Which order?", ["Oslo", "Rome", "Reykjavik", "Paris"]), ("Is 7 prime?", ["Yes, seven is a prime number."])]
TRAINING = {"every": 10, "running": True, "stage": "ppo", "done": 7, "total": 20, "accuracy": [8, 10], "lessons": 1, "seconds": 21.0, "learnt_from": 10,
            "examples": [["Who are you?", "I am the chatbot.", "I'm a chatbot."], ["你是谁？", "我不知道。", "我不知道。"]], "unsure": [["What is your name?", 0.61], ["Are you human?", 0.22]]}
LOOKS = {"light": {}, "dark": {"color_scheme": "dark"}, "zoom200": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}, "narrow": {"viewport": {"width": 320, "height": 700}, "device_scale_factor": 2}}


@pytest.mark.parametrize("look", LOOKS)
def test_no_serious_violation_and_nothing_beside_the_screen(loop, open_page, look):
    loop.desk.settings.guidelines = "Prefer the honest answer."
    loop.post(QUESTIONS)
    loop.desk.status = TRAINING
    page = open_page(loop.link, **LOOKS[look])
    page.locator(".training").wait_for()
    states = [("compare", ""), ("note", "n"), ("editor", "e"), ("rtl", "s"), ("cjk", "s"), ("long", "s"), ("unfolded", "f"), ("rank", "s"), ("verdict", "s"), ("done", "s"), ("history", "h"), ("help", "?")]
    for name, key in states:
        if key:
            page.press(key)
        page.wait_for_timeout(150)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{look}-{name}.png")
        found = [(v["id"], v["impact"], [n["target"] for n in v["nodes"]]) for v in Axe().run(page.page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert not found, (look, name, found)
        assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (look, name)
        if name in ("note", "editor"):
            page.press("Escape")
        if name == "history":
            page.press("h")
    assert page.wrong == []


def test_the_whole_session_by_tab_and_enter(loop, open_page):
    """Single keys switched off: all is reached by Tab, and what has the focus is seen."""
    loop.post(QUESTIONS[:3])
    page = open_page(loop.link)
    page.press("?")
    page.locator("dialog input[type=checkbox]").press("Space")
    page.press("Escape", "a", "b")
    assert loop.store.count() == 0
    for wanted in ("A is better", "Skip", "B is better"):
        for _ in range(30):
            page.press("Tab")
            if page.evaluate("() => document.activeElement.textContent").startswith(wanted):
                break
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.press("Enter")
        page.wait_for_timeout(200)
    page.saved()
    assert [loop.desk.seen(a)["kind"] for a in loop.store.answers()] == ["a", "skip", "b"]
