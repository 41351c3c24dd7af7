#!/usr/bin/python3
"""Pages of docs/ that messages link to, as C: resus-web has them in itself, so they are there without the console.

usage: make_pages.py FILE ... >pages.c

FILE.md becomes /docs/FILE.html, and FILE.css is there as it is. Of Markdown it knows what these pages use: headings, paragraphs, lists, tables, `code`, **bold**
and links. A heading has the anchor that GitHub gives it.
"""
import html
import itertools
import pathlib
import re
import sys

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Resus</title><link rel="stylesheet" href="/docs/page.css"></head>
<body><main>
"""
TAIL = "</main></body></html>\n"


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def link(found):
    text, target = found.groups()
    # Only pages that are made here can be reached; of the others the text stays.
    return f'<a href="{target}">{text}</a>' if target.startswith(("#", "https://")) else text


def inline(text):
    parts = re.split(r"(`[^`]*`)", text)
    for i, part in enumerate(parts):
        if i % 2 == 1:
            parts[i] = f"<code>{html.escape(part[1:-1])}</code>"
        else:
            parts[i] = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html.escape(part, quote=False))
    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", link, "".join(parts))


def table(rows, number):
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows]
    head, body = cells[0], cells[2:]  # the second one is the line of dashes
    # With a focus, a table that is too wide can be scrolled with the keyboard.
    yield f'<div class="table" tabindex="0" role="region" aria-label="Table {number}"><table><thead><tr>'
    yield "".join(f'<th scope="col">{inline(cell)}</th>' for cell in head) + "</tr></thead><tbody>\n"
    for row in body:
        yield "<tr>" + "".join(f"<td>{inline(cell)}</td>" for cell in row) + "</tr>\n"
    yield "</tbody></table></div>\n"


def block(lines, tables):
    heading = re.fullmatch(r"(#{1,4}) (.*)", lines[0])
    if heading:
        level = len(heading[1])
        yield f'<h{level} id="{anchor(heading[2])}">{inline(heading[2])}</h{level}>\n'
        if lines[1:]:
            yield from block(lines[1:], tables)
    elif lines[0].startswith("|"):
        yield from table(lines, next(tables))
    elif lines[0].startswith("- "):
        items = re.split(r"(?m)^- ", "\n".join(lines))[1:]
        yield "<ul>\n" + "".join(f"<li>{inline(item.strip())}</li>\n" for item in items) + "</ul>\n"
    else:
        listed = next((i for i, line in enumerate(lines) if line.startswith(("- ", "|"))), len(lines))
        yield f"<p>{inline(' '.join(lines[:listed]))}</p>\n"
        if lines[listed:]:
            yield from block(lines[listed:], tables)


def page(document):
    blocks = [part.splitlines() for part in re.split(r"\n\s*\n", document.strip())]
    tables = itertools.count(1)
    body = "".join(text for lines in blocks for text in block(lines, tables))
    return HEAD.format(title=html.escape(blocks[0][0].lstrip("# "))) + body + TAIL


def as_c(name, path, text):
    data = text.encode()
    lines = [", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
    return (f"static const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "};\n",
            f'    {{"{path}", (const char *)(const void *){name}, sizeof {name}}},\n')


def main():
    made = []
    for i, file in enumerate(pathlib.Path(name) for name in sys.argv[1:]):
        if file.suffix == ".css":
            made.append(as_c(f"page_{i}", f"/docs/{file.name}", file.read_text()))
        else:
            made.append(as_c(f"page_{i}", f"/docs/{file.stem}.html", page(file.read_text())))
    print('/* Made by make_pages.py. */\n#include "web/pages.h"\n\n' + "\n".join(data for data, _ in made) +
          f"\nconst struct page pages[] = {{\n{''.join(row for _, row in made)}}};\nconst size_t page_count = {len(made)};")


if __name__ == "__main__":
    main()
