"""Programs of others, from the npm registry: installed once, in the build folder, as package-lock.json pins them."""

import fcntl
import json
import pathlib
import shutil
import subprocess

from daemon import PROGRAM, SCALE, TREE, Skip

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = PROGRAM.parent / "api-node"
INSTALL_SECONDS = 120


def _installed():
    kept = FOLDER / "package-lock.json"
    return (FOLDER / "installed").exists() and kept.read_bytes() == (HERE / "package-lock.json").read_bytes()


def need(major):
    """Skips where Node is older."""
    if shutil.which("node") is None:
        raise Skip("there is no Node here")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=60).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < major:
        raise Skip(f"needs Node {major} or later; this is {version}")


def install():
    """Without Node or a registry these tests are skipped, and say so."""
    if subprocess.run([TREE / "ui/make", "ready"], check=False).returncode != 0:
        raise Skip("there is no Node here")
    FOLDER.parent.mkdir(exist_ok=True)
    # Runs side by side install it once.
    with open(FOLDER.with_name(FOLDER.name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed():
            _install()


def _install():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, FOLDER / name)
    try:
        done = subprocess.run(
            [TREE / "ui/make", "npm", FOLDER, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], text=True,
            capture_output=True, stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS * SCALE)
    except subprocess.TimeoutExpired as late:
        raise Skip("npm did not end") from late
    if done.returncode != 0:
        raise Skip(f"npm ci: {done.stderr.strip()[-200:]}")
    (FOLDER / "installed").touch()


def check_openapi(served, document, answers):
    """The problems that validators see, as text; "" = none."""
    install()
    script = FOLDER / "check_openapi.mjs"
    shutil.copy(HERE / "check_openapi.mjs", script)
    files = []
    for name, content in (("document.json", document), ("answers.json", answers)):
        files.append(served.folder / name)
        files[-1].write_text(json.dumps(content))
    done = subprocess.run(["node", str(script), *map(str, files)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60 * SCALE)
    assert done.returncode in (0, 1) and not done.stderr, done
    return done.stdout
