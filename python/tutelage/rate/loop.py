"""`train.HumanLoop`: a training run asks, people answer."""

from .._core import StateError, ValueError
from ..store import Item, Store
from .desk import Desk, Settings


class HumanLoop:
    """People behind a page, a terminal or a notebook's widget, for a program that asks them.

    loop = HumanLoop("judgements.db"); loop.serve(); print(loop.link)
    for j in loop.ask([("Who are you?", ["I am X.", "A bot."])]): ...

    `ask` waits until every question has `per_item` judgements; `post` does not wait, and `answers(ids)` gives what has come. A question that the store
    has an answer to is not asked again, so that an interrupted run asks only what is left. Keywords: fields of `Settings`.
    """

    def __init__(self, store, **settings):
        self._own = not isinstance(store, Store)
        self.store = Store(store) if self._own else store
        try:
            self.desk = Desk(self.store, Settings(**settings))
        except TypeError as error:
            raise ValueError(f"HumanLoop: unknown setting: got {error}, expected one of {', '.join(Settings.__dataclass_fields__)}.") from None
        self.server = None

    def serve(self, open=False, **where):
        """Serves the page from now on and returns its link; keywords: host, port, token. `open`: also show it in a browser."""
        from .server import Server

        if self.server is None:
            self.server = Server(self.desk, **where).start()
            if open:
                self.server.open()
        return self.server.link

    @property
    def link(self):
        if self.server is None:
            raise StateError("HumanLoop.link: nothing is served: got no server, expected serve() before.")
        return self.server.link

    def widget(self, rater="notebook"):
        """The same tool as a widget of this notebook; show it as a cell's last expression."""
        from .widget import widget

        return widget(self.desk, rater)

    def _repr_mimebundle_(self, **keywords):
        return self.widget()._repr_mimebundle_(**keywords)

    def post(self, questions):
        """Puts questions up, without waiting; returns their ids. A question: an Item, or (prompt, answers)."""
        return self.desk.add(q if isinstance(q, Item) else Item.of(*q) for q in questions)

    def answers(self, ids=None):
        """The judgements of these questions that stand now, as stored."""
        return self.desk.standing(None if ids is None else set(ids))

    def judgements(self, ids=None):
        """The same as `prefs.Judgement`s, to train on."""
        from ..store.exchange import to_judgements

        return to_judgements(self.answers(ids), {i.id: i for i in self.store.items()})

    def ask(self, questions, timeout=None, should_stop=None):
        """Asks and waits; returns their judgements. After `timeout` seconds, or when should_stop() is true, what has come by then."""
        ids = set(self.post(questions))

        def ready():
            counts = dict.fromkeys(ids, 0)
            for a in self.desk.standing(ids):
                counts[a.item] += a.turn == 0
            return min(counts.values(), default=1) >= self.desk.settings.per_item

        self.desk.wait(ready, timeout, should_stop)
        return self.judgements(ids)

    def duel(self, questions, new="challenger", best="champion", test=None, **wait):
        """Asks which is better, the new behaviour or the best so far: (prompt, new, best) each. `new` and `best` name them in the store, which also
        keeps that it was a duel (`purpose`); raters see neither. Returns "won", "lost" or "tie" for each question of the new one that was answered
        so, and tells `test`, a prefs.ChampionTest. Keywords: those of ask.
        """
        items = [Item.of(prompt, (a, b), sources=(new, best), purpose="duel") for prompt, a, b in questions]
        self.ask(items, **wait)
        said = [{"a": "won", "b": "lost"}.get(a.kind, "tie") for a in self.answers([i.id for i in items]) if a.kind in ("a", "b", "tie", "both_bad")]
        for outcome in said if test else ():
            test.add("tie" if outcome == "tie" else "a" if (outcome == "won") == test.challenger_first else "b")
        return said

    def close(self):
        """Ends the session: pages say so, and waiting calls return."""
        self.desk.close()
        if self.server:
            self.server.stop()
        if self._own:
            self.store.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
