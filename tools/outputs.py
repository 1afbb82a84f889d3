"""Run notebooks and save their outputs in them: `python tools/outputs.py [--flags slow] nbs/00_restrict.ipynb ...`.

Cells marked `#| eval: false`, and those with a test flag that was not asked for, keep the outputs that they have.
"""
import argparse
import os
import sys
import time
from pathlib import Path

from execnb.nbio import read_nb, write_nb
from execnb.shell import CaptureShell
from nbdev.clean import clean_nb
from nbdev.config import get_config
from nbdev.process import NBProcessor


def keeps_outputs(cell, skipped_flags: set) -> bool:
    "Whether `cell` is left as it is: not code, or told not to run."
    if cell.cell_type != "code" or "nbdev_export(" in cell.source: return True
    directives = getattr(cell, "directives_", {}) or {}
    return directives.get("eval:", [""])[0].lower() == "false" or bool(skipped_flags & directives.keys())


def save_outputs(path: Path, skipped_flags: set) -> float:
    "Run the notebook at `path`, write its outputs into it, and give the seconds it took."
    start, original, processed = time.time(), read_nb(path), NBProcessor(path, process=True).nb
    shell = CaptureShell(path, mpl_format="png")  # retina pictures weigh four times as much
    for i, (cell, told) in enumerate(zip(original.cells, processed.cells)):
        if keeps_outputs(told, skipped_flags): continue
        shell._cell_idx = i + 1  # for its traceback
        cell.outputs = shell.run(cell.source, stdout=True, stderr=False, timeout=None) or []
        if shell.exc:
            sys.stderr.write(shell.prettytb(fname=path) + "\n")
            raise SystemExit(1)
    clean_nb(original)
    write_nb(original, path)
    return time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", help="notebooks to run")
    parser.add_argument("--flags", default="", help="test flags of settings.ini whose cells are run too")
    args = parser.parse_args()
    config = get_config()
    sys.path.insert(0, str(config.config_path))
    absolute = [Path(p).absolute() for p in args.paths]
    os.environ["OMP_NUM_THREADS"] = "1"  # as in tools/test.py, so that saved numbers are those that the tests see
    os.chdir(config.nbs_path)
    for path in absolute:
        print(f"{path.name}: {save_outputs(path, set(config.tst_flags.split()) - set(args.flags.split())):.1f} s", flush=True)


if __name__ == "__main__":
    main()
