"""The desk and the terminal: who sees what on which side, what a key means, and files of judgements."""

import io as streams
import json
import os
import pty
import random
import sys
import time

import pytest
import tutelage
from tutelage import prefs, train
from tutelage.cli.main import main
from tutelage.rate import Desk, HumanLoop, Settings
from tutelage.rate import desk as desks
from tutelage.rate.terminal import Keys, Terminal, shown
from tutelage.store import Item, exchange

S = "session-1"


def make(tmp_path, n=5, answers=2, **settings):
    store = prefs.Store(tmp_path / "j.db")
    desk = Desk(store, Settings(**settings))
    desk.add(Item.of(f"Question {k}?", [f"answer {i} to {k}" for i in range(answers)]) for k in range(n))
    return desk


def say(desk, rater, view, kind, **more):
    return desk.answer(rater, S, {"id": desks.new_id(), "item": view["item"], "turn": view["turn"], "kind": kind, "seconds": 1, **more})


def test_sides_are_a_fair_coin_by_item_and_rater(tmp_path):
    desk = make(tmp_path, 2000)
    items = desk.store.items()
    first = [desk.shown(i, "r-1")[0] == 0 for i in items]
    assert abs(sum(first) / 2000 - 0.5) <= 0.03
    assert first == [desk.shown(i, "r-1")[0] == 0 for i in items]
    assert 0.4 < sum(a == (desk.shown(i, "r-2")[0] == 0) for a, i in zip(first, items)) / 2000 < 0.6
    desk.settings.seed = 1
    assert first != [desk.shown(i, "r-1")[0] == 0 for i in items]


def test_six_keys_are_six_kinds_and_two_never_train(tmp_path):
    desk = make(tmp_path, 6)
    kinds = ["a", "b", "tie", "both_bad", "cannot_judge", "skip"]
    for kind, view in zip(kinds, desk.next("r-1", S, 6)):
        say(desk, "r-1", view, kind)
    stored = desk.store.answers()
    assert [desk.seen(a)["kind"] for a in stored] == kinds == [desk.seen(a)["kind"] for a in desk.standing()]
    assert [{"a": "b", "b": "a"}.get(k, k) if a.shown == (1, 0) else k for a, k in zip(stored, kinds)] == [a.kind for a in stored]
    items = {i.id: i for i in desk.store.items()}
    silent = [a for a in stored if a.kind in ("cannot_judge", "skip")]
    data = prefs.training_data(exchange.to_judgements(silent, items))
    assert len(silent) == 2 and not any(data[:3])
    assert any(prefs.training_data(exchange.to_judgements(stored, items))[:3])
    assert [(h["id"], h["kind"]) for h in desk.history("r-1")[::-1]] == [(a.id, kind) for a, kind in zip(stored, kinds)]  # as it was seen


def test_k_judgements_an_item_and_leases(tmp_path, monkeypatch):
    desk = make(tmp_path, 3, per_item=2)
    ask = lambda rater, session, n=9: [v["item"] for v in desk.next(rater, session, n)]
    one, two = ask("r-1", "session-a"), ask("r-2", "session-b")
    assert len(one) == len(two) == 3 and ask("r-3", "session-c") == []
    desk.release("session-b")
    assert len(ask("r-3", "session-c")) == 3
    now = time.monotonic()
    monkeypatch.setattr(desks.time, "monotonic", lambda: now + desks.LEASE + 1)
    assert len(ask("r-4", "session-d")) == 3  # two minutes are over
    for view in desk.next("r-1", "session-a", 9):
        say(desk, "r-1", view, "a")
    assert ask("r-1", "session-a") == [] and len(desk.standing()) == 3 - len(ask("r-1", "x" * 8)) >= 0


