"""The section `maintenance` of the settings, at a check and at a reload."""

import subprocess

from daemon import PROGRAM, wait_until

GOOD = {"timezone": "Europe/Berlin", "announce_hours": [48, 24, 1],
        "windows": [{"name": "weekly", "when": "Sun 02:00-04:00", "services": ["*"]},
                    {"name": "monthly", "when": "first Sun 01:00-05:00", "services": ["redis"]}]}


def checked(served, section):
    other = served.folder / "other.yaml"
    other.write_text(f"maintenance: {section}\n")
    return subprocess.run([str(PROGRAM), "serve", "--check", "--config", str(other)], capture_output=True, text=True)


def test_a_check_names_what_is_wrong_with_a_window(served):
    for section, place in (
            ("{timezone: Mars/Olympus}", ':1:25: there is no time zone "Mars/Olympus"'),
            ("{windows: [{name: a, when: Snu 02:00-04:00}]}", ':1:41: `when`: "Snu 02:00-04:00", column 1: '),
            ("{windows: [{name: a, when: Sun 02:00-04:00, services: [b]}]}", ":1:69: there is no service `b`"),
            ("{windows: [{name: a, when: Sun 02:00-04:00}, {name: a, when: Mon 02:00-04:00}]}", ":1:66: there is another window `a`")):
        check = checked(served, section)
        assert check.returncode == 2 and place in check.stderr, check


def test_a_reload_with_a_window_that_never_is_changes_nothing(served):
    served.settings["maintenance"] = GOOD
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "config: reloaded" in served.output(), "the reload")
    served.settings["maintenance"] = GOOD | {"windows": [{"name": "a", "when": "day 31 02:00-04:00"}]}
    served.settings["auto_recovery"]["max_attempts"] = 7
    served.write_settings()
    served.hang_up()
    wait_until(lambda: "not reloaded" in served.output(), "the refusal")
    line, = [line for line in served.output().splitlines() if "not reloaded" in line]
    assert "a day from 1 to 28 is wanted here" in line, line
    status, body = served.ask("recovery_status", "redis")
    assert status == 200 and body["max_attempts"] != 7, body
