"""Check the notebooks, the package and the tools: `python tools/check.py [--self-test]`.

It changes nothing here; each fault is one line. Checked are that

- git holds what cleaning and exporting the notebooks give; README and sidebar are in step, too;
- nbdev can show every page: import cells are pure, a title cell is title and summary, hidden
  cells are folded in Jupyter;
- code fits the page: 100 columns, functions of 40 lines, `ruff format`, `ruff check`, `mypy`;
- packages import downwards only, without cycles, and `import mge` is light.

`--self-test` shows that each check finds the fault it is made for, on small made-up projects.
"""

import argparse
import sys
from pathlib import Path

from check_imports import import_graph, light_import
from check_notebooks import full_titles, mixed_imports, out_of_step
from check_style import formatted, linted, long_functions, long_lines, starred, typed
from fold import unfolded
from parts import sidebar_problems
from readme import readme_problems

project = Path(__file__).resolve().parent.parent
CHECKS = (
    out_of_step,
    mixed_imports,
    full_titles,
    unfolded,
    readme_problems,
    sidebar_problems,
    long_lines,
    long_functions,
    formatted,
    linted,
    starred,
    typed,
    import_graph,
    light_import,
)


def faults(check, root: Path):
    "The lines of a check, and its last one where it could not be done at all."
    try:
        yield from check(root)
    except SystemExit as error:
        yield str(error)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="test the checks themselves")
    parser.add_argument("--only", nargs="*", metavar="check", help="some of the checks, by name")
    args = parser.parse_args()
    if args.self_test:
        from check_selftest import self_test

        return self_test()
    known = {check.__name__: check for check in CHECKS}
    if unknown := set(args.only or ()) - known.keys():
        raise SystemExit(f"--only: {' '.join(sorted(unknown))!r}: one of {' '.join(known)}")
    count = 0
    for name in args.only or known:
        for line in faults(known[name], project):
            print(line, flush=True)
            count += 1
    print(f"{count} faults" if count else "all checks passed", flush=True)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