def test_a_pair_that_comes_again_keeps_no_other_rater_from_it(tmp_path):
    desk = make(tmp_path, 1, per_item=2, repeat_share=1.0)
    (first,) = desk.next("r-1", "session-a")
    desk.answer("r-1", "session-a", {"id": desks.new_id(), "item": first["item"], "turn": 0, "kind": "a"})
    (again,) = desk.next("r-1", "session-a")
    assert again["turn"] == 1 and len(desk.next("r-2", "session-b")) == 1
    desk.release("session-b")
    said = desk.answer("r-1", "session-a", {"id": desks.new_id(), "item": again["item"], "turn": 1, "kind": "a"})
    desk.answer("r-1", "session-a", {"id": desks.new_id(), "retracts": said["id"]})
    assert len(desk.next("r-2", "session-b")) == 1


def test_some_pairs_are_asked_again_with_the_sides_swapped(tmp_path):
    desk, seen = make(tmp_path, 200, repeat_share=0.25), {}
    while views := desk.next("r-1", S, 10):
        for v in views:
            seen.setdefault(v["item"], []).append(v["answers"])
            say(desk, "r-1", v, "a")
    twice = [v for v in seen.values() if len(v) == 2]
    assert 30 <= len(twice) <= 70 and all(first == second[::-1] for first, second in twice) and len(seen) == 200
    for item in [k for k, v in seen.items() if len(v) == 2]:  # always the left: not consistent
        assert {a.kind for a in desk.store.answers() if a.item == item} == {"a", "b"}


@pytest.mark.parametrize("change", [{"item": "none"}, {"item": 3}, {"id": "short"}, {"id": None}, {"kind": ["a"]}, {"kind": "source"}, {"turn": 2}, {"turn": True}, {"strength": "3"}, {"strength": 9},
                                    {"ranking": [1, 2]}, {"ranking": "12"}, {"answer": 5, "kind": "correction", "correction": "x"}, {"seconds": "1"}, {"seconds": -1}, {"correction": 7}])
def test_messages_that_are_no_answer_change_nothing(tmp_path, change):
    desk = make(tmp_path)
    (view,) = desk.next("r-1", S)
    message = {"id": desks.new_id(), "item": view["item"], "turn": 0, "kind": "a", "seconds": 1, **change}
    with pytest.raises(tutelage.ValueError):
        desk.answer("r-1", S, message)
    assert desk.store.count() == 0 and desk.standing() == []


def test_a_desk_made_again_knows_what_was_answered(tmp_path):
    desk = make(tmp_path, 4)
    for view in desk.next("r-1", S, 2):
        say(desk, "r-1", view, "b", strength=2)
    again = Desk(desk.store)
    again.add(desk.store.items())
    assert len(again.next("r-1", S, 9)) == 2 and again.progress()["answered"] == 2 and [h["strength"] for h in again.history("r-1")] == [2, 2]


def test_the_loop_asks_what_is_left_only(tmp_path):
    with HumanLoop(tmp_path / "j.db") as loop:
        ids = loop.post([("q?", ["x", "y"]), ("r?", ["only"])])
        assert loop.ask([("q?", ["x", "y"])], timeout=0.01) == []
        view = [v for v in loop.desk.next("r-1", S, 9) if v["task"] == "compare"][0]
        say(loop.desk, "r-1", view, "tie")
        assert [j.kind for j in loop.ask([("q?", ["x", "y"])])] == ["tie"] and len(loop.answers(ids)) == 1
        assert loop.ask([("r?", ["only"])], should_stop=lambda: True) == []
        with pytest.raises(tutelage.StateError, match="serve"):
            loop.link
    assert train.HumanLoop is HumanLoop
    with pytest.raises(tutelage.ValueError, match="per_itm"):
        HumanLoop(tmp_path / "k.db", per_itm=2)


def all_kinds(tmp_path):
    store = prefs.Store(tmp_path / "all.db")
    desk = Desk(store)
    desk.add([Item.of(f"=cmd|{k}", ["@x\r\ny", "+1\t'"], sources=["m", ""]) for k in range(6)] + [Item.of(f"v{k}", ["only"]) for k in range(3)] + [Item.of("rank", list("wxyz"))])
    kinds = iter([("a", {"strength": -3, "note": "=1+1"}), ("b", {}), ("tie", {}), ("both_bad", {}), ("correction", {"answer": 1, "correction": "-better"}), ("skip", {}), ("right", {"answer": 0}),
                  ("wrong", {"answer": 0}), ("correction", {"answer": 0, "correction": "new"}), ("ranking", {"ranking": [1, 2, 2, 3]})])
    rater = desk.rater("Anna")
    for view in desk.next(rater, S, 20):
        kind, more = next(kinds)
        say(desk, rater, view, kind, **more)
    return store


