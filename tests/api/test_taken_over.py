"""Attacks from inside the real web process, after its sandbox is up (tests/unit/web/taken_over.c)."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess

from daemon import PROGRAM, SCALE, wait_until

LATE_MS_MAX = 50
TAKEN_OVER = PROGRAM.parent / "tests" / "unit" / "web" / "resus-web-taken-over"


def web_process(served):
    """The number of the daemon's web process, None when there is none."""
    children = pathlib.Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    for child in children:
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{child}/comm").read_text().startswith("resus-web"):
                return int(child)
    return None


@contextlib.contextmanager
def attacked(served, deed):
    """The daemon with a web process that does DEED; ends when it was tried."""
    served.stop()
    folder = served.folder / "bin"
    folder.mkdir()
    shutil.copy(PROGRAM, folder / "resus")
    shutil.copy(TAKEN_OVER, folder / "resus-web")
    (folder / "deed").write_text(deed)
    with open(served.output_file, "ab") as output:
        served.process = subprocess.Popen([str(folder / "resus"), "serve", "--config", str(served.config)],
                                          stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    wait_until(lambda: "deed: begins" in served.output(), f"the attempt to {deed}")
    yield
    assert "deed: done" not in served.output()


def refused(served):
    wait_until(lambda: "deed: refused" in served.output(), "the refusal")


def state_of(process):
    return re.search(r"^State:\s+(\S)", pathlib.Path(f"/proc/{process}/status").read_text(), re.M)[1]


def test_taken_over_web_process_signals_no_one(served):
    for deed in ("stop_the_engine", "kill_the_engine"):
        with attacked(served, deed):
            refused(served)
            assert served.process.poll() is None and state_of(served.process.pid) != "T"
            # It goes on as it should: the refusal hurt nothing that serving needs.
            wait_until(served.serves_https, "HTTPS")
        shutil.rmtree(served.folder / "bin")
        served.output_file.write_text("")


def test_taken_over_web_process_opens_no_connection(served):
    with attacked(served, "open_a_connection"):
        refused(served)
        wait_until(served.serves_https, "HTTPS")


def test_taken_over_web_process_ends_with_the_engine(served):
    with attacked(served, "refuse_to_end"):
        refused(served)
        wait_until(served.serves_https, "HTTPS")
        child = web_process(served)
        served.process.send_signal(signal.SIGTERM)
        served.process.wait()
        wait_until(lambda: not os.path.exists(f"/proc/{child}"), "the end of the web process")
        # A killed engine takes it along as well.
        (served.folder / "bin" / "deed").write_text("")
        served.process = subprocess.Popen([str(served.folder / "bin" / "resus"), "serve", "--config",
                                           str(served.config)], stdin=subprocess.DEVNULL)
        wait_until(served.serves_https, "HTTPS")
        child = web_process(served)
        served.process.kill()
        served.process.wait()
        wait_until(lambda: not os.path.exists(f"/proc/{child}"), "the end of the web process")
        served.start()


def recovers_under(served, deed):
    with attacked(served, deed):
        wait_until(lambda: served.good("health", "redis")["overall_status"] == "healthy", "health")
        killed = int(served.good("status", "redis")["pid"])
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: served.good("status", "redis")["pid"] not in (killed, None), "another process")
        wait_until(lambda: served.good("health", "redis")["overall_status"] == "healthy", "health")
        late = served.ask("timing")[1]["late_ms"]
        print(f"# {deed}: checks are late by {late} ms", flush=True)
        assert late["p99"] < LATE_MS_MAX * SCALE, late
        assert "clock" not in served.output() and "self_doubt" not in served.output(), "the engine was held up"


def test_taken_over_web_process_that_floods_with_requests_delays_no_recovery(served):
    recovers_under(served, "flood_with_requests")


def test_taken_over_web_process_that_reports_without_end_delays_no_recovery(served):
    recovers_under(served, "flood_with_readiness")


def test_taken_over_web_process_that_names_sessions_without_end_delays_no_recovery(served):
    recovers_under(served, "flood_with_used")
