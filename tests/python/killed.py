"""Kills a server at random moments while answers arrive, and sends again what it did not acknowledge."""

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tutelage import prefs

TOKEN = "killed-again-and-again"


class Client:
    """A rater who sends an answer until it is acknowledged, as the page does."""

    def __init__(self, port, who, acknowledged):
        self.port, self.who, self.acknowledged, self.stop = port, who, acknowledged, False

    def call(self, name, **body):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            c.request("POST", "/api/" + name, json.dumps({"who": self.who, "session": "session-" + self.who[:8], **body}), {"Content-Type": "application/json", "Authorization": "Bearer " + TOKEN})
            reply = c.getresponse()
            found = json.loads(reply.read())
            if reply.status != 200:
                raise OSError(reply.status)
            return found
        finally:
            c.close()

    def run(self):
        """The same item again and again takes the place of the answer before; every answer is acknowledged once."""
        message, number = None, 0
        while not self.stop:
            try:
                if message is None:
                    items = self.call("next", count=1)["items"]
                    if not items:
                        return
                    message = {"id": f"{self.who}-{number:08d}", "item": items[0]["item"], "turn": 0, "kind": "tie", "seconds": 0}
                self.call("answer", answer=message)
                self.acknowledged[message["id"]] = message["item"]
                message, number = None, number + 1
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(folder, kills, seed=0):
    """Counts: answers acknowledged, lost and doubled; kills, and how many of them found a server to which nobody spoke."""
    draw, port, store = random.Random(seed), free_port(), os.path.join(folder, "killed.db")
    acknowledged, generation, total = {}, 0, {"kills": 0, "idle": 0, "acknowledged": 0, "lost": 0, "doubled": 0}
    clients, threads = [], []

    def start_clients():
        for k in range(2):
            clients.append(Client(port, f"rater-{generation:05d}-{k}-secret", acknowledged))
            threads.append(threading.Thread(target=clients[-1].run))
            threads[-1].start()

    while total["kills"] < kills:
        server = subprocess.Popen([sys.executable, str(Path(__file__).with_name("rate_server.py")), store, str(port), TOKEN], stdout=subprocess.PIPE)
        server.stdout.readline()
        if not any(t.is_alive() for t in threads):
            generation += 1
            clients.clear(), threads.clear()
            start_clients()
        known, end = len(acknowledged), time.monotonic() + 10
        while len(acknowledged) == known and time.monotonic() < end:
            time.sleep(0.002)
        total["idle"] += len(acknowledged) == known
        time.sleep(draw.random() * 0.25)
        server.kill()
        server.wait()
        server.stdout.close()
        total["kills"] += 1
        if total["kills"] % 25 == 0 or total["kills"] == kills:
            for c in clients:
                c.stop = True
            for t in threads:
                t.join()
            with prefs.Store(store) as s:
                answers = s.answers()
                rows = s.count()
            ids = {a.id: a.item for a in answers}
            total["acknowledged"] += len(acknowledged)
            total["lost"] += sum(ids.get(i) != item for i, item in acknowledged.items())
            per_rater = [(a.rater, a.item) for a in answers]
            total["doubled"] += len(per_rater) - len(set(per_rater)) + (rows - len(answers))
            for name in os.listdir(folder):
                if name.startswith("killed.db"):
                    os.remove(os.path.join(folder, name))
            acknowledged.clear(), clients.clear(), threads.clear()
    return total