@pytest.mark.parametrize("form", ["judgements", "csv"])
def test_whole_judgements_come_back(tmp_path, form):
    store, path = all_kinds(tmp_path), str(tmp_path / ("j." + ("csv" if form == "csv" else "jsonl")))
    with open(path, "w", encoding="utf-8") as file:
        file.write("old")
    os.chmod(path, 0o644)
    assert main(["export", store.path, "--format", form, "--out", path]) == 0
    assert os.stat(path).st_mode & 0o777 == 0o600
    with prefs.Store(tmp_path / "other.db") as other:
        assert exchange.load(other, path) == 10 and exchange.load(other, path) == 0
        assert [a._replace(shown=(), session="", turn=0) for a in other.answers()] == [a._replace(shown=(), session="", turn=0) for a in store.answers()]
        assert {(i.prompt, i.answers, i.sources) for i in other.items()} == {(i.prompt, i.answers, i.sources) for i in store.items()}
    bare = exchange.export(store, form, raters=False, notes=False)
    assert store.pseudonym("Anna") not in bare and S not in bare and "1+1" not in bare
    if form == "csv":
        import csv
        cells = [c for row in csv.reader(streams.StringIO(open(path, newline="").read(), newline="")) for c in row]
        assert not any(c.startswith(("=", "+", "@", "\t", "\r")) or (c.startswith("-") and not c[1:].isdigit()) for c in cells)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_names_in_a_file_are_stored_nowhere(tmp_path, form):
    path = tmp_path / ("named." + form)
    if form == "csv":
        path.write_text('id,task,prompt,answers,kind,rater,shown\nid-1,compare,q,"[""x"", ""y""]",a,Alice Smith,"[0, 1]"\nid-2,compare,r,"[""x"", ""y""]",a,r-0123456789ab,"[0, 1]"\n')
    else:
        path.write_text("".join(json.dumps({"prompt": p, "answers": ["x", "y"], "kind": "a", "annotator": who, "id": f"id-{p}"}) + "\n" for p, who in (("q", "Alice Smith"), ("r", "r-0123456789ab"))))
    with prefs.Store(tmp_path / "j.db") as store:
        assert exchange.load(store, str(path)) == 2 and exchange.load(store, str(path)) == 0
        assert [a.rater for a in store.answers()] == [store.pseudonym("Alice Smith"), "r-0123456789ab"]
        assert b"Alice" not in b"".join((tmp_path / name).read_bytes() for name in os.listdir(tmp_path) if name.startswith("j.db"))
        assert store.erase("Alice Smith") == 1


@pytest.mark.parametrize("form, rows", [("preference", 9), ("hh", 9), ("completion", 3), ("unpaired", 8)])
def test_rows_of_trl_come_back(tmp_path, form, rows):
    store, path = all_kinds(tmp_path), tmp_path / "rows.jsonl"
    path.write_text(exchange.export(store, form), encoding="utf-8")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert len(lines) == rows  # of the ranking of four with a tie: five pairs
    with prefs.Store(tmp_path / "other.db") as other:
        assert exchange.load(other, str(path)) == rows
        again = [json.loads(line) for line in exchange.export(other, form).split("\n") if line]
    assert again == lines


@pytest.mark.parametrize("line", ["[1]", "{", '{"prompt": "q"}', '{"prompt": 3, "chosen": "a", "rejected": "b"}', '{"chosen": "x", "rejected": "y"}', '{"prompt": "q", "answers": ["x", "y"], "kind": "better"}',
                                  '{"prompt": "q", "answers": "xy", "kind": "a", "ranking": [1, 2]}', "\udcff"])
