"""Channels of messages in the settings of a running daemon."""

import json
import subprocess

from daemon import PROGRAM, wait_until


def test_a_channel_that_cannot_be_used_is_refused_at_start_and_changes_nothing_at_a_reload(served):
    key = served.folder / "pager"
    served.settings["alerts"] = {"channels": {"pager": {"type": "pagerduty", "routing_key_file": str(key)}}}
    rows = [(None, 0o600, f"{key}"), ("R0123456789abcdef0123456789abcde", 0o644, f"chmod 600 {key}"),
            ("SECRET", 0o600, "32 letters and digits")]
    for text, mode, remedy in rows:
        if text is not None:
            key.write_text(text)
            key.chmod(mode)
        served.write_settings()
        for verb in (("serve", "--check"), ("serve",)):
            done = subprocess.run([str(PROGRAM), *verb, "--config", str(served.config)], text=True,
                                  capture_output=True, check=False, stdin=subprocess.DEVNULL)
            assert done.returncode == 2 and remedy in done.stderr and f"{served.config}:1:" in done.stderr, done
            assert "`routing_key_file`" in done.stderr and "SECRET" not in done.stderr, done
    served.hang_up()
    wait_until(lambda: "not reloaded, nothing changed" in served.output(), "the refusal")
    assert "32 letters and digits" in served.output() and "SECRET" not in served.output()
    key.write_text("R0123456789abcdef0123456789abcde")
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    assert json.loads(served.config.read_text())["alerts"], "the settings are those with the channel"
