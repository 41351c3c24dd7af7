"""A TCP proxy between Resus and Redis, as haproxy or stunnel are: it can die, stand still or be slow while both
ends live."""

import contextlib
import select
import socket
import threading

PIECE = 65536


class Proxy:
    """Listens on 127.0.0.1:PORT of the host's network and passes on to the host's Redis."""

    def __init__(self, host, port=7379, target=6379):
        self.host = host
        self.port = port
        self._target = target
        self._listener = None
        self._ends = []
        self._threads = []
        self._open = threading.Event()
        self._open.set()
        self._ended = threading.Event()
        self.delay = 0  # seconds before anything is passed on
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    def start(self):
        self._ended.clear()
        with self.host.net.entered():
            self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(64)
        self._run(self._accept, self._listener)

    def die(self):
        """As by kill -9: the port refuses and every connection is closed."""
        self.let_go()
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._ends, self._threads = [], []

    def hold(self):
        """Takes connections and bytes, and passes nothing on."""
        self._open.clear()

    def let_go(self):
        self._open.set()

    def _run(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = self.host.connect(self._target)
            except OSError:
                if listener.fileno() < 0:
                    return
                continue
            far.settimeout(None)
            self._ends += [near, far]
            self._run(self._carry, near, far)

    def _carry(self, near, far):
        with near, far, contextlib.suppress(OSError):
            while True:
                for end in select.select([near, far], [], [])[0]:
                    piece = end.recv(PIECE)
                    if not piece:
                        return
                    self._ended.wait(self.delay)
                    self._open.wait()
                    (far if end is near else near).sendall(piece)
