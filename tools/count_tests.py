"""Count what the notebooks hold, one row each: `python tools/count_tests.py --out counts.csv`.

Tests are calls of fastcore.test and `assert` statements in cells that are not exported. A helper is
a function of a notebook with a test in it; its calls are counted too. So a notebook that is moved,
split or rewritten can be shown to test no less: compare `tests` and `helper_calls` of the rows, or
of the last one, which holds the sums.
"""

import argparse
import ast
import csv
import json
import re
import sys
from pathlib import Path

COLUMNS, LINES = 100, 40  # a line and a function or cell should not be longer
TEST = re.compile(r"test_\w+|ExceptionExpected")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
KINDS = (
    "cells tests test_calls test_fails asserts helper_calls exported_lines test_lines words "
    f"lines_over_{COLUMNS} functions_over_{LINES} cells_over_{LINES}"
).split()


def notebooks(folder: Path) -> list:
    "All notebooks below a folder, without names that begin with _ or a dot."
    found = folder.rglob("*.ipynb")
    return sorted(
        p for p in found if not re.search(r"/[_.]", f"/{p.relative_to(folder).as_posix()}")
    )


def parsed(source: str) -> ast.Module:
    "A code cell without its magics; an empty one if it is no Python."
    lines = ["pass" if re.match(r"[!%]", line) else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join([] if source.lstrip().startswith("%%") else lines))
    except SyntaxError:
        return ast.Module([], [])


def called(node) -> str:
    "The last name of what a call calls; empty for anything else."
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", getattr(function, "attr", ""))


def is_test(node) -> bool:
    "Whether a node is a test by itself."
    return isinstance(node, ast.Assert) or bool(TEST.fullmatch(called(node)))


def helpers_of(trees: list) -> set:
    "Names of functions with a test, or a call of another helper, in them."
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    found = set()
    while True:
        more = {
            node.name
            for node in nodes
            if any(is_test(part) or called(part) in found for part in ast.walk(node))
        }
        if more == found:
            return found
        found = more


def long_functions(tree: ast.Module) -> int:
    "How many functions of a cell have more than `LINES` lines."
    nodes = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return sum(node.end_lineno - node.lineno + 1 > LINES for node in nodes)


def counts(path: Path) -> dict:
    "The numbers of one notebook, by `KINDS`."
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = {
        kind: ["".join(c["source"]) for c in cells if c["cell_type"] == kind]
        for kind in ("code", "markdown")
    }
    exported = [s for s in text["code"] if re.match(r"(#\s*\|.*\n)*#\s*\|\s*exports?i?\b", s)]
    trees = [parsed(source) for source in text["code"] if source not in exported]
    helpers = helpers_of(trees)
    nodes = [node for tree in trees for node in ast.walk(tree)]
    tops = [
        top
        for tree in trees
        for top in tree.body
        if any(is_test(node) or called(node) in helpers for node in ast.walk(top))
    ]
    asserts = sum(isinstance(node, ast.Assert) for node in nodes)
    lines = [line for source in text["code"] for line in source.splitlines()]
    kept = [line for source in exported for line in source.splitlines() if line.strip()]
    values = (
        len(cells),
        sum(map(is_test, nodes)),
        sum(map(is_test, nodes)) - asserts,
        sum(called(node) in ("test_fail", "ExceptionExpected") for node in nodes),
        asserts,
        sum(called(node) in helpers for node in nodes),
        sum(not re.match(r"#\s*\|", line) for line in kept),
        sum(top.end_lineno - top.lineno + 1 for top in tops),
        sum(len(source.split()) for source in text["markdown"]),
        sum(len(line) > COLUMNS for line in lines),
        sum(map(long_functions, map(parsed, text["code"]))),
        sum(len(source.splitlines()) > LINES for source in text["code"]),
    )
    return dict(zip(KINDS, values, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--project", type=Path, default=here, help="folder with nbs in it")
    parser.add_argument("--out", type=Path, required=True, help="CSV file for the numbers")
    args = parser.parse_args()
    folder = args.project / "nbs"
    rows = {p.relative_to(folder).as_posix(): counts(p) for p in notebooks(folder)}
    if not rows:
        raise SystemExit(f"--project {args.project} has no notebooks in {folder}")
    rows["all"] = {kind: sum(row[kind] for row in rows.values()) for kind in KINDS}
    with open(args.out, "w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(["notebook", *KINDS])
        writer.writerows([name, *row.values()] for name, row in rows.items())
    print(f"{args.out}: {len(rows) - 1} notebooks,", *(f"{v} {k}" for k, v in rows["all"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
