"""The store: added to only, whole or refused, private, and forgetful where it is asked to be."""

import os
import sqlite3
import stat
import threading

import pytest
import tutelage
from tutelage import prefs
from tutelage.store import Answer, Item, exchange, schema

SECRETS = (b"SECRETNOTE", b"SECRETWORDS")


def answer(item, rater="r-1", kind="a", id=None, **more):
    return Answer(id or os.urandom(8).hex(), item.id, rater, "session-1", 0, kind, shown=tuple(range(len(item.answers))), **more)


def items(n):
    return [Item.of(f"Question {k}?", [f"one {k}", f"two {k}"], sources=["m1", "m2"]) for k in range(n)]


@pytest.fixture
def store(tmp_path):
    with prefs.Store(tmp_path / "j.db") as made:
        yield made


def files_of(store):
    folder = os.path.dirname(store.path)
    return {name: open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder) if name.startswith("j.db")}


def test_what_is_stored_is_what_was_said_and_sending_twice_is_harmless(store):
    first, second = items(2)
    assert store.add([first, second, first]) == 2 and store.add([first]) == 0
    said = answer(first, kind="a", strength=-2, note="n\0ote \u202e\ud800", seconds=1.5, time=7.0)
    assert store.judge(said, first) and not store.judge(said, first)
    assert store.answers() == [said._replace(note="n\0ote \u202e\ufffd\ufffd\ufffd")]
    with pytest.raises(tutelage.ValueError, match="taken"):
        store.judge(answer(second, id=said.id), second)
    assert store.count() == 1 and store.items() == [first, second]


def test_a_retraction_is_a_row_and_a_new_answer_takes_the_place_of_the_old(store):
    (item,) = items(1)
    store.add([item])
    one, two = answer(item, kind="a"), answer(item, kind="b")
    store.judge(one, item)
    store.judge(two, item)
    assert [a.kind for a in store.answers()] == ["b"] and store.count() == 3
    assert store.retract("retraction-1", two.id, "r-1") and not store.retract("retraction-1", two.id, "r-1") and not store.retract("retraction-2", two.id, "r-1")
    assert store.answers() == [] and store.count() == 4
    with pytest.raises(tutelage.ValueError, match="no such judgement"):
        store.retract("retraction-3", one.id, "r-2")  # another's


@pytest.mark.parametrize("change", [{"kind": "better"}, {"kind": "right"}, {"strength": 1}, {"strength": -4}, {"kind": "tie", "strength": 2}, {"answer": 0}, {"ranking": (1, 2)},
                                    {"correction": "x"}, {"kind": "correction", "answer": 0, "correction": " "}, {"kind": "correction", "answer": 2, "correction": "x"},
                                    {"seconds": float("nan")}, {"seconds": -1.0}, {"seconds": 10**400}, {"seconds": 1e9}, {"shown": (0, 0)}, {"shown": (0,)}, {"note": "x" * 200_001}])
def test_what_is_no_answer_is_refused(store, change):
    (item,) = items(1)
    store.add([item])
    with pytest.raises(tutelage.ValueError):
        store.judge(answer(item)._replace(**change), item)
    assert store.count() == 0


@pytest.mark.parametrize("call", [lambda: Item.of("", ["x"]), lambda: Item.of("q", []), lambda: Item.of("q", ["x"] * 10), lambda: Item.of("q", ["x", "y"], sources=["m"]),
                                  lambda: Item.of("q", ["x", "y"], gold="right"), lambda: Item.of("q", ["x"], task="compare")])
def test_what_is_no_question_is_refused(call):
    with pytest.raises(tutelage.ValueError):
        call()


def test_files_are_their_owners_alone(tmp_path):
    path = tmp_path / "j.db"
    path.touch(0o644)
    os.chmod(path, 0o644)
    old = os.umask(0)
    try:
        with prefs.Store(path) as store:
            store.add(items(3))
            for name in os.listdir(tmp_path):
                assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600, name
    finally:
        os.umask(old)


def test_an_erased_rater_leaves_no_byte(store):
    asked = items(300)
    store.add(asked)
    rater, other = store.pseudonym("Anna"), store.pseudonym("Bert")
    for k, item in enumerate(asked):
        store.judge(answer(item, rater, "correction", answer=0, correction=f"SECRETWORDS {k}", note="SECRETNOTE" * 50), item)
        store.judge(answer(item, other, "b", note="kept"), item)
        if k % 7 == 0:
            store.retract(f"retraction-{k}", store.answers(rater)[-1].id, rater)
    assert all(any(s in data for data in files_of(store).values()) for s in (*SECRETS, rater.encode()))
    assert b"Anna" not in b"".join(files_of(store).values())  # a name is stored nowhere
    assert store.erase("Anna") == 300 + 43
    for name, data in files_of(store).items():
        assert not any(s in data for s in (*SECRETS, rater.encode())), name
    for form in exchange.FORMATS:
        text = exchange.export(store, form).encode()
        assert not any(s in text for s in (*SECRETS, rater.encode()))
    assert len(store.answers()) == 300 and {a.rater for a in store.answers()} == {other}
    assert store.erase("Anna") == 0
    store.close()
    for name, data in files_of(store).items():
        assert not any(s in data for s in (*SECRETS, rater.encode())), name


