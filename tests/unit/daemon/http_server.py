"""A real HTTP server for the tests of probes: prints its port, serves until its input ends.

/ok 200 · /fail 503 · /moved -> /ok · /round -> itself · /file -> file:///etc/passwd · /other-host, /other-port, /https -> elsewhere · /endless a body without end ·
/long a header without end · /silent no answer at all
"""

import http.server
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def redirect(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.end_headers()

    def pour(self, piece):
        try:
            while True:
                self.wfile.write(piece)
        except OSError:
            self.close_connection = True

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.redirect("/ok")
        elif path == "/round":
            self.redirect("/round")
        elif path == "/file":
            self.redirect("file:///etc/passwd")
        elif path == "/other-host":
            self.redirect(f"http://localhost:{self.server.server_address[1]}/ok")
        elif path == "/other-port":
            self.redirect("http://127.0.0.1:1/ok")
        elif path == "/https":
            self.redirect(f"https://127.0.0.1:{self.server.server_address[1]}/ok")
        elif path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.pour(b"x" * 4096)
        elif path == "/long":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            self.pour(b"x" * 4096)
        elif path == "/silent":
            self.rfile.read(1)
        else:
            body = b"well\n" if path == "/ok" else b"ill\n"
            self.send_response(200 if path == "/ok" else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
