"""The widget in a real notebook: JupyterLab in Chromium, a kernel of its own, judged by keys."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytest.importorskip("jupyterlab")

CELLS = ['''from tutelage import train
people = train.HumanLoop("judgements.db")
ids = people.post([(f"Question {k}?", [f"one {k}", f"two {k}"]) for k in range(5)])
people''', "print('standing', len(people.judgements()), [a.kind for a in people.answers()].count('tie'))"]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab whose folder has the notebook."""
    cell = lambda source: {"cell_type": "code", "id": secrets.token_hex(4), "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (tmp_path / "judge.ipynb").write_text(json.dumps({"cells": [cell(c) for c in CELLS], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    token = secrets.token_hex(16)
    folders = {name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    started = subprocess.Popen([sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", f"--port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={tmp_path}",
                                "--ServerApp.port_retries=0"], env={**os.environ, **folders}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/judge.ipynb?reset&token={token}"
    finally:
        started.terminate()
        started.wait(20)


def test_the_widget_in_jupyterlab(lab, chromium, tmp_path):
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(60_000)
    page.goto(lab)
    first = page.locator(".jp-CodeCell").nth(0)
    first.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    widget = page.locator(".jp-OutputArea .tutelage-rate")
    widget.locator(".work:not([hidden])").wait_for()
    widget.locator(".answer .text").first.click()  # the focus goes to the widget, whose keys these are
    for k, key in enumerate("atbt"):
        widget.locator(".prompt .text", has_text=f"Question {k}?").wait_for()
        page.keyboard.press(key)
    widget.locator(".prompt .text", has_text="Question 4?").wait_for()
    page.keyboard.press("u")
    widget.locator(".prompt .text", has_text="Question 3?").wait_for()
    page.keyboard.press("x")
    widget.locator(".saved", has_text="saved").and_(widget.locator(".saved:not(.saving)")).wait_for()
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/notebook.png")
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output", has_text="standing 4 1").wait_for()
    page.close()
