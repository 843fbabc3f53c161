"""The server of the page, spoken to without a browser: who is refused, and that nobody is kept waiting."""

import json
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import tutelage
from tutelage.rate import HumanLoop, server

sys.path.insert(0, str(Path(__file__).parent))
import killed  # noqa: E402

WHO = {"who": "w" * 32, "session": "s" * 32}


@pytest.fixture
def loop(tmp_path):
    with HumanLoop(tmp_path / "j.db") as made:
        made.post((f"Question {k}?", ["one", "two"]) for k in range(20))
        made.serve()
        yield made


def speak(loop, request, timeout=5):
    """The status line's number and the rest; bytes as they are."""
    with socket.create_connection(("127.0.0.1", loop.server.port), timeout) as s:
        s.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data and (part := s.recv(65536)):
            data += part
        length = next((int(h.split(b":")[1]) for h in data.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < length and (part := s.recv(65536)):
            body += part
    return int(head.split()[1]), head.decode("latin-1"), body


def post(loop, path="/api/hello", body=None, **headers):
    data = json.dumps(body if body is not None else WHO).encode() if not isinstance(body, bytes) else body
    given = {"Host": loop.server.address, "Content-Type": "application/json", "Authorization": "Bearer " + loop.server.token, "Content-Length": str(len(data)), "Connection": "close",
             **{k.replace("_", "-"): v for k, v in headers.items()}}
    lines = "".join(f"{k}: {v}\r\n" for k, v in given.items() if v is not None)
    return speak(loop, f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + data)


def get(loop, path, host=None):
    return speak(loop, f"GET {path} HTTP/1.1\r\nHost: {host or loop.server.address}\r\nConnection: close\r\n\r\n".encode("latin-1"))


def test_a_normal_call_and_its_headers(loop):
    status, head, body = post(loop, Origin=f"http://{loop.server.address}")
    assert status == 200 and json.loads(body)["rater"].startswith("r-")
    status, head, body = get(loop, "/")
    assert status == 200 and b"tutelage-rate" in body
    policy = next(line for line in head.splitlines() if line.lower().startswith("content-security-policy"))
    assert "default-src 'none'" in policy and "unsafe" not in policy and "nosniff" in head and "no-referrer" in head and "server:" not in head.lower()


@pytest.mark.parametrize("status, change", [
    (421, {"Host": "evil.example"}), (421, {"Host": "evil.example:80"}), (421, {"Host": "127.0.0.1"}), (400, {"Host": None}), (403, {"Origin": "http://evil.example"}), (403, {"Origin": "null"}),
    (401, {"Authorization": None}), (401, {"Authorization": "Bearer "}), (401, {"Authorization": "Bearer \xff\xfe"}), (401, {"Authorization": "Basic abc"}),
    (415, {"Content_Type": "text/plain"}), (415, {"Content_Type": None}), (415, {"Content_Type": "application/x-www-form-urlencoded"}),
    (413, {"Content_Length": str(2 << 20)}), (400, {"Content_Length": "-5"}), (400, {"Content_Length": "x"})])
def test_strangers_are_refused(loop, status, change):
    assert post(loop, **change)[0] == status
    assert post(loop)[0] == 200


@pytest.mark.parametrize("body, status", [(b"{", 400), (b"\xff\xfe", 400), (b"[" * 200_000, 400), (b"[]", 422), (b"3", 422), (b"{}", 422), ({**WHO, "who": "short"}, 422), ({**WHO, "session": 4}, 422),
                                          (b"x" * (1 << 20) + b"x", 413)])
def test_bodies_that_are_none(loop, body, status):
    assert post(loop, body=body)[0] == status


@pytest.mark.parametrize("name, more", [("answer", {}), ("answer", {"answer": []}), ("answer", {"answer": {"id": "x" * 20, "item": "../../etc/passwd"}}), ("next", {"count": 10**9}), ("next", {"count": "1"}),
                                        ("next", {"holding": [["x"]]}), ("next", {"holding": [[{}, 0]]}), ("next", {"holding": [["x", 0]] * 101})])
def test_calls_that_are_none(loop, name, more):
    status, _, body = post(loop, "/api/" + name, {**WHO, **more})
    assert status == 422 and json.loads(body)["error"] and loop.store.count() == 0


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/rate.js/../../store/database.py", "/api/../rate.js", "/desk.py", "//etc/passwd", "/static/", "/api/hello", "/.git/config",
                                  "/rate.js%00.py", "/\\..\\..\\etc"])
def test_no_path_leads_out(loop, path):
    status, _, body = get(loop, path)
    assert 400 <= status < 500 and b"root:" not in body and b"import" not in body


def test_other_methods_and_chunks_too_large(loop):
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert speak(loop, f"{method} / HTTP/1.1\r\nHost: {loop.server.address}\r\nConnection: close\r\n\r\n".encode())[0] == 405
    head = f"POST /api/hello HTTP/1.1\r\nHost: {loop.server.address}\r\nContent-Type: application/json\r\nAuthorization: Bearer {loop.server.token}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert speak(loop, head + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 17)[0] == 413
    assert 400 <= speak(loop, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000)[0] < 500


