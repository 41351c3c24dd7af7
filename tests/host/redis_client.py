"""As much RESP as the tests need: commands out, replies in, over a socket that somebody else connected."""


class ReplyError(Exception):
    """An error reply. `code` is its first word: LOADING, BUSY, MISCONF ..."""

    @property
    def code(self):
        return str(self).split(" ", 1)[0]


class Closed(ConnectionError):
    """The server closed the connection before the reply was complete."""


class RedisClient:
    """Owns the socket. Replies: str, int, None, list; an error reply is raised as ReplyError."""

    def __init__(self, connected):
        self._socket = connected
        self._reader = connected.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._reader.close()
        self._socket.close()

    def settimeout(self, seconds):
        self._socket.settimeout(seconds)

    def send(self, *words):
        """Without waiting for the reply: a busy script never sends one."""
        encoded = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        parts = [b"*%d\r\n" % len(encoded)]
        parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded]
        self._socket.sendall(b"".join(parts))

    def reply(self):
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise Closed("closed by the server")
        kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
        if kind == b"+":
            return rest
        if kind == b"-":
            raise ReplyError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._bulk(int(rest))
        if kind == b"*":
            return None if int(rest) < 0 else [self.reply() for _ in range(int(rest))]
        raise ValueError(f"unknown reply {line!r}")

    def _bulk(self, length):
        if length < 0:
            return None
        data = self._reader.read(length + 2)
        if len(data) != length + 2:
            raise Closed("closed in the middle of a reply")
        return data[:-2].decode("utf-8", "replace")

    def call(self, *words):
        self.send(*words)
        return self.reply()

    def info(self, section="everything"):
        fields = {}
        for line in self.call("INFO", section).splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith("#"):
                fields[name] = value
        return fields
