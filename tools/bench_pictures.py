"""The benchmark's pictures: `python tools/bench_pictures.py --out FOLDER`.

Photographs under free licences from Debian's packages, which anyone can install by name, become
FOLDER/train, FOLDER/valid and FOLDER/test. Then `--dataset folder --data_dir FOLDER` trains on
them. `bench_pictures.csv`, beside this file and copied into FOLDER, lists each picture's package,
path, author, licence and SHA-256; all pictures of one author are in one split, so no scene and no
series is in two.

A picture comes from the installed package, from a package unpacked in a folder of `--packages`
(`dpkg-deb -x PACKAGE.deb FOLDER`), or else from `apt-get download`, unpacked in a temporary
folder: nothing is installed. One whose digest is another is not used. A folder that this command
did not make, or that holds anything else, is left alone. Every failure is one line.
"""

import argparse
import csv
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TABLE = Path(__file__).with_suffix(".csv")
SPLITS = ("train", "valid", "test")


def read_table() -> list:
    "Rows of the table as dictionaries; `ValueError` for a name or picture that is there twice."
    with open(TABLE, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for key in ("name", "sha256"):
        values = [row[key] for row in rows]
        twice = [value for value in values if values.count(value) > 1]
        if twice:
            raise ValueError(f"{TABLE.name} has {key} {twice[0]} twice; allowed: once")
    for row in rows:
        if row["split"] not in SPLITS or Path(row["name"]).name != row["name"]:
            raise ValueError(f"{TABLE.name} has {row['split']}/{row['name']}; allowed: SPLIT/NAME")
    return rows


def digest(path: Path) -> str:
    "SHA-256 of a file."
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetched(package: str, folder: Path) -> str:
    "Unpack a package in `folder`/`package`; '' or, in a few words, why it could not be had."
    into = folder / package
    into.mkdir()
    for command in (["apt-get", "download", package], ["dpkg-deb", "-x", None, str(into)]):
        if command[2] is None:
            command[2] = str(next(folder.glob(f"{package}_*.deb"), "no file"))
        try:
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        except OSError as problem:
            return f"{command[0]}: {problem.strerror}"
        if ran.returncode:
            lines = ran.stderr.split("\n")
            told = next((line for line in lines if line.startswith("E:")), lines[0])
            return f"{' '.join(command[:2])}: {told}"
    return ""


def find_pictures(rows: list, places: list, download: bool, folder: Path) -> tuple:
    """(SHA-256 -> file of each picture found, what is missing, in words).

    Packages of which a picture lies in none of `places` are unpacked in `folder`.
    """
    found, reasons = {}, {}
    for row in rows:
        package, candidates = row["package"], [Path(p) / row["path"] for p in places]
        if download and package not in reasons and not _find(row, candidates):
            reasons[package] = fetched(package, folder)
        candidates.append(folder / package / row["path"])
        if file := _find(row, candidates):
            found[row["sha256"]] = file
    missing = []
    for package in dict.fromkeys(row["package"] for row in rows):
        lost = [r for r in rows if r["package"] == package and r["sha256"] not in found]
        if lost:
            why = f" ({reasons[package]})" if reasons.get(package) else ""
            missing.append(f"{len(lost)} of package {package}, first {lost[0]['path']}{why}")
    return found, missing


def _find(row, candidates):
    "The first of `candidates` with the row's digest, or None."
    return next((p for p in candidates if p.is_file() and digest(p) == row["sha256"]), None)


def state(out: Path, rows: list) -> str:
    "'new', 'complete' or 'begun' by this command; `ValueError` for any other folder."
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return "new"
    if not out.is_dir():
        raise ValueError(f"out is {str(out)!r}, a file; allowed: a folder that is new or empty")
    marker, allowed = out / TABLE.name, {f"{row['split']}/{row['name']}" for row in rows}
    there = {str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir() or p.is_symlink()}
    other = sorted(there - allowed - {TABLE.name})
    if not marker.is_file() or marker.read_bytes() != TABLE.read_bytes() or other:
        why = f"holds {other[0]}" if other else f"has no {TABLE.name} like this command's"
        raise ValueError(
            f"out is {str(out)!r}, which {why}; allowed: a folder that is new or empty"
        )
    right = [out / row["split"] / row["name"] for row in rows]
    whole = all(p.is_file() and digest(p) == row["sha256"] for p, row in zip(right, rows))
    return "complete" if whole else "begun"


def make(out: Path, rows: list, found: dict):
    "Copy the pictures beside `out`, check what was written, and move it to its place at once."
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        shutil.copyfile(TABLE, made / TABLE.name)
        for row in rows:
            target = made / row["split"] / row["name"]
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(found[row["sha256"]], target)
            if digest(target) != row["sha256"]:
                raise ValueError(f"{target.name} was not copied whole; allowed: a disk with room")
        made.chmod(0o755)
        if out.exists():  # empty, or begun by this command: `state` has looked
            shutil.rmtree(out)
        os.replace(made, out)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def main(arguments=None) -> str:
    "What the command does; the line that it ends with."
    words, lines = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=words, epilog=lines, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True, type=Path, help="the folder to make")
    unpacked = f"folders that hold unpacked packages, separated by {os.pathsep}"
    parser.add_argument("--packages", default="", help=unpacked)
    parser.add_argument("--offline", action="store_true", help="download nothing")
    options = parser.parse_args(arguments)
    rows, out = read_table(), options.out.expanduser().absolute()
    if not out.parent.is_dir():
        raise ValueError(f"out is {str(out)!r}; allowed: within a folder that exists")
    counts = ", ".join(f"{sum(r['split'] == s for r in rows)} {s}" for s in SPLITS)
    if state(out, rows) == "complete":
        return f"{out}: complete already ({counts})"
    places = ["/"]
    for folder in filter(None, options.packages.split(os.pathsep)):
        places += [folder, *sorted(Path(folder).glob("*/"))]  # itself unpacked, or holding such
    with tempfile.TemporaryDirectory() as folder:
        found, missing = find_pictures(rows, places, not options.offline, Path(folder))
        if missing:
            raise ValueError(f"missing: {'; '.join(missing)}. Nothing was written")
        make(out, rows, found)
    return f"{out}: {len(rows)} photographs ({counts})"


if __name__ == "__main__":
    try:
        print(main())
    except (ValueError, OSError) as problem:
        sys.exit(" ".join(f"bench_pictures: {problem}".split()))
