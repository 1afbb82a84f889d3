"""Check that what git holds is in step with the notebooks. Nothing is changed here.

The files that git knows are copied, as they are now, to a scratch folder; there the notebooks are
cleaned, the generated modules deleted and exported anew.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from check_style import is_generated
from nbdev.process import NBProcessor
from parts import name_of, notebooks

CLEAN = "from nbdev.clean import nbdev_clean; nbdev_clean()"
EXPORT = "from nbdev.doclinks import nbdev_export; nbdev_export()"
IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def git_files(root: Path, *options: str) -> list:
    "Names that `git ls-files` gives for the package, the notebooks and their settings."
    command = ["git", "ls-files", "-z", *options, "--", "mge", "nbs", "settings.ini"]
    git = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if git.returncode:
        raise SystemExit(f"git ls-files: {git.stderr.strip()}")
    return sorted(set(git.stdout.split("\0")) - {""})


def nbdev(code: str, folder: Path):
    "Run nbdev in `folder`, by this Python; on an error its last line is ours."
    env = {name: value for name, value in os.environ.items() if name != "IN_TEST"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or "failed").splitlines()[-1]
        raise SystemExit(f"{code.split()[-1]}: {last}")


def generated(folder: Path) -> list:
    "Names of the modules in `folder`/mge that nbdev wrote."
    paths = (folder / "mge").rglob("*.py")
    return sorted(path.relative_to(folder).as_posix() for path in paths if is_generated(path))


def contents(folder: Path, names: list) -> dict:
    "Name -> bytes of each of the files that are there."
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def copied(root: Path, copy: Path):
    "Copy the files git knows from `root` to `copy`; one line for each that is not in both."
    for name in git_files(root, "--others", "--exclude-standard"):
        yield f"{name}: not in git; git add it, or delete it"
    for name in git_files(root):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).exists():
            shutil.copyfile(root / name, copy / name)
        else:
            yield f"{name}: in git but not here; git rm it, or bring it back"


def differences(root: Path, copy: Path):
    "One line for each file git knows that cleaning and exporting in the folder `copy` changes."
    yield from copied(root, copy)
    before = contents(copy, git_files(root))
    nbdev(CLEAN, copy)
    clean = contents(copy, [*before])
    for name in before:
        if clean[name] != before[name]:
            yield f"{name}: not clean; run nbdev_clean"
    for name in generated(copy):
        (copy / name).unlink()
    nbdev(EXPORT, copy)
    after = contents(copy, [*before])
    for name in before:
        if name not in after:
            yield f"{name}: no notebook exports it; delete it"
        elif after[name] != clean[name]:
            yield f"{name}: not what the notebooks export; run nbdev_export"
    for name in generated(copy):
        if not (root / name).exists():
            yield f"{name}: exported, but not here; run nbdev_export and git add it"


def out_of_step(root: Path):
    "One line for each file git knows that is not what cleaning and exporting give."
    with tempfile.TemporaryDirectory() as folder:
        yield from differences(root, Path(folder).resolve())


def runs_alone(cell) -> bool:
    "Whether nbdev_docs would run `cell`, because it imports, without the cells it builds on."
    tree = cell.parsed_() if "nbdev_export(" not in cell.source else None
    told = cell.directives_
    exported = {"export", "exporti", "exports"} & told.keys()
    if not tree or exported or "false" in told.get("eval:", []):
        return False
    imports = any(isinstance(node, IMPORTS) for top in tree for node in ast.walk(top))
    return imports and not all(isinstance(top, IMPORTS + DEFINITIONS) for top in tree)


def mixed_imports(root: Path):
    "One line for each cell that would stop nbdev_docs."
    for path in notebooks(root):
        for number, cell in enumerate(NBProcessor(path).nb.cells):
            if runs_alone(cell):
                first = cell.source.strip().splitlines()[0]
                yield (
                    f"nbs/{name_of(path, root)}.ipynb[{number}]: mixes imports with other code, "
                    f"and nbdev_docs would run it alone; split it: {first!r}"
                )


def full_titles(root: Path):
    "One line for each title cell with more than title and summary, which the site would drop."
    for path in notebooks(root):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = "".join(cells[0]["source"]) if cells else ""
        lines = [line for line in source.splitlines() if line.strip()]
        more = [line for line in lines if not line.startswith(("# ", ">"))]
        if more:
            name = f"nbs/{name_of(path, root)}.ipynb"
            yield f"{name}: title cell holds more than title and summary: {more[0][:60]!r}"
