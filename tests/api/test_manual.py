"""The man pages, made of the table of verbs as the build makes them."""

import json
import shutil
import subprocess

from daemon import PROGRAM, TREE, Skip


def table(served):
    return served.good("help")


def pages(served):
    folder = served.folder / "man1"
    subprocess.run([TREE / "packaging/make_manual.py", PROGRAM, TREE / "docs/man/resus.1.in", folder], check=True)
    return folder


def typed(text):
    return text.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\&", "")


def test_every_verb_and_option_has_its_entry(served):
    folder = pages(served)
    first = typed((folder / "resus.1").read_text())
    for verb in table(served)["verbs"]:
        page = typed((folder / f"resus-{verb['group']}.1").read_text())
        text = page.split(f".SS resus {verb['name']}\n")[1].split(".SS ")[0]
        assert f".B {verb['name']}\n" in first, verb["name"]
        for option in verb["options"]:
            assert f"{option['name']}" in text.split(".TP\n", 1)[-1], (verb["name"], option["name"])
    for option in table(served)["options"]:
        assert option["name"] in first, option["name"]


def test_man_finds_a_page_by_the_name_of_a_verb(served):
    folder = pages(served)
    groups = {group["name"] for group in table(served)["groups"]}
    for verb in table(served)["verbs"]:
        text = (folder / f"resus-{verb['name']}.1").read_text()
        assert verb["name"] in groups or text == f".so man1/resus-{verb['group']}.1\n", verb["name"]


def test_the_formatter_has_nothing_to_complain_about(served):
    if not shutil.which("groff"):
        raise Skip("needs groff")
    folder = pages(served)
    for page in sorted(folder.glob("*.1")):
        done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", f"man1/{page.name}"], cwd=folder.parent,
                              capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), (page.name, done.stderr)


def test_help_as_json_is_one_line_and_has_each_verb_of_the_list(served):
    lines = served.run("help").stdout.splitlines()
    for verb in table(served)["verbs"]:
        assert any(line.startswith(f"  {verb['name']} ") for line in lines), verb["name"]
    assert len(served.run("--json", "help").stdout.splitlines()) == 1
    assert json.loads(served.run("--json", "help").stdout) == table(served)
