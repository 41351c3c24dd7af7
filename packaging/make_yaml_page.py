#!/usr/bin/python3
"""resus.yaml(5) from the reference in docs/configuration.md, which the table of keys has written.

usage: make_yaml_page.py docs/configuration.md >resus.yaml.5
"""
import pathlib
import re
import sys

HEAD = r""".TH RESUS.YAML 5 "" "Resus" "File formats"
.SH NAME
resus.yaml \- settings of the Resus daemon
.SH DESCRIPTION
One YAML file:
.B \-\-config
.IR FILE ,
else
.BR $RESUS_CONFIG ,
else
.BR /etc/resus/resus.yaml .
.B resus serve \-\-check
reads it and names what is wrong with it, as
.IR file:line:column:\ message .
An unknown key is an error.
.BR health_check ,
.B auto_recovery
and
.B permissions
hold for every service at the top level, and inside a service for that service alone.
.PP
The whole explanation, with examples, is docs/configuration.md.
"""
TAIL = r""".SH SEE ALSO
.BR resus (1)
"""


def troff(text):
    text = text.strip().replace("\\", r"\e").replace("-", r"\-")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    return r"\&" + text if text.startswith((".", "'")) else text


def page(document):
    reference = document.split("<!-- reference: begin -->")[1].split("<!-- reference: end -->")[0]
    for line in reference.splitlines():
        if line.startswith("### "):
            yield f".SH {troff(line[4:]).upper() if line[4:] == 'Top level' else troff(line[4:])}"
        row = re.fullmatch(r"\| (`\w+`) \|(.*)\|(.*)\|(.*)\|", line)
        if row is None:
            continue
        key, values, standard, meaning = (troff(cell) for cell in row.groups())
        notes = "; ".join(note for note in (values, standard and f"default {standard}") if note)
        yield f".TP\n{key}\n{meaning}{'.' if meaning else ''}" + (f"\n({notes})" if notes else "")


print(HEAD + "\n".join(page(pathlib.Path(sys.argv[1]).read_text())) + "\n" + TAIL, end="")