def test_slow_clients_are_told_and_keep_nobody_waiting(loop, monkeypatch):
    monkeypatch.setattr(server, "SLOW", 1.0)
    slow = []
    for k in range(60):
        s = socket.create_connection(("127.0.0.1", loop.server.port), 15)
        s.sendall([b"", b"POST /api/hel", f"POST /api/answer HTTP/1.1\r\nHost: {loop.server.address}\r\nContent-Type: application/json\r\nAuthorization: Bearer {loop.server.token}\r\nContent-Length: 500\r\n\r\n{{".encode()][k % 3])
        slow.append(s)
    for _ in range(5):
        start = time.monotonic()
        (item,) = json.loads(post(loop, "/api/next", {**WHO, "count": 1})[2])["items"]
        answer = {"id": f"id-{time.monotonic_ns()}", "item": item["item"], "turn": 0, "kind": "tie", "seconds": 1}
        assert post(loop, "/api/answer", {**WHO, "answer": answer})[0] == 200
        assert time.monotonic() - start < 1
    assert {s.recv(100).split()[1] for s in slow} == {b"408"}
    [s.close() for s in slow]


def test_a_port_that_is_taken_and_weak_tokens(loop, tmp_path):
    with HumanLoop(tmp_path / "other.db") as other:
        with pytest.raises(tutelage.IoError, match=f"cannot listen on 127.0.0.1:{loop.server.port}"):
            other.serve(port=loop.server.port)
        with pytest.raises(tutelage.ConfigError, match="no token"):
            other.serve(host="0.0.0.0")
        with pytest.raises(tutelage.ConfigError, match="too weak"):
            other.serve(token="short")


def test_a_store_that_is_locked_or_full_is_said_and_the_answer_may_come_again(loop):
    import sqlite3
    other = sqlite3.connect(loop.store.path, isolation_level=None)
    loop.store._connection.execute("PRAGMA busy_timeout = 50")
    (item,) = json.loads(post(loop, "/api/next", {**WHO, "count": 1})[2])["items"]
    answer = {**WHO, "answer": {"id": "i" * 32, "item": item["item"], "turn": 0, "kind": "a", "seconds": 1}}
    other.execute("BEGIN IMMEDIATE")
    status, _, body = post(loop, "/api/answer", answer)
    assert status == 503 and "in use" in json.loads(body)["error"] and loop.store.count() == 0
    other.execute("ROLLBACK")
    assert [post(loop, "/api/answer", answer)[0] for _ in range(3)] == [200] * 3 and loop.store.count() == 1


def test_a_store_that_was_closed_makes_no_page_drop_its_answer(loop):
    (item,) = json.loads(post(loop, "/api/next", {**WHO, "count": 1})[2])["items"]
    loop.store.close()
    status, _, body = post(loop, "/api/answer", {**WHO, "answer": {"id": "i" * 32, "item": item["item"], "turn": 0, "kind": "a", "seconds": 1}})
    assert status == 503 and "closed" in json.loads(body)["error"]  # of 4xx a page would take it that the answer is wrong


@pytest.mark.parametrize("seconds", [10**400, 1e9, -1, "1", None])
def test_seconds_that_are_none_are_refused_and_the_page_does_not_try_again(loop, seconds):
    (item,) = json.loads(post(loop, "/api/next", {**WHO, "count": 1})[2])["items"]
    status, _, body = post(loop, "/api/answer", {**WHO, "answer": {"id": "i" * 32, "item": item["item"], "turn": 0, "kind": "a", "seconds": seconds}})
    assert status == 422 and "seconds" in json.loads(body)["error"] and loop.store.count() == 0


def test_the_next_start_has_the_port_of_the_last_where_it_is_free(tmp_path):
    with HumanLoop(tmp_path / "j.db") as first:
        first.serve()
        port = first.server.port
    with HumanLoop(tmp_path / "j.db") as second, HumanLoop(tmp_path / "j.db") as third:
        second.serve(), third.serve()
        assert second.server.port == port != third.server.port


def test_a_server_that_does_not_come_up_is_an_error(loop, monkeypatch):
    async def ends(sockets):
        return None

    made = server.Server(loop.desk)
    monkeypatch.setattr(made._server, "serve", ends)
    with pytest.raises(tutelage.IoError, match="ended before it began to serve"):
        made.start()
    gone = server.Server(loop.desk)
    gone._socket.close()
    with pytest.raises(tutelage.IoError, match="cannot listen"):
        gone.start()


def test_the_file_with_the_token_goes_when_the_browser_has_it(loop, monkeypatch):
    opened = []
    monkeypatch.setattr(server.webbrowser, "open", lambda url: opened.append(Path(url.removeprefix("file://"))) or True)
    loop.server.open()
    assert loop.server.token in opened[0].read_text()
    assert post(loop)[0] == 200 and not opened[0].exists()
    loop.server.open()
    opened[1].unlink()  # cleaned away by another
    loop.close()


def test_no_log_has_the_token_or_a_rater(loop, capfd, caplog):
    caplog.set_level(0)
    threads = [threading.Thread(target=post, args=(loop,)) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    post(loop, body=b"{")
    get(loop, "/?token=" + loop.server.token)
    out, err = capfd.readouterr()
    assert not any(loop.server.token in text or WHO["who"] in text for text in (out, err, caplog.text))


def test_a_server_that_is_killed_loses_and_doubles_nothing(tmp_path):
    found = killed.run(str(tmp_path), 12)
    assert found["lost"] == found["doubled"] == 0 and found["acknowledged"] > 20, found
