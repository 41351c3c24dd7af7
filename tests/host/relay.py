"""Passes TCP on: relay.py LISTEN=TARGET... (ports of the loopback). Stopped by SIGSTOP it is a network that is silent."""

import selectors
import socket
import sys


def main():
    selector = selectors.DefaultSelector()
    for pair in sys.argv[1:]:
        here, there = (int(word) for word in pair.split("="))
        listener = socket.create_server(("127.0.0.1", here), backlog=64)
        selector.register(listener, selectors.EVENT_READ, ("listen", there))

    def end(one, other):
        for end_ in (one, other):
            selector.unregister(end_)
            end_.close()

    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            kind, value = key.data
            if kind == "listen":
                near, _ = key.fileobj.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", value), 1)
                except OSError:
                    near.close()
                    continue
                selector.register(near, selectors.EVENT_READ, ("pass", far))
                selector.register(far, selectors.EVENT_READ, ("pass", near))
                continue
            if key.fileobj.fileno() < 0:
                continue  # ended in this round
            try:
                data = key.fileobj.recv(65536)
                if data:
                    value.sendall(data)
                    continue
            except OSError:
                pass
            end(key.fileobj, value)


main()
