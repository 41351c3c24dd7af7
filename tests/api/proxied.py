"""Prism, from the npm registry, between a client and the daemon: a second implementation's view of the document. It holds
each request and each answer against the document and says what does not fit."""

import contextlib
import http.client
import json
import os
import subprocess

import node
from daemon import SCALE, Answer, free_port, wait_until


class Prism:
    """`with Prism(served, document) as prism:`; violations are kept in `prism.violations`."""

    def __init__(self, served, document):
        node.need(20)
        node.install()
        file = served.folder / "openapi.json"
        file.write_text(json.dumps(document))
        self.port, self.violations = free_port(), []
        self.output = served.folder / "prism.out"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                ["node", str(node.FOLDER / "node_modules" / ".bin" / "prism"), "proxy", str(file),
                 f"https://127.0.0.1:{served.https_port}", "--port", str(self.port), "--cors", "false"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=os.environ | {"NODE_EXTRA_CA_CERTS": str(served.certificate)})

    def __enter__(self):
        try:
            wait_until(self._listens, "Prism", seconds=60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10 * SCALE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _listens(self):
        assert self.process.poll() is None, self.output.read_text()
        return "Prism is listening" in self.output.read_text()

    def ask(self, method, path, body=None, headers=None, good=True):
        """The answer; what Prism objects to is kept, of a request that is not `good` only what is wrong with its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60 * SCALE)
        with contextlib.closing(connection):
            as_json = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), as_json | (headers or {}))
            answer = connection.getresponse()
            text = answer.read().decode()
        for found in json.loads(answer.headers.get("sl-violations") or "[]"):
            if good or found["location"][0] != "request":
                self.violations.append((method, path, answer.status, found))
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return Answer(answer.status, answer.headers, json.loads(text) if is_json and text else text)
