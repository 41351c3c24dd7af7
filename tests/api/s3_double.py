"""A bucket in memory that verifies SigV4 and every body strictly, and lists in pages of three. HTTP on 127.0.0.1."""

import hashlib
import hmac
import http.server
import threading
import urllib.parse

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-central-1"
BUCKET = "backups"
PAGE = 3


def _sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(method, path, query, headers, signed, date, payload):
    """By the words of the specification, from what arrived."""
    pairs = sorted((urllib.parse.quote(k, safe="-_.~"), urllib.parse.quote(v, safe="-_.~"))
                   for k, v in urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical = "\n".join([
        method, urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"), "&".join(f"{k}={v}" for k, v in pairs),
        *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed), payload])
    scope = f"{date[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = _sign(_sign(_sign(_sign(b"AWS4" + SECRET.encode(), date[:8]), REGION), "s3"), "aws4_request")
    return scope, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Bucket(http.server.ThreadingHTTPServer):
    """`with Bucket() as bucket:` serves; `objects` are its contents, `refuse` may name methods that answer `status`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Request)
        self.objects, self.refuse, self.status, self.seen = {}, set(), 403, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class _Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body)

    def error(self, status, code, message=""):
        self.answer(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())

    def wrong(self, path, query, body):
        """What is wrong with the request; None = nothing."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        given = headers.get("authorization", "")
        if not given.startswith("AWS4-HMAC-SHA256 "):
            return "no signature"
        parts = dict(x.strip().split("=", 1) for x in given.split(" ", 1)[1].split(","))
        signed = parts["SignedHeaders"].split(";")
        if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(signed) or signed != sorted(signed):
            return "what must be signed is not"
        if headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return "the body is another one"
        scope, wanted = signature(self.command, path, query, headers, signed, headers["x-amz-date"],
                                  headers["x-amz-content-sha256"])
        if parts["Credential"] != f"{KEY_ID}/{scope}" or not hmac.compare_digest(parts["Signature"], wanted):
            return "the signature is wrong"
        return None

    def handle_one(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, path))
        wrong = self.wrong(path, query, body)
        if wrong:
            return self.error(403, "SignatureDoesNotMatch", wrong)
        if self.command in self.server.refuse:
            return self.error(self.server.status, "AccessDenied" if self.server.status == 403 else "SlowDown", "not now")
        bucket, _, key = path[1:].partition("/")
        if bucket != BUCKET:
            return self.error(404, "NoSuchBucket")
        return getattr(self, f"on_{self.command}")(key, dict(urllib.parse.parse_qsl(query)), body)

    do_GET = do_PUT = do_DELETE = lambda self: self.handle_one()

    def on_PUT(self, key, _, body):
        self.server.objects[key] = body
        self.answer(200)

    def on_DELETE(self, key, _, __):
        self.server.objects.pop(key, None)
        self.answer(204)

    def on_GET(self, key, query, _):
        if key:
            return self.answer(200, self.server.objects[key]) if key in self.server.objects else self.error(404, "NoSuchKey")
        keys = sorted(k for k in self.server.objects if k.startswith(query.get("prefix", "")))
        begin = int(query.get("continuation-token", "0/=").split("/")[0])
        page, more = keys[begin:begin + PAGE], begin + PAGE < len(keys)
        after = f"<NextContinuationToken>{begin + PAGE}/=+ </NextContinuationToken>" if more else ""
        return self.answer(200, ("<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
                                 f"<IsTruncated>{str(more).lower()}</IsTruncated>{after}"
                                 + "".join(f"<Contents><Key>{k}</Key></Contents>" for k in page)
                                 + "</ListBucketResult>").encode())
