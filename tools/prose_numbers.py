"""List numbers in prose that stand in no output: `python tools/prose_numbers.py [notebook ...]`.

For each notebook, each number of two digits or more in its text cells that no output of the same notebook shows, with
its cell and the words around it. A list to go through, not a verdict: years, formulas and names hold numbers, too.
The numbers of the code count as shown, since a reader sees them.
"""

import argparse
import json
import re
from pathlib import Path

NUMBER = re.compile(r"(?<![\w.#/-])\d[\d ]*\d(?:\.\d+)?|(?<![\w.#/-])\d?\.\d+")
project = Path(__file__).resolve().parent.parent


def plain(text: str) -> str:
    "A text whose numbers are written in one way: no spaces or commas between digits, no zero before the point."
    text = re.sub(r"(?<=\d)[ ,\u202f](?=\d{3}\b)", "", text)
    return re.sub(r"(?<!\d)0(?=\.\d)", "", text)


def shown(notebook: dict) -> str:
    "All that a notebook's code and outputs show as text."
    parts = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        parts.append("".join(cell["source"]))
        for output in cell.get("outputs", ()):
            for kind, value in (
                output.get("data") or {"text/plain": output.get("text", "")}
            ).items():
                if kind.startswith("text/"):
                    parts.append("".join(value))
    return plain("\n".join(parts))


def prose(source: str) -> str:
    "A text cell without its code, formulas and links."
    hidden = (
        r"```.*?```",
        r"`[^`]*`",
        r"\$\$.*?\$\$",
        r"\$[^$\n]*\$",
        r"\[\d\d_\w+",
        r"\]\([^)]*\)",
        r"<[^>]*>",
    )
    without = re.sub("|".join(hidden), " ", source, flags=re.S)
    return plain(without)


def unshown(path: Path):
    "(cell's number, number, words around it) for each number of the prose that stands in no output."
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
    parser.add_argument("notebooks", nargs="*", help="paths; all if none")
    paths = [Path(p) for p in parser.parse_args().notebooks] or sorted(
        (project / "nbs").rglob("[!_.]*.ipynb")
    )
    total = 0
    for path in paths:
        for i, number, around in unshown(path):
            print(f"{path.stem}[{i}]  {number}: ...{around}...")
            total += 1
    print(f"{total} numbers in prose that stand in no output")


if __name__ == "__main__":
    main()
