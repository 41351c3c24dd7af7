"""A private Prometheus, and what a scrape says."""

import contextlib
import json
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request

from daemon import SCALE, Skip, free_port


def text_of(served, **args):
    status, body, pieces = served.follow("prometheus", **args)
    assert status == 200 and body in ("", {}), (status, body)
    return "".join(pieces)


def sample(text, name):
    """{labels: value} of one metric."""
    lines = [line for line in text.splitlines() if line.startswith((name + " ", name + "{"))]
    return {line[len(name):].rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}


@contextlib.contextmanager
def scraping(served, scrape):
    """A private one that scrapes `scrape` (a part of its configuration), or has all of it as text; its port."""
    if not shutil.which("prometheus"):
        raise Skip("needs the package prometheus")
    port = free_port()
    config = served.folder / "prometheus.yml"
    config.write_text(scrape if isinstance(scrape, str) else json.dumps({"scrape_configs": [scrape]}))
    with open(served.folder / "prometheus.out", "wb") as output:
        running = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={served.folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield port
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(20 * SCALE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def ask(port, path, **args):
    """The data of an answer of its API, None as long as it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(args)}", timeout=10) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


def query(port, expression):
    """The values of an instant query, [] as long as there are none."""
    data = ask(port, "query", query=expression)
    return [float(item["value"][1]) for item in data["result"]] if data else []