def test_erasing_says_so_where_another_program_reads(store):
    (item,) = items(1)
    store.add([item])
    store.judge(answer(item), item)
    reader = sqlite3.connect(store.path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM judgements").fetchall()
    store._connection.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(tutelage.IoError, match="in use"):
        store.erase("r-1")
    reader.close()
    store.erase("r-1")
    assert not any(b"r-1" in data for data in files_of(store).values())


def test_an_open_store_of_others_mode_becomes_its_owners_alone(tmp_path):
    path = tmp_path / "j.db"
    prefs.Store(path).close()
    os.chmod(path, 0o644)
    with prefs.Store(path) as store:
        store.add(items(1))
        assert {stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)} == {0o600}


def test_what_goes_wrong_is_called_what_it_is(store):
    known, unknown = items(2)
    store.add([known])
    with pytest.raises(tutelage.ValueError, match="Store.judge: unknown item"):
        store.judge(answer(unknown), unknown)
    with pytest.raises(tutelage.ValueError, match="does not fit what is stored: got NOT NULL"):
        store.judge(answer(known, rater=None), known)
    store._connection.set_progress_handler(lambda: 1, 1)
    with pytest.raises(tutelage.IoError, match="cannot be used: got interrupted"):
        store.items()
    store._connection.set_progress_handler(None, 0)
    store.close()
    with pytest.raises(tutelage.StateError, match="was closed"):
        store.items()


def spoil(path, how):
    connection = sqlite3.connect(path)
    if how == "newer":
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    elif how == "older":
        connection.execute("PRAGMA user_version = 0")
    elif how == "foreign":
        connection.execute("PRAGMA application_id = 1234")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    if how == "text":
        path.write_text("This is no database, but a text of some length.\n" * 100)
    if how == "torn":
        data = bytearray(path.read_bytes())
        data[4096 * 2: 4096 * 6] = os.urandom(4096 * 4)
        path.write_bytes(data)
    if how == "cut":
        path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize("how, match", [("newer", "newer schema: got version 2, expected 1. Update"), ("older", "unknown schema"), ("foreign", "another program's"), ("text", "damaged or no SQLite"),
                                        ("torn", "damaged"), ("cut", "damaged")])
def test_what_is_no_store_is_named_and_never_overwritten(tmp_path, how, match):
    path = tmp_path / "j.db"
    with prefs.Store(path) as store:
        store.add(items(50))
    spoil(path, how)
    os.chmod(path, 0o644)
    before = path.read_bytes()
    with pytest.raises(tutelage.IoError, match=match) as caught:
        prefs.Store(path)
    assert "j.db" in str(caught.value) and path.read_bytes() == before
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644  # nor made private


def test_a_full_disk_and_a_lock_lose_nothing(store):
    asked = items(3)
    store.add(asked)
    store.judge(answer(asked[0]), asked[0])
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(tutelage.IoError, match="disk is full"):
        store.judge(answer(asked[1], note="x" * 100_000), asked[1])
    store._connection.execute("PRAGMA max_page_count = 1000000")
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._connection.execute("PRAGMA busy_timeout = 50")
    with pytest.raises(tutelage.IoError, match="in use"):
        store.judge(answer(asked[1]), asked[1])
    other.execute("ROLLBACK")
    assert store.judge(answer(asked[1]), asked[1]) and len(store.answers()) == 2


def test_a_missing_store_and_a_folder(tmp_path):
    with pytest.raises(tutelage.IoError, match="no such file"):
        prefs.Store(tmp_path / "none.db", create=False)
    with pytest.raises(tutelage.IoError, match="cannot be opened"):
        prefs.Store(tmp_path)


def test_threads_and_processes_at_once(store):
    asked = items(80)
    store.add(asked)
    second = prefs.Store(store.path)
    def work(where, rater):
        for item in asked:
            where.judge(answer(item, rater), item)
    threads = [threading.Thread(target=work, args=(where, f"r-{k}")) for k, where in enumerate((store, store, second, second))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    second.close()
    assert len(store.answers()) == 320
