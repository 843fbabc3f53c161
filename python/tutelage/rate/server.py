"""The page's server: Starlette and uvicorn on this machine's own address, for who has the link."""

import asyncio
import contextlib
import hmac
import json
import os
import secrets
import socket
import tempfile
import threading
import webbrowser
from importlib import resources

from .._core import ConfigError, IoError, StateError
from .._core import ValueError as WrongValue

BODY_LIMIT, SLOW, TOGETHER = 1 << 20, 10.0, 100
FILES = {"/": ("index.html", "text/html"), "/rate.js": ("rate.js", "text/javascript"), "/rate.css": ("rate.css", "text/css")}
HEADERS = [(k.lower().encode(), v.encode()) for k, v in {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY", "Permissions-Policy": "camera=(), microphone=(), geolocation=()"}.items()]


class Refused(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


class App:
    """The desk over HTTP. Files need no token and hold no data; every POST to /api needs it, JSON, and this server's Host and Origin."""

    def __init__(self, desk, token, hosts, greeted):
        self.desk, self.token, self.hosts, self.greeted = desk, token.encode(), hosts, greeted
        folder = resources.files("tutelage").joinpath("rate")
        self.files = {path: (folder.joinpath(name).read_bytes(), kind) for path, (name, kind) in FILES.items()}

    async def __call__(self, scope, receive, send):
        from starlette.requests import Request
        from starlette.responses import JSONResponse, Response

        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            if not any(hmac.compare_digest(request.headers.get("host", "").encode(), h.encode()) for h in self.hosts):
                raise Refused(421, "another host was asked for")
            if scope["path"] in self.files:
                if scope["method"] not in ("GET", "HEAD"):
                    raise Refused(405, "only to be read")
                body, kind = self.files[scope["path"]]
                response = Response(body, media_type=kind)
            else:
                response = JSONResponse(await self.api(request))
        except Refused as error:
            response = JSONResponse({"error": str(error)}, error.status)
            if error.status in (408, 413):
                response.headers["Connection"] = "close"
        except (WrongValue, KeyError, TypeError) as error:
            response = JSONResponse({"error": str(error)}, 422)
        except (IoError, StateError) as error:  # a store that was closed may be open again: the page keeps what it has
            response = JSONResponse({"error": str(error)}, 507 if "disk is full" in str(error) else 503)
        response.raw_headers.extend(HEADERS)
        await response(scope, receive, send)

    async def api(self, request):
        name = request.url.path.removeprefix("/api/")
        if not request.url.path.startswith("/api/") or name not in ("hello", "next", "answer", "state", "leave"):
            raise Refused(404, "no such page")
        if request.method != "POST":
            raise Refused(405, "expected POST")
        origin = request.headers.get("origin")
        if origin is not None and origin not in {"http://" + h for h in self.hosts}:
            raise Refused(403, "another page asked")
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), b"Bearer " + self.token):
            raise Refused(401, "this link is not valid any more: open the one that the program printed")
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Refused(415, "expected application/json")
        body = await self.body(request)
        try:
            message = json.loads(body)
        except ValueError as error:  # also of UTF-8 that is none, and RecursionError below
            raise Refused(400, "this is no JSON") from error
        except RecursionError as error:
            raise Refused(400, "this is nested too deeply") from error
        if not isinstance(message, dict):
            raise Refused(422, "expected an object")
        who = message.get("who")  # a secret of the browser, from which the rater's pseudonym is made
        if not (isinstance(who, str) and 16 <= len(who) <= 64):
            raise Refused(422, "who is missing")
        if name == "hello":
            self.greeted()
        return await asyncio.get_running_loop().run_in_executor(None, call, self.desk, self.desk.rater(who), name, message)

    async def body(self, request):
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_LIMIT:
            raise Refused(413, f"at most {BODY_LIMIT} bytes")
        parts, size = [], 0
        async def read():
            nonlocal size
            async for part in request.stream():
                size += len(part)
                if size > BODY_LIMIT:
                    raise Refused(413, f"at most {BODY_LIMIT} bytes")
                parts.append(part)
        try:
            await asyncio.wait_for(read(), SLOW)
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise Refused(408, "too slow") from error
        return b"".join(parts)


def call(desk, rater, name, message):
    """One message of a page or a widget whose rater has this pseudonym."""
    session = message.get("session")
    if not (isinstance(session, str) and 8 <= len(session) <= 64):
        raise Refused(422, "session is missing")
    if name == "answer":
        return desk.answer(rater, session, message.get("answer"))
    if name == "leave":
        desk.release(session)
    out = {"progress": desk.progress(rater)}
    if name == "hello":
        s = desk.settings
        out |= {"rater": rater, "question": s.question, "guidelines": s.guidelines, "strength": s.strength, "history": desk.history(rater)}
    if name == "state":
        out["history"] = desk.history(rater)
    if name == "next":
        holding = message.get("holding", [])
        count = message.get("count", 1)
        if not (isinstance(count, int) and 0 <= count <= 50 and isinstance(holding, list) and len(holding) <= 100
                and all(isinstance(h, list) and len(h) == 2 and isinstance(h[0], str) and h[1] in (0, 1) for h in holding)):
            raise Refused(422, "count or holding is out of range")
        out["items"] = desk.next(rater, session, count, [tuple(h) for h in holding])
    return out


def protocol():
    """uvicorn's HTTP, but a client that takes over SLOW seconds to say what it wants is told so and let go."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Hurried(H11Protocol):
        _slow = None

        def connection_made(self, transport):
            super().connection_made(transport)
            self._watch()

        def data_received(self, data):
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc):
            if self._slow:
                self._slow.cancel()
            super().connection_lost(exc)

        def _watch(self):
            asking = self.cycle is None or self.cycle.response_complete
            if asking and not self._slow:
                self._slow = self.loop.call_later(SLOW, self._give_up)
            elif not asking and self._slow:
                self._slow.cancel()
                self._slow = None

        def _give_up(self):
            self._slow = None
            if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                self.transport.close()

    return Hurried


class Server:
    """Serves a desk in a thread of its own. `link` is what a rater opens; the token stands behind #, so that it is in no request line and no log."""

    def __init__(self, desk, host="127.0.0.1", port=0, token=None):
        try:
            import starlette  # noqa: F401
            import uvicorn
        except ImportError as error:
            raise ConfigError("Server: the page needs starlette and uvicorn: got neither or one of them, expected both. pip install 'tutelage[ui]'") from error
        if host not in ("127.0.0.1", "localhost", "::1") and not token:
            raise ConfigError(f"Server: other machines can reach {host}: got no token, expected one of your own. Give --token as well.")
        if token is not None and (len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token):
            raise ConfigError(f"Server: the token is too weak: got {len(token)} characters, expected 16 or more of ASCII without spaces.")
        self.desk, self.token = desk, token or secrets.token_urlsafe(24)
        last = int(desk.store.setting("port") or 0)  # a browser knows its pseudonym, and what it could not send, by host and port
        self._socket = bound(host, last, True) or bound(host, 0) if port == 0 else bound(host, port)
        self.port = self._socket.getsockname()[1]
        desk.store.keep("port", str(self.port))
        named = [f"[{host}]" if ":" in host else host] + (["127.0.0.1", "localhost"] if host in ("127.0.0.1", "localhost") else [])
        if host in ("0.0.0.0", "::"):
            named += [socket.gethostname(), "127.0.0.1", "localhost", *{a[4][0] for a in _addresses()}]
        self.address = f"{named[0] if host not in ('0.0.0.0', '::') else socket.gethostname()}:{self.port}"
        hosts = {f"{n}:{self.port}" for n in named}
        self.link = f"http://{self.address}/#{self.token}"
        config = uvicorn.Config(App(desk, self.token, hosts, self._forget), http=protocol(), ws="none", lifespan="off", loop="asyncio", access_log=False, log_level="critical", server_header=False,
                                timeout_keep_alive=20, limit_concurrency=None, h11_max_incomplete_event_size=16384, proxy_headers=False)
        self._server = uvicorn.Server(config)
        self._opener = None
        self._thread = threading.Thread(target=self._serve, name="tutelage rate", daemon=True)

    def _serve(self):
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self):
        """Raises IoError where it does not come up."""
        try:
            self._socket.listen(TOGETHER)
        except OSError as error:
            self._socket.close()
            raise IoError(f"Server: cannot listen on {self.address}: got {error.strerror}, expected a free port. --port 0 takes any.") from error
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.01)
        if not self._server.started:
            raise IoError(f"Server: it ended before it began to serve: got no answer on {self.address}, expected one.")
        return self

    def stop(self):
        self.desk.close()
        self._server.should_exit = True
        if self._thread.ident:
            self._thread.join(5)
        self._forget()

    def _forget(self):
        """Removes the file that brought the link to the browser."""
        opener, self._opener = self._opener, None
        if opener:
            with contextlib.suppress(FileNotFoundError):
                os.remove(opener)

    def open(self):
        """Opens the page in the person's browser; False where there is none. The token reaches it through a file for the owner's eyes, not a command line."""
        handle, path = tempfile.mkstemp(".html", "tutelage-rate-")  # mkstemp: mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f'<!doctype html><meta charset="utf-8"><title>tutelage rate</title><meta http-equiv="refresh" content="0;url={self.link}">')
        self._opener = path
        try:
            return webbrowser.open("file://" + path)
        except webbrowser.Error:
            return False


def bound(host, port, willing=False):
    """A socket on this address; None where it cannot be had and `willing` to go without. Raises IoError."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        return made
    except OSError as error:
        made.close()
        if willing:
            return None
        raise IoError(f"Server: cannot listen on {host}:{port}: got {error.strerror}, expected a free port. --port 0 takes any.") from error


def _addresses():
    try:
        return socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        return []
