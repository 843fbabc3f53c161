"""A notebook's messages reach the desk as the page's do."""

import threading

from tutelage.rate import HumanLoop


def test_a_widget_speaks_to_the_desk(tmp_path):
    with HumanLoop(tmp_path / "j.db") as loop:
        (id,) = loop.post([("q?", ["x", "y"])])
        made, sent = loop.widget(), []
        made.send = lambda message, buffers=None: sent.append(message)
        for name, body in (("hello", {}), ("next", {"count": 2}), ("answer", {"answer": {"id": "i" * 20, "item": id, "turn": 0, "kind": "tie", "seconds": 1}}), ("answer", {"answer": {}}), ("state", {})):
            made._handle_custom_msg({"call": name, "name": name, "body": {"session": "s" * 20, **body}}, [])
        assert sent[0]["reply"]["question"] and len(sent[1]["reply"]["items"]) == 1 and "reply" in sent[2] and sent[3]["status"] == 422 and len(sent[4]["reply"]["history"]) == 1
        assert [a.kind for a in loop.store.answers()] == ["tie"] and "mount" in made._esm


def test_who_sits_before_a_notebook_is_erased_by_name(tmp_path):
    with HumanLoop(tmp_path / "j.db") as loop:
        (id,) = loop.post([("q?", ["x", "y"])])
        made = loop.widget("anna")
        made.send = lambda message, buffers=None: None
        made._handle_custom_msg({"call": "1", "name": "answer", "body": {"session": "s" * 20, "answer": {"id": "i" * 20, "item": id, "turn": 0, "kind": "tie", "seconds": 1}}}, [])
        assert len(loop.store.answers()) == 1 and loop.store.erase("anna") == 1 and loop.store.answers() == []


def test_ask_returns_when_page_and_notebook_have_answered_at_once(loop, open_page):
    asked, got = [(f"Question {k}?", ["x", "y"]) for k in range(2)], []
    thread = threading.Thread(target=lambda: got.extend(loop.ask(asked)))
    page, made, sent = open_page(loop.link), loop.widget(), []
    made.send = lambda message, buffers=None: sent.append(message)
    speak = lambda name, **body: made._handle_custom_msg({"call": name, "name": name, "body": {"session": "s" * 20, **body}}, [])
    thread.start()
    page.locator(".work:not([hidden])").wait_for()
    page.press("t")
    page.saved()
    page.context.close()  # what it fetched ahead is free again
    loop.desk.wait(lambda: len(loop.answers()) == 1, 10)
    while not sent or not sent[-1]["reply"]["items"]:
        speak("next", count=1)
    view = sent[-1]["reply"]["items"][0]
    assert thread.is_alive()  # one answer is missing
    speak("answer", answer={"id": "i" * 20, "item": view["item"], "turn": 0, "kind": "both_bad", "seconds": 1})
    thread.join(10)
    assert sorted(j.kind for j in got) == ["both_bad", "tie"] and len({j.annotator for j in got}) == 2
