"""How long until Resus names a fault that only new clients meet, with the settings as shipped. Each fault comes
just after a full check: the worst moment."""

import os
import time

import new_clients
import resus
from figures import raw
from recovering import prepared_host

REPEATS = int(os.environ.get("NAMINGS", "3"))


def _expired_certificate(host):
    with host.redis() as client, new_clients.Authority(host) as authority:
        ends = time.time() + 45
        authority.serve(client, ends)
        service = new_clients.tls_service(host, authority)
        with resus.serving(host, new_clients.SHIPPED | {"services": {resus.SERVICE: service}}) as daemon:
            daemon.wait_for_cause("ok")
            return new_clients.seconds_after_expiry(daemon, ends)


def naming(table):
    seen = {fault.what: [] for fault in new_clients.FAULTS}
    expired = []
    codes = {}
    with prepared_host() as host:
        with resus.serving(host, new_clients.SHIPPED) as daemon, host.redis() as client:
            daemon.wait_for_cause("ok")
            for _ in range(REPEATS):
                for fault in new_clients.FAULTS:
                    seconds, health = new_clients.measure(host, daemon, client, fault)
                    seen[fault.what].append(seconds)
                    codes[fault.what] = health["cause"]["code"]
        for _ in range(REPEATS):
            expired.append(_expired_certificate(host))
    for what, values in seen.items():
        raw(what, values)
        _add(table, f"time to name: {what}: `{codes[what]}`", values)
    raw("expired certificate", expired)
    _add(table, "time to name: expired certificate: `access_refused`", expired)


def _add(table, what, values):
    table.add(what, f"{min(values):.1f} to {max(values):.1f} s", f"{new_clients.GOAL_SECONDS} s")
