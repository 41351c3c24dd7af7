"""Each proxy of examples/proxies, with the settings as they are there: a browser's requests through it are its user's own."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import ssl
import subprocess

import people
import web_client
from daemon import Skip, free_port, wait_until

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "proxies"
MALLORY = "203.0.113.9"
USER = "127.0.0.2"


def program(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not path:
        raise Skip(f"{name} is not installed")
    return path


def adapted(served, example, port, **more):
    """The example with this daemon's port and files; each text has to be there."""
    tls = served.folder / "state" / "tls"
    both = served.folder / "both.pem"
    both.write_text((tls / "certificate.pem").read_text() + (tls / "key.pem").read_text())
    text = (EXAMPLES / example).read_text()
    changes = {"/etc/ssl/resus.example.org/fullchain.pem": str(tls / "certificate.pem"),
               "/etc/ssl/resus.example.org/key.pem": str(tls / "key.pem"),
               "/etc/ssl/resus.example.org/chain-and-key.pem": str(both),
               "/var/lib/resus/tls/certificate.pem": str(tls / "certificate.pem"),
               "8443": str(served.https_port)} | more
    for old, new in changes.items():
        assert old in text or old.startswith("/etc/ssl/"), (example, old)
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def behind(served, arguments, port):
    """The proxy runs, and the test's own client goes through it."""
    direct = served.https_port
    log = served.folder / "proxy.log"
    with log.open("wb") as output:
        proxy = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 env=os.environ | {"HOME": str(served.folder)})
    try:
        served.https_port = port

        def up():
            assert proxy.poll() is None, log.read_text()
            with contextlib.suppress(OSError):
                return served.https("GET", "/healthz").status == 200

        wait_until(up, "the proxy")
        yield
    except Exception:
        print("".join(f"# {line}\n" for line in log.read_text().splitlines()[-20:]))
        raise
    finally:
        served.https_port = direct
        proxy.terminate()
        proxy.wait(20)


def from_user(served, method, path, body, headers):
    """As served.https(), from an address that is not the proxy's."""
    context = ssl.create_default_context(cafile=str(served.certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", served.https_port, timeout=30, context=context,
                                             source_address=(USER, 0))
    with contextlib.closing(connection):
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (answer.status, text)
        return json.loads(text)


def walk(served):
    """What a browser does: log in, look, change something, listen."""
    own = {"Origin": f"https://127.0.0.1:{served.https_port}", "X-Forwarded-For": MALLORY}
    entry = {"email": people.address_of("admin"), "password": people.PASSWORD}
    user = from_user(served, "POST", "/api/auth/login", entry, own)
    headers = people.cookie(user) | own
    listed = from_user(served, "GET", "/api/auth/sessions", None, headers)["items"]
    assert [one["address"] for one in listed if one["current"]] == [USER], listed
    paused = served.https("POST", "/api/services/redis/pause", {"for_seconds": 60, "reason": "a walk"}, headers)
    assert paused.status == 200, paused
    other = own | {"Origin": "https://elsewhere.example.org"}
    assert served.https("POST", "/api/auth/login", entry, other).status == 403
    with web_client.WebSocket(served, "/ws/services/redis/status", headers) as stream:
        assert stream.message()


def trusting(served):
    people.add_all(served)
    served.settings["server"]["trusted_proxies"] = ["127.0.0.1"]
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the new settings")


def test_the_console_works_behind_nginx(served):
    nginx, port = program("nginx"), free_port()
    trusting(served)
    site = adapted(served, "nginx.conf", port, **{"listen 443": f"listen 127.0.0.1:{port}"})
    main = served.folder / "nginx.conf"
    main.write_text(f"daemon off; master_process off; error_log stderr; pid {served.folder}/nginx.pid; events {{}}\n"
                    f"http {{ access_log off; client_body_temp_path {served.folder}/b; proxy_temp_path {served.folder}/p;\n"
                    f"fastcgi_temp_path {served.folder}/f; uwsgi_temp_path {served.folder}/u;\n"
                    f"scgi_temp_path {served.folder}/s;\n{site}\n}}\n")
    with behind(served, [nginx, "-c", str(main), "-p", str(served.folder)], port):
        walk(served)


def test_the_console_works_behind_caddy(served):
    caddy, port = program("caddy"), free_port()
    trusting(served)
    text = adapted(served, "Caddyfile", port, **{"resus.example.org:443": f"https://127.0.0.1:{port}"})
    file = served.folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    with behind(served, [caddy, "run", "--config", str(file), "--adapter", "caddyfile"], port):
        walk(served)


def test_the_console_works_behind_haproxy(served):
    haproxy, port = program("haproxy"), free_port()
    trusting(served)
    file = served.folder / "haproxy.cfg"
    file.write_text(adapted(served, "haproxy.cfg", port, **{"bind :443": f"bind 127.0.0.1:{port}"}))
    with behind(served, [haproxy, "-db", "-f", str(file)], port):
        walk(served)


def test_the_console_works_behind_apache(served):
    apache, port = program("apache2"), free_port()
    trusting(served)
    site = adapted(served, "apache.conf", port, **{"*:443": f"127.0.0.1:{port}"})
    modules = "mpm_event authz_core ssl socache_shmcb proxy proxy_http proxy_wstunnel headers"
    main = served.folder / "apache.conf"
    main.write_text("".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in modules.split()) +
                    f"ServerName 127.0.0.1\nServerRoot {served.folder}\nDefaultRuntimeDir {served.folder}\n"
                    f"PidFile {served.folder}/apache.pid\nErrorLog /dev/stderr\nListen 127.0.0.1:{port}\n"
                    "User nobody\nGroup nogroup\n" + site)
    with behind(served, [apache, "-D", "FOREGROUND", "-f", str(main)], port):
        walk(served)
