"""List numbers in prose that stand in no output: `python tools/prose_numbers.py [notebook ...]`.

For each notebook, each number of two digits or more in its text cells that no output of the same
notebook shows, with its cell and the words around it. A list to go through, not a verdict: years,
formulas and names hold numbers, too. The numbers of the code count as shown, since a reader sees
them.
"""

import argparse
import json
import re
from pathlib import Path

from parts import called, find, notebooks

NUMBER = re.compile(r"(?<![\w.#/-])\d[\d ]*\d(?:\.\d+)?|(?<![\w.#/-])\d?\.\d+")


def plain(text: str) -> str:
    "A text with numbers written in one way: no gaps between digits, no zero before the point."
    text = re.sub(r"(?<=\d)[ ,\u202f](?=\d{3}\b)", "", text)
    return re.sub(r"(?<!\d)0(?=\.\d)", "", text)


def output_texts(output: dict):
    "The texts of one output: plain, HTML, Markdown."
    data = output.get("data") or {"text/plain": output.get("text", "")}
    for kind, value in data.items():
        if kind.startswith("text/"):
            yield "".join(value)


def shown(notebook: dict) -> str:
    "All that a notebook's code and outputs show as text."
    parts = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            parts.append("".join(cell["source"]))
            parts += [text for output in cell.get("outputs", ()) for text in output_texts(output)]
    return plain("\n".join(parts))


def prose(source: str) -> str:
    "A text cell without its code, formulas and links."
    hidden = (
        r"```.*?```",
        r"`[^`]*`",
        r"\$\$.*?\$\$",
        r"\$[^$\n]*\$",
        r"\[(?:\w+/)?\d\d_\w+",
        r"\]\([^)]*\)",
        r"<[^>]*>",
    )
    without = re.sub("|".join(hidden), " ", source, flags=re.S)
    return plain(without)


def unshown(path: Path):
    "(cell, number, words around it) for each number of the prose that stands in no output."
    notebook = json.loads(path.read_text(encoding="utf-8"))
    seen = set(re.findall(r"\d*\.?\d+", shown(notebook)))
    for i, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        text = prose("".join(cell["source"]))
        for match in NUMBER.finditer(text):
            if match[0].strip() not in seen:
                around = text[max(match.start() - 40, 0) : match.end() + 30]
                yield i, match[0].strip(), " ".join(around.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", metavar="notebook", help="all if none")
    named = parser.parse_args().notebooks
    total = 0
    for path in map(find, named) if named else notebooks():
        for i, number, around in unshown(path):
            print(f"{called(path)}[{i}]  {number}: ...{around}...")
            total += 1
    print(f"{total} numbers in prose that stand in no output")


if __name__ == "__main__":
    main()
