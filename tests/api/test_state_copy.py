"""`resus state backup` of a daemon that runs, restored into an empty state folder, where another daemon goes on."""

import http.client

import people
from daemon import Daemon, wait_until


def test_state_of_a_running_daemon_comes_back_in_an_empty_folder(served):
    people.add_all(served)
    token = people.api_token(served, "viewer")["token"]
    served.good("pause", "--for", "1h", "--reason", "kept")
    users = {user["email"] for user in served.good("user", "list")["items"]}
    made = served.good("state", "backup", "-o", str(served.folder / "copy"))
    assert {"resus.db", "login-keys.json", "tls/key.pem"} <= {file["path"] for file in made["files"]}, made
    again = served.cli("state", "backup", "-o", str(served.folder / "copy"))
    assert again.status == 1 and "is there already" in again.json["message"], again
    other = Daemon()
    try:
        other.settings["services"] = served.settings["services"]
        other.write_settings()
        refused = other.cli("state", "restore", str(served.folder / "redis"))
        assert refused.status == 1 and not list((other.folder / "state").iterdir()), refused
        restored = other.good("state", "restore", str(served.folder / "copy"))
        assert restored["files"] == made["files"], restored
        served.stop()  # both would look after the same Redis
        other.start()
        assert {user["email"] for user in other.good("user", "list")["items"]} == users
        answer = other.https("GET", "/api/services/redis/events", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer
        held = wait_until(lambda: other.cli("status").json.get("not_guarded"), "the pause")
        assert held["reason_code"] == "paused", held
        login = other.https("POST", "/api/auth/login", {"email": people.address_of("admin"), "password": people.PASSWORD})
        assert login.status == 200, login
        full = other.cli("state", "restore", str(served.folder / "copy"))
        assert full.status == 1 and "is there: stop Resus and move the state folder away first" in full.json["message"], full
        assert other.good("audit", "verify")["intact"] is True
        other.stop()
        served.start()
    except (OSError, http.client.HTTPException) as error:
        raise AssertionError(other.output()[-3000:]) from error
    finally:
        other.close()
