#!/usr/bin/python3
"""Words that this project does not write, each with what to write instead: in comments and messages
of C, in the texts of the console, of documents, of packaging and of tests.

usage: words.py           (status 1 when there are hits)
       words.py --later   (counts the words of LATER in the places where they are not refused yet; the status is 0)
"""

import pathlib
import re
import sys

# A phrase may go on in the next line of a comment or of a string.
GAP = r'(?:\\n|[\s*/#"])+'
# phrase: what to write instead. A blank stands for a gap.
WORDS = {
    "anew": "again",
    "for ever": "forever, without limit",
    "mend|mends|mended|mending": "fix, fixes, fixed, repair",
    "any more(?! than)": "no longer",
    "came of": "resulted from, the result of",
    "of itself": "by itself, takes no action, reports",
    "the own": "your, the user's, its",
    "makes? an end": "ends, stops",
    "(?:it|that|which|they) (?:is|are) none": "is not one, is not a ..., is empty",
}
# Words that are refused everywhere but in the places that still have them.
LEFT = tuple(f"src/{floor}" for floor in ("accounts", "alerts", "api", "backups", "cli", "doctor", "handlers", "host", "notify", "settings")) + (
    "tests", "ui", "docs", "packaging", "ARCHITECTURE.md", "CHANGELOG.md")
LATER = {
    "tell": ("report, say, know, show, notify", ("ui/src/i18n",)),
    "told": ("reported, said, known, notified", LEFT),
    "somebody": ("an operator, another client, a caller", ("src/alerts", "tests/host", "ui")),
    "nobody(?!@)": ("no caller, no operator", LEFT),
}

# path: {text: why it stays}. A text that is in no line of its file is an error.
EXCEPTIONS = {
    "src/core/operate.c": {" TOLD ": "an event of the table"},
    "src/store/audit_report.c": {"(nobody)": "a line without a user, as reports have always shown it"},
}

ROOTS = ("src", "tests", "ui/src", "ui/tests", "ui/e2e", "docs", "packaging", "examples", "dev", ".ci", "ui/make")
TEXTS = {".c", ".h", ".py", ".ts", ".vue", ".mjs", ".md", ".in", ".sh", ".yaml", ".yml", ".css", ".build", ".sql",
         ".conf", ".sysusers", ".tmpfiles", ""}
FOREIGN = {"node_modules", "corpus", "data", "dist", "__pycache__"}
SELF = pathlib.Path("tests/lint/words.py")

# Of code only these count: a name is not a sentence.
IN_C = re.compile(r'(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*")|\'(?:\\.|[^\'\\\n])*\'|[^\n]', re.DOTALL)


IN_PYTHON = re.compile(r"(\"\"\".*?\"\"\"|#[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')|[^\n]", re.DOTALL)
IN_SCRIPT = re.compile(r"(/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|[^\n]", re.DOTALL)
CODE = {".c": IN_C, ".h": IN_C, ".py": IN_PYTHON, ".ts": IN_SCRIPT, ".mjs": IN_SCRIPT}
# The script of a page; the rest of it is what people read.
SCRIPT = re.compile(r"(?<=>)\n.*?(?=</script>)", re.DOTALL)


def pattern(phrase):
    return re.compile(r"(?<![\w-])(?:" + phrase.replace(" ", GAP) + r")(?![\w(])", re.IGNORECASE)


def files():
    roots = [*ROOTS, *sorted(str(path) for path in pathlib.Path().glob("*.md"))]
    for base in map(pathlib.Path, roots):
        for path in sorted(base.rglob("*")) if base.is_dir() else [base]:
            if path.is_file() and path.suffix in TEXTS and not FOREIGN & set(path.parts) and path != SELF:
                yield path


def without_names(code, text):
    return code.sub(lambda match: match[1] or " ", text)


def prose(path):
    """The text of the file with the same lines; code, and what is excepted, is left out."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in CODE:
        text = without_names(CODE[path.suffix], text)
    if path.suffix == ".vue":
        text = SCRIPT.sub(lambda match: without_names(IN_SCRIPT, match[0]), text, count=1)
    for kept in EXCEPTIONS.get(str(path), {}):
        if kept not in text:
            sys.exit(f"{SELF}: EXCEPTIONS: {path} does not hold \"{kept}\": take it out")
        text = text.replace(kept, "\n" * kept.count("\n"))
    return text


def hits(words):
    for path in files():
        text = prose(path)
        for word in words:
            for match in pattern(word).finditer(text):
                yield path, text.count("\n", 0, match.start()) + 1, word, " ".join(match[0].split())


def is_left(path, word):
    return any(str(path) == place or str(path).startswith(place + "/") for place in LATER[word][1])


def main():
    if sys.argv[1:] == ["--later"]:
        found = [word for path, _, word, _ in hits(LATER) if is_left(path, word)]
        for word in LATER:
            print(f"words: {word}: {found.count(word)}")
        return 0
    if sys.argv[1:]:
        sys.exit(__doc__)
    bad = 0
    refused = [(path, line, text, WORDS[word]) for path, line, word, text in hits(WORDS)]
    refused += [(path, line, text, LATER[word][0]) for path, line, word, text in hits(LATER) if not is_left(path, word)]
    for path, line, text, instead in sorted(refused):
        print(f"{path}:{line}: \"{text}\": write: {instead}")
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
