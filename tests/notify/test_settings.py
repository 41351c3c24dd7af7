"""Files that the settings name: what is wrong is said with its place and the remedy."""

from driver import refusal


def test_a_secret_that_cannot_be_used_is_named_with_its_line():
    slack = {"c": {"type": "slack", "url_file": "s"}}
    rows = [
        (slack, [], "`url_file`", "s"),
        (slack, [("s", "https://hooks.example/T0SECRET", 0o644)], "`url_file`", "chmod"),
        (slack, [("s", "", 0o600)], "`url_file`", "one line"),
        (slack, [("s", "http://hooks.example/T0SECRET", 0o600)], "`url_file`", "https://"),
        (slack, [("s", "https://169.254.169.254/T0SECRET", 0o600)], "`url_file`", "link-local"),
        ({"c": {"type": "pagerduty", "routing_key_file": "s"}}, [("s", "T0SECRET", 0o600)], "`routing_key_file`",
         "32 letters"),
        ({"c": {"type": "webhook", "url": "https://h.example/", "secret_file": "s"}}, [("s", "T0SECRET", 0o600)],
         "`secret_file`", "openssl rand"),
        ({"c": {"type": "slack", "url_file": "s", "ca_file": "ca"}},
         [("s", "https://hooks.example/T0SECRET", 0o600), ("ca", "nothing", 0o600)], "`ca_file`", "no certificate"),
        ({"c": {"type": "smtp", "url": "smtp://127.0.0.1", "from": "a@b.example", "to": "c@d.example", "username": "u",
                "password_file": "s"}}, [], "`password_file`", "s"),
    ]
    for channels, secrets, key, remedy in rows:
        said = refusal(channels, secrets)
        assert said.startswith("resus.yaml:1:") and key in said and remedy in said, said
        assert "T0SECRET" not in said, said


def test_a_heartbeat_without_its_file_is_named():
    said = refusal({}, heartbeat={"url_file": "beat"})
    assert said.startswith("resus.yaml:1:") and "`url_file`" in said, said
