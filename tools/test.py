"""Run the tests, which are the notebooks: `python tools/test.py [--flags slow] [notebook ...]`.

As `nbdev_test` does, but each notebook gets a Python process and one thread of its own, so none sees what another
left behind, and each is told as it finishes. The last line is the count; the exit status is 0 only if notebooks ran
and all passed.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from nbdev.config import get_config
from nbdev.doclinks import nbglob
from nbdev.test import test_nb

WORKERS, SLOW = 2, 60  # notebooks at a time; seconds a notebook should stay under
PASSED, SKIPPED = 10, 11  # a child's exit statuses: none that Python or a crash would give by itself
project = Path(__file__).resolve().parent.parent


def find(name: str, nbs: Path) -> Path:
    "The notebook called `name`: a path, or its name in `nbs` with or without `.ipynb`."
    for path in (Path(name), nbs / name, nbs / f"{name}.ipynb"):
        if path.is_file() and path.suffix == ".ipynb": return path.resolve()
    raise SystemExit(f"notebook: {name!r} is neither a notebook's path nor the name of one in {nbs.name}/")


def run_here(path: Path, flags: list, config) -> int:
    "Run the notebook at `path` in this process; PASSED, SKIPPED or 1."
    passed, seconds = test_nb(path, skip_flags=config.tst_flags.split(), force_flags=flags, basepath=config.config_path)
    if not passed: return 1
    return PASSED if seconds else SKIPPED  # nbdev tells a notebook with `skip_exec: true` by zero seconds


def run_apart(path: Path, flags: list, nbs: Path):
    "Run the notebook at `path` in a fresh process; its path, exit status, seconds and what it wrote."
    command = [sys.executable, __file__, "--here", "--flags", " ".join(flags), str(path)]
    start = time.time()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # what it leaves behind goes with it
        os.chmod(folder, 0o755)  # a test may enter as another user
        env = {**os.environ, "TMPDIR": folder, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}  # before torch is imported
        child = subprocess.run(command, cwd=nbs, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    return path, child.returncode, time.time() - start, child.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", metavar="notebook", help="a path, or a name as 00_restrict; all if none")
    parser.add_argument("--flags", default="", help="test flags of settings.ini whose cells are run too, such as 'slow net'")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # one notebook, in this process
    args = parser.parse_args()
    config, flags = get_config(path=project), args.flags.split()
    if unknown := set(flags) - set(config.tst_flags.split()):
        raise SystemExit(f"--flags: {' '.join(sorted(unknown))!r}: settings.ini allows {config.tst_flags}")
    if args.here: return run_here(Path(args.notebooks[0]), flags, config)

    nbs = config.nbs_path.resolve()
    named = [find(name, nbs) for name in args.notebooks]
    # The later a notebook, the more it trains: the last ones start first, so that none runs alone at the end.
    paths = sorted(set(named) or {p.resolve() for p in nbglob(nbs, as_path=True)}, reverse=True)
    count = {"passed": 0, "FAILED": 0, "skipped": 0}
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in as_completed([pool.submit(run_apart, path, flags, nbs) for path in paths]):
            path, status, seconds, text = done.result()
            word = {PASSED: "passed", SKIPPED: "skipped"}.get(status, "FAILED")
            count[word] += 1
            print(f"{word:7} {seconds:6.1f} s  {path.name}" + (f"  (over {SLOW} s)" if seconds > SLOW else ""), flush=True)
            if word == "FAILED": print(f"{text.strip()}\n(exit status {status})".lstrip(), flush=True)
    passed, failed, skipped = count.values()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