def test_files_that_are_none_add_nothing(tmp_path, line):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(('{"prompt": "q", "chosen": "a", "rejected": "b"}\n' + line + "\n").encode("utf-8", "surrogateescape"))
    with prefs.Store(tmp_path / "j.db") as store:
        with pytest.raises(tutelage.IoError, match="bad.jsonl"):
            exchange.load(store, str(path))
        assert store.count() == 0 and store.items() == []


def test_the_command_line(tmp_path, monkeypatch, capsys):
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("".join(json.dumps({"prompt": f"q{k}", "answer_a": "x\x1b[2J", "answer_b": "y"}) + "\n" for k in range(4)))
    monkeypatch.setattr(sys, "stdin", streams.StringIO("a\nnonsense\nt\nu\nx\nn\nmy note\nb\nq\n"))
    assert main(["rate", str(pairs), "--rater", "Anna"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "x\\x1b[2J" in out and "3 of 4 answered" in out
    store = prefs.Store(tmp_path / "judgements.db")
    assert [a.note for a in store.answers()] == [None, None, "my note"] and [a.kind for a in store.answers()][1] == "both_bad" and store.count() == 5
    store.close()
    assert main(["erase", str(tmp_path / "judgements.db"), "--rater", "Anna"]) == 0
    assert "5 rows erased" in capsys.readouterr().out
    assert main(["erase", str(tmp_path / "judgements.db"), "--rater", "Anna"]) == 1 and "no such rater: got Anna" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "none.db")]) == 1 and main(["stats", str(tmp_path / "none.db")]) == 1
    assert main(["rate", str(pairs), "--web", "--host", "0.0.0.0"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_text_of_a_terminal():
    assert shown("a\x1b[31m\r\nb\rc\u202e\n\ttab\x9b5m", 60) == "  a\\x1b[31m\n  b\\rc\\u202e\n      tab\\x9b5m"
    assert Terminal.ranking({"answers": "wxyz"}, "31=42")["ranking"] == [2, 3, 1, 2]
    assert Terminal.ranking({"answers": "wxyz"}, "3 1 = 4 2")["ranking"] == [2, 3, 1, 2]
    assert [Terminal.ranking({"answers": "wxy"}, t) for t in ("12", "112", "124", "1a2", "")] == [None] * 5


def test_hostile_text_passes_no_escape_to_a_terminal(tmp_path, capsys):
    draw = random.Random(0)
    bad = ["\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x1bP", "\x07", "\x08" * 9, "\u202e", "\u2028", "\x00", "\x7f", "\r", "\x0b"]
    desk = make(tmp_path, 0)
    desk.add(Item.of("".join(draw.choices(bad + ["word "], k=6)) + str(k), ["".join(draw.choices(bad + ["x "], k=9)), f"y{k}"]) for k in range(1500))
    Terminal(desk, "r-1", Keys(streams.StringIO("a\n" * 1500))).run()
    out = capsys.readouterr().out
    assert len(desk.standing()) == 1500 and not set(out) - {"\n"} & set("\x1b\x9b\x07\x08\x00\x7f\r\x0b\u202e\u2028")


def test_one_key_on_a_real_terminal(tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("".join(json.dumps({"prompt": f"q{k}", "answers": ["x", "y"]}) + "\n" for k in range(3)))
    pid, file = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "tutelage.cli.main", "rate", str(pairs)])
    text = b""
    for key in (b"a", b"\x1b[C", b"e"):
        while text.count(b"leave") < 1:
            text += os.read(file, 65536)
        text = b""
        os.write(file, key)
    while b"Start from" not in text:
        text += os.read(file, 65536)
    os.write(file, b"a")
    while b"Better:" not in text:
        text += os.read(file, 65536)
    os.write(file, b" and more\n")
    while True:
        try:
            text += os.read(file, 65536)
        except OSError:
            break
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 and b"3 of 3 answered" in text
    with prefs.Store(tmp_path / "judgements.db") as store:
        assert store.answers()[2].correction in ("x and more", "y and more")
