"""What a new client meets is named by the next check or the next figures, and no running Redis is touched."""

import time

import new_clients
import resus
from watching import Untouched, evidence, wait_for_human

DAY = 86400


def _named_in_time(host, goal, *faults):
    with resus.serving(host, new_clients.FIFTH) as daemon, host.redis() as client:
        daemon.wait_for_cause("ok")
        untouched = Untouched(host, daemon)
        for fault in faults:
            seconds, health = new_clients.measure(host, daemon, client, fault)
            assert seconds <= goal, f"{fault.what}: {seconds:.1f} s: {health}"
            assert health["overall_status"] != "healthy", health
            print(f"# {fault.what}: {health['cause']['code']} after {seconds:.1f} s", flush=True)
            untouched.check()


def test_a_password_and_a_full_table_of_clients_are_named_by_the_next_check(host):
    _named_in_time(host, new_clients.FIFTH_GOAL_SECONDS, *new_clients.FAULTS[:2])


def test_a_bind_that_shuts_new_clients_out_is_named_by_the_next_check_and_nothing_is_restarted(host):
    _named_in_time(host, new_clients.FIFTH_GOAL_SECONDS, new_clients.FAULTS[2])


def test_a_full_memory_is_named_within_31_s_with_and_without_a_writer(host):
    _named_in_time(host, new_clients.GOAL_SECONDS, *new_clients.FAULTS[3:])


def test_a_certificate_is_warned_of_before_and_named_by_the_next_check_after_its_end(host):
    with host.redis() as client, new_clients.Authority(host) as authority:
        ends = time.time() + 20
        authority.serve(client, ends)
        service = new_clients.tls_service(host, authority)
        with resus.serving(host, new_clients.FIFTH | {"services": {resus.SERVICE: service}}) as daemon:
            daemon.wait_for_cause("ok")
            untouched = Untouched(host, daemon)
            health = daemon.health()
            check = health["health_checks"]["connectivity"]
            assert check["status"] == "warning" and "certificate ends in less than 1 day" in check["message"], check
            assert check["details"]["certificate_ends"].endswith("Z"), check
            assert any("Renew the certificate" in text for text in health["recommendations"]), health
            assert daemon.cli("check", resus.SERVICE).status == 1
            seconds = new_clients.seconds_after_expiry(daemon, ends)
            assert seconds <= new_clients.FIFTH_GOAL_SECONDS, seconds
            print(f"# expired certificate: access_refused after {seconds:.1f} s", flush=True)
            health = daemon.health()
            assert "expired" in evidence(health) and "CONFIG SET tls-cert-file" in health["cause"]["advice"], health
            wait_for_human(daemon, "access_refused")
            untouched.check()
            authority.serve(client, time.time() + 30 * DAY)
            health = daemon.wait_for_cause("ok", 30)
            assert health["health_checks"]["connectivity"]["status"] == "pass", health
            untouched.check()
