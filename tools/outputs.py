"""Run notebooks and save their outputs: `python tools/outputs.py [--flags slow] notebook ...`.

A notebook is a path, or a name as 00_restriction or core/00_restriction; it runs in its own folder.
Cells marked `#| eval: false`, and those with a test flag that was not asked for, keep the outputs
that they have.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from execnb.nbio import read_nb, write_nb
from execnb.shell import CaptureShell
from nbdev.clean import clean_nb
from nbdev.config import get_config
from nbdev.process import NBProcessor
from parts import called, find, project


def keeps_outputs(cell, skipped_flags: set) -> bool:
    "Whether `cell` is left as it is: not code, or told not to run."
    if cell.cell_type != "code" or "nbdev_export(" in cell.source:
        return True
    directives = getattr(cell, "directives_", {}) or {}
    not_run = directives.get("eval:", [""])[0].lower() == "false"
    return not_run or bool(skipped_flags & directives.keys())


def save_outputs(path: Path, skipped_flags: set) -> float:
    "Run the notebook at `path`, write its outputs into it, and give the seconds it took."
    start, original = time.time(), read_nb(path)
    processed = NBProcessor(path, process=True).nb
    os.chdir(path.parent)
    shell = CaptureShell(path, mpl_format="png")  # retina pictures weigh four times as much
    for i, (cell, told) in enumerate(zip(original.cells, processed.cells)):
        if keeps_outputs(told, skipped_flags):
            continue
        shell._cell_idx = i + 1  # for its traceback
        cell.outputs = shell.run(cell.source, stdout=True, stderr=False, timeout=None) or []
        if shell.exc:
            sys.stderr.write(shell.prettytb(fname=path) + "\n")
            raise SystemExit(1)
    clean_nb(original)
    write_nb(original, path)
    return time.time() - start


def save_apart(path: Path, flags: str):
    "Save the outputs of one of several notebooks in a process of its own, as the tests run it."
    done = subprocess.run([sys.executable, __file__, "--flags", flags, str(path)])
    if done.returncode:
        raise SystemExit(done.returncode)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+", metavar="notebook", help="notebooks to run")
    asked = "test flags of settings.ini whose cells are run too"
    parser.add_argument("--flags", default="", help=asked)
    args = parser.parse_args()
    paths = [find(name) for name in args.notebooks]  # before the folder changes
    if len(paths) > 1:
        for path in paths:
            save_apart(path, args.flags)
        return
    os.chdir(project)
    skipped = set(get_config().tst_flags.split()) - set(args.flags.split())
    sys.path[0] = str(project)  # instead of tools
    os.environ["OMP_NUM_THREADS"] = "1"  # as in tools/test.py, whose numbers the saved ones are
    print(f"{called(paths[0])}: {save_outputs(paths[0], skipped):.1f} s", flush=True)


if __name__ == "__main__":
    main()
