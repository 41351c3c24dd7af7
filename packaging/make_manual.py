#!/usr/bin/python3
"""Man pages of the command line, from the table of verbs as `resus help --json` prints it.

usage: make_manual.py RESUS docs/man/resus.1.in FOLDER

Writes resus.1 (the template with the list of verbs in it), a page for each group of verbs, and for each
verb a page that names its group's: `man resus-restart` shows resus-operate(1).
"""
import json
import pathlib
import re
import subprocess
import sys

SEE_ALSO = ".SH SEE ALSO\n.BR resus (1),\n.BR resus.yaml (5)\n"


def troff(text):
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text.replace("\\", r"\e").replace("-", r"\-"))
    return "\n".join(r"\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def sentence(text):
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?")) else text + "."


def usage(text):
    """Words in capitals are to be replaced by the reader: in italics; the others are typed as they are: bold."""
    parts = re.split(r"([A-Z][A-Z0-9]+)", text)
    return "".join(rf"\fI{part}\fR" if at % 2 else re.sub(r"([\w.:=*-]*\w)", lambda m: rf"\fB{troff(m[0])}\fR", part)
                   for at, part in enumerate(parts))


def forms(verb):
    """The alternatives of its usage line, each with the verb before it."""
    found, depth, piece = [], 0, ""
    for word in verb["usage"].split(" "):
        depth += word.count("[") - word.count("]")
        if word == "|" and depth == 0:
            found.append(piece)
            piece = verb["name"]
        else:
            piece = f"{piece} {word}".strip()
    return [*found, piece]


def option(row):
    names = [row["name"]] if row["letter"] is None else [row["letter"], row["name"]]
    head = ", ".join(rf"\fB{troff(name)}\fR" for name in names)
    if row["argument"] is not None:
        head += rf" \fI{troff(row['argument'])}\fR"
    return f".TP\n{head}\n{troff(sentence(row['help']))}\n"


def verb_text(verb):
    text = f".SS resus {verb['name']}\n"
    text += ".br\n".join(rf"\fBresus\fR {usage(form)}" + "\n" for form in forms(verb))
    text += f".PP\n{troff(sentence(verb['summary']))}\n"
    if verb["more"] is not None:
        text += f".PP\n.nf\n{troff(verb['more'].rstrip())}\n.fi\n"
    return text + "".join(option(row) for row in verb["options"])


def group_page(group, verbs):
    name = f"resus-{group['name']}"
    listed = ", ".join(f"resus {verb['name']}" for verb in verbs)
    return (f'.TH {name.upper()} 1 "" "Resus" "User commands"\n.nh\n.ad l\n.SH NAME\n{troff(name)} \\- {troff(group["summary"])}\n'
            f".SH DESCRIPTION\n{troff(listed)}.\nWhat holds for every verb (options, exit status, files) is in\n.BR resus (1).\n"
            f".SH VERBS\n{''.join(map(verb_text, verbs))}{SEE_ALSO}")


def verb_list(groups, verbs):
    text = ""
    for group in groups:
        text += f".SS {troff(group['heading'])} \\(em \\fBresus\\-{group['name']}\\fR(1)\n"
        for verb in verbs:
            if verb["group"] == group["name"]:
                text += f".TP\n.B {verb['name']}\n{troff(sentence(verb['summary']))}\n"
    return text


def main():
    program, template, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    table = json.loads(subprocess.run([program, "help", "--json"], check=True, capture_output=True, text=True).stdout)
    groups, verbs = table["groups"], table["verbs"]
    folder.mkdir(exist_ok=True)
    head = template.read_text().replace("@VERBS@\n", verb_list(groups, verbs))
    (folder / "resus.1").write_text(head.replace("@OPTIONS@\n", "".join(map(option, table["options"]))))
    names = {group["name"] for group in groups}
    for group in groups:
        page = group_page(group, [verb for verb in verbs if verb["group"] == group["name"]])
        (folder / f"resus-{group['name']}.1").write_text(page)
    for verb in verbs:
        if verb["name"] not in names:
            (folder / f"resus-{verb['name']}.1").write_text(f".so man1/resus-{verb['group']}.1\n")


main()
