"""Fold the hidden cells of all notebooks, so that a reader in Jupyter meets text, not tests.

`python tools/fold.py` writes the mark that JupyterLab reads; `tools/check.py` tells where it is
missing.
"""

import json
from pathlib import Path

from parts import name_of, notebooks

project = Path(__file__).resolve().parent.parent
FOLDED = {"source_hidden": True}


def is_hidden(cell: dict) -> bool:
    "Whether a cell begins with the directive that keeps it off the site."
    return cell["cell_type"] == "code" and "".join(cell["source"]).startswith("#| hide")


def unfolded(root: Path):
    "One line for each hidden cell that Jupyter would show open."
    for path in notebooks(root):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if is_hidden(cell) and cell["metadata"].get("jupyter") != FOLDED:
                yield f"nbs/{name_of(path, root)}.ipynb[{number}]: not folded; run tools/fold.py"


def fold(path: Path):
    "Mark the hidden cells of one notebook."
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if is_hidden(cell):
            cell["metadata"]["jupyter"] = FOLDED
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in notebooks():
        fold(each)
