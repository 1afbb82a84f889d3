"""Run the tests, which are the notebooks: `python tools/test.py [--flags slow] [notebook ...]`.

Why it stands beside `nbdev_test`: here each notebook gets a Python process and one thread of its
own, so that none sees what another left behind, and a run gives the same digits on every machine;
where nbdev is not installed, as after `pip install .` alone, the cells run as plain Python; each
notebook is told as it finishes, and the last line is the count. Otherwise it runs what
`nbdev_test` runs: each notebook goes through nbdev's own `test_nb`, in the notebook's own folder.
The exit status is 0 only if notebooks ran and all passed.
"""

import argparse
import json
import linecache
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from parts import called, find, notebooks, project

WORKERS, SLOW = 2, 60  # notebooks at a time; seconds a notebook should stay under
PASSED, SKIPPED = (
    10,
    11,
)  # a child's exit statuses: none that Python or a crash would give by itself


def settings() -> dict:
    "The project's settings.ini, which nbdev reads too."
    config = ConfigParser(delimiters=["="])
    config.read(project / "settings.ini", encoding="utf-8")
    return dict(config["DEFAULT"])


def directives(source: str) -> dict:
    "The `#| name: value` lines at the head of a cell: name -> value."
    found = {}
    for line in source.splitlines():
        if not (match := re.match(r"#\s*\|\s*([\w-]+):?\s*(.*)", line)):
            break
        found[match[1]] = match[2].strip()
    return found


def run_cell(source: str, name: str, space: dict) -> bool:
    "Run one cell in the names of `space`; whether it passed. Its error is printed."
    # For who asks for a source, such as a traceback.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        exec(compile(source, name, "exec"), space)
    except BaseException:
        print(f"{name}:\n{source}\n\n{traceback.format_exc()}", flush=True)
        return False
    return True


def run_plain(path: Path, skip_flags: set) -> int:
    "Run the cells of the notebook at `path` as nbdev would, without nbdev; PASSED, SKIPPED or 1."
    cells = [
        cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["source"]
    ]
    if any(re.search(r"^skip_exec:\s*true", "".join(cell["source"]), re.M) for cell in cells[:1]):
        return SKIPPED
    sys.modules["__main__"] = ModuleType("__main__")  # pickle looks a cell's functions up there
    space = vars(sys.modules["__main__"])
    os.environ["IN_TEST"] = "1"
    sys.path.insert(0, ".")
    for number, cell in enumerate(cells):
        source = "".join(cell["source"])
        told = directives(source)
        skipped = skip_flags & told.keys() or told.get("eval", "").lower() == "false"
        if cell["cell_type"] != "code" or skipped or "nbdev_export(" in source:
            continue
        if not run_cell(source, f"<{path.name}[{number}]>", space):
            return 1
    return PASSED


def run_here(path: Path, flags: list, known: list) -> int:
    "Run the notebook at `path` in this process; PASSED, SKIPPED or 1."
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != project / "tools"]
    if not find_spec("nbdev"):
        return run_plain(path, set(known) - set(flags))
    from nbdev.test import test_nb

    passed, seconds = test_nb(path, skip_flags=known, force_flags=flags, basepath=project)
    if not passed:
        return 1
    # nbdev tells a notebook with `skip_exec: true` by zero seconds
    return PASSED if seconds else SKIPPED


def run_apart(path: Path, flags: list):
    "Run the notebook at `path` in a fresh process; path, exit status, seconds, what it wrote."
    command = [sys.executable, __file__, "--here", "--flags", " ".join(flags), str(path)]
    start = time.time()
    # What it leaves behind goes with the folder.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # a test may enter as another user
        threads = {"OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}  # before torch is imported
        child = subprocess.run(
            command,
            cwd=path.parent,
            env={**os.environ, "TMPDIR": folder, **threads},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    return path, child.returncode, time.time() - start, child.stdout


def run_all(paths: list, flags: list) -> dict:
    "Run the notebooks, `WORKERS` at a time, and tell each as it ends; how many passed, failed, ..."
    count = {"passed": 0, "FAILED": 0, "skipped": 0}
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in as_completed([pool.submit(run_apart, path, flags) for path in paths]):
            path, status, seconds, text = done.result()
            word = {PASSED: "passed", SKIPPED: "skipped"}.get(status, "FAILED")
            count[word] += 1
            late = f"  (over {SLOW} s)" if seconds > SLOW else ""
            print(f"{word:7} {seconds:6.1f} s  {called(path)}{late}", flush=True)
            if word == "FAILED":
                print(f"{text.strip()}\n(exit status {status})".lstrip(), flush=True)
    return count


def options() -> argparse.Namespace:
    "What the command line asks for."
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    named = "a path, or a name as 00_restriction or core/00_restriction; all if none"
    parser.add_argument("notebooks", nargs="*", metavar="notebook", help=named)
    asked = "test flags of settings.ini whose cells are run too, such as 'slow net'"
    parser.add_argument("--flags", default="", help=asked)
    # One notebook, in this process.
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    args = options()
    known, flags = settings()["tst_flags"].split(), args.flags.split()
    if unknown := set(flags) - set(known):
        told = " ".join(sorted(unknown))
        raise SystemExit(f"--flags: {told!r}: settings.ini allows {' '.join(known)}")
    if args.here:
        return run_here(Path(args.notebooks[0]), flags, known)
    everything = [path.resolve() for path in notebooks()]
    wanted = {find(name) for name in args.notebooks} or everything
    # The later a notebook, the more it trains: the last start first, so that none ends alone.
    paths = [path for path in reversed(everything) if path in wanted]
    paths += sorted(set(wanted) - set(everything))
    passed, failed, skipped = run_all(paths, flags).values()
    more = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{more}", flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
