"""Short runs of the training commands, as digests: `python tools/short_runs.py --out before.csv`.

Each command trains for a few steps by each of its plans, on one thread of the CPU. A row of the
CSV is the digest of one thing that a run left: tensors and plain values of checkpoints, rows of
logs, names of files, what was printed; all without seconds, versions and paths. A change that must
not touch what runs compute leaves every row as it was:

    python tools/short_runs.py --project OLD --out before.csv
    python tools/short_runs.py --project NEW --out after.csv
    python tools/short_runs.py --compare before.csv after.csv

Of a project it knows settings.ini and the files of a run. The libraries are imported once: each
command is a fork.
"""

import argparse
import contextlib
import csv
import hashlib
import importlib
import json
import os
import re
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from configparser import ConfigParser
from pathlib import Path

PLANS = ("single", "multiscale", "fullmultiscale", "progressive", "auto")
SHARED = "--size 32 --levels 2 --budget 40 --train_patches 16 --test_patches 8"
NETWORKS = {  # of each restoring command, plan by plan
    "denoise": "unet unet resnet unet5 unet",
    "deblur": "resnet unet resnet resnet18 resnet",
    "inpaint": "unet resnet unet resnet unet",
    "superres": "espcn unet resnet2x128 srnet espcn",
}
MORE = {  # run -> further options
    "denoise single": "--dropout 0.2",
    "deblur multiscale": "--dropout 0.2 --schedule constant",
    "inpaint progressive": "--dataset deadleaves --train_patches 0 --test_patches 0",
    "superres single": "--paper --levels 4 --budget 160 --train_patches 64",
    "superres multiscale": "--how average",
    "superres auto": "--size 64 --levels 3 --budget 400",
}
LABELLED = {  # run -> options
    "digits auto": "--network p-mg-11 --size 32 --levels 2 --width 8 --budget 150",
    "digits multiscale": "--network r-mg-14 --task spatial --dropout 0.2 --size 32 --levels 2 "
    "--width 8 --budget 60",
    "classify auto": "--network mg-6 --levels 2 --width 4 --budget 150",
    "classify fullmultiscale": "--network r-mg-12 --levels 2 --width 4 --budget 150 --crops 10",
}
STOPPED, AFTER = "superres auto", 120  # the run that is made again, interrupted after so many steps
APPLIED = "denoise single"  # the run whose network is evaluated and restores a picture
LIBRARIES = "torch torch._dynamo torchmetrics.functional torchvision matplotlib.figure".split()
UNLIKE = {"time", "seconds", "elapsed", "pace", "environment", "digests"}  # differ from run to run
UNLIKE_LINES = ("time:", "written:", "resumed after")


def feed(digest, value, without=frozenset()):
    "Tensors and plain values into a digest; of dicts, keys of `without` are left out."
    if hasattr(value, "untyped_storage"):
        flat = value.detach().contiguous().reshape(-1)
        digest.update(f"{value.dtype} {list(value.shape)}\n".encode())
        digest.update(flat.view(importlib.import_module("torch").uint8).numpy().tobytes())
    elif isinstance(value, dict):
        digest.update(f"dict {len(value.keys() - without)}\n".encode())
        for key in sorted(value.keys() - without, key=repr):
            digest.update(f"{key!r}\n".encode())
            feed(digest, value[key], without)
    elif isinstance(value, (list, tuple)):
        digest.update(f"list {len(value)}\n".encode())
        for part in value:
            feed(digest, part, without)
    else:
        digest.update(f"{value!r}\n".encode())


def digest_of(value, without=frozenset()) -> str:
    "Sixteen digits for tensors and plain values."
    digest = hashlib.sha256()
    feed(digest, value, without)
    return digest.hexdigest()[:16]


def checkpoint(path: Path) -> dict:
    "A checkpoint, read without the package: the seal is the comment of the archive."
    torch = importlib.import_module("torch")
    return torch.load(path, map_location="cpu", weights_only=True)


def safetensors(path: Path) -> tuple:
    "(tensors as [type, shape, bytes] by name, configuration) of a safetensors file."
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    config = json.loads(header.pop("__metadata__")["mge"])
    tensors = {
        name: [t["dtype"], t["shape"], hashlib.sha256(body[slice(*t["data_offsets"])]).hexdigest()]
        for name, t in header.items()
    }
    return tensors, config


def left_by(out: Path):
    "(what, digest) of all that a training run left in a folder."
    files = sorted(p for p in out.rglob("*") if p.is_file() and not p.name.startswith("."))
    yield "files", digest_of([p.relative_to(out).as_posix() for p in files])
    for path in files:
        kind = path.name.rsplit("_", 1)[1]
        if kind == "last.pt":
            for key, value in checkpoint(path).items():
                if key not in UNLIKE:
                    yield f"{kind} {key}", digest_of(value, UNLIKE if key != "config" else set())
        elif kind == "best.pt":
            yield kind, digest_of(checkpoint(path), UNLIKE)
        elif kind == "best.safetensors":
            yield from zip((f"{kind} tensors", f"{kind} config"), map(digest_of, safetensors(path)))
        elif path.suffix == ".csv":
            with open(path, newline="", encoding="utf-8") as f:
                yield kind, digest_of(list(csv.DictReader(f)), UNLIKE)


def arrays_and_pictures(out: Path):
    "(name, digest) of the arrays and the restored pictures in a folder."
    for path in sorted(out.rglob("*.npz")):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                yield name, digest_of(archive.read(name))
    for path in sorted(out.rglob("*_restored.png")):
        yield path.name, digest_of(path.read_bytes())


def printed(out: Path) -> str:
    "Digest of what a command printed into `out`.log, without what differs from run to run."
    text = out.with_suffix(".log").read_text(encoding="utf-8").replace(str(out.parent), "")
    lines = [line for line in text.splitlines() if not line.startswith(UNLIKE_LINES)]
    return digest_of([re.sub(r", [\d.]+ s$", "", line) for line in lines])


def console_scripts(project: Path) -> dict:
    "command -> (module, function), from settings.ini."
    config = ConfigParser(delimiters=["="])
    if not config.read(project / "settings.ini", encoding="utf-8"):
        raise SystemExit(f"--project {project} has no settings.ini")
    told = config["DEFAULT"]["console_scripts"].split()
    return {name: entry.split(":") for name, entry in (line.split("=") for line in told)}


def called(project: Path, command: str, arguments: list) -> int:
    "Call a command's function as its console script does; the exit status. For a forked process."
    module, function = console_scripts(project)[command]
    sys.argv, sys.path[:0] = [command, *arguments], [str(project)]
    try:
        script = getattr(importlib.import_module(module), function)
        package = sys.modules[module.split(".")[0]]
        if not Path(package.__file__).resolve().is_relative_to(project):
            raise ImportError(f"{package.__file__} is not in {project}")
        script()
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else int(e.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def start(project: Path, command: str, arguments: list, out: Path) -> int:
    "Fork a command that writes to the folder `out`, and prints to files beside it; its process."
    process = os.fork()
    if process:
        return process
    for number, suffix in ((1, ".log"), (2, ".err")):
        opened = os.open(out.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
    status = 1
    try:
        status = called(project, command, [*arguments, "--device", "cpu", "--out", str(out)])
        sys.stdout.flush()
    finally:
        os._exit(status)


def ended(process: int, out: Path, wanted: int = 0):
    "Wait for a command; stop with the end of what it said if its exit status is another one."
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status != wanted:
        said = out.with_suffix(".err").read_text(encoding="utf-8")
        raise SystemExit(f"{out.name} ended with {status} in place of {wanted}: {said[-2000:]}")


def interrupt(process: int, out: Path):
    "Send Ctrl-C to a run once it has made `AFTER` steps."
    until = time.monotonic() + 300
    while time.monotonic() < until:
        logs = list(out.glob("logs/*_train.csv"))
        if logs and logs[0].read_bytes().count(b"\n") > AFTER:
            break
        time.sleep(0.005)
    os.kill(process, signal.SIGINT)


def picture(path: Path, height: int = 40, width: int = 56):
    "Write a small picture in colours as PNG."
    pixel = [
        bytes((4 * x % 256, 5 * y % 256, x * y % 256)) for y in range(height) for x in range(width)
    ]
    rows = [b"\0" + b"".join(pixel[y * width : (y + 1) * width]) for y in range(height)]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


def training_runs() -> dict:
    "run -> options, all runs that train."
    runs = {}
    for name, networks in NETWORKS.items():
        for plan, network in zip(PLANS, networks.split()):
            run = f"{name} {plan}"
            runs[run] = f"{SHARED} --network {network} {MORE.get(run, '')}"
    return {**runs, **LABELLED}


def trained(project: Path, folder: Path, run: str, options: str):
    "Rows [run, what, digest] of a training run, and of it again if it is to be stopped."
    name, plan = run.split()
    out, arguments = folder / run.replace(" ", "_"), ["--mode", plan, *options.split()]
    ended(start(project, f"mge_{name}", arguments, out), out)
    yield from ([run, *row] for row in (*left_by(out), ("printed", printed(out))))
    if run != STOPPED:
        return
    out = out.with_name(f"{out.name}_stopped")
    process = start(project, f"mge_{name}", arguments, out)
    interrupt(process, out)
    ended(process, out, 128 + signal.SIGINT)
    ended(start(project, f"mge_{name}", [*arguments, "--resume"], out), out)
    again = f"{run} stopped"
    yield from ([again, *row] for row in (*left_by(out), ("printed", printed(out))))


def applied(project: Path, folder: Path):
    "Rows [command, what, digest] of the commands that use a trained network."
    network = next((folder / APPLIED.replace(" ", "_")).rglob("*_best.safetensors"))
    image = folder / "image.png"
    picture(image)
    uses = {
        "evaluate": [str(network), "--images", "6"],
        "restore": [str(network), str(image), "--tile", "32", "--overlap", "8"],
    }
    for name, arguments in uses.items():
        out = folder / name
        ended(start(project, f"mge_{name}", arguments, out), out)
        yield from ([name, *row] for row in (*arrays_and_pictures(out), ("printed", printed(out))))


def all_rows(project: Path, folder: Path, only: str):
    "Rows [run, what, digest] of all runs whose names contain `only`, as they end."
    for run, options in training_runs().items():
        if only in run or run == APPLIED:
            yield from trained(project, folder, run, options)
    yield from applied(project, folder)


def compare(a: Path, b: Path) -> int:
    "Print the rows in which two files differ, and how many are the same."

    def rows(path):
        with open(path, newline="", encoding="utf-8") as f:
            return {(row["run"], row["what"]): row["digest"] for row in csv.DictReader(f)}

    before, after = rows(a), rows(b)
    keys = list({**before, **after})
    unlike = [key for key in keys if before.get(key) != after.get(key)]
    for key in unlike:
        print(*key, f"{before.get(key, 'absent')} -> {after.get(key, 'absent')}", sep=", ")
    print(f"{len(keys) - len(unlike)} of {len(keys)} the same")
    return 1 if unlike or not keys else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--project", type=Path, default=here, help="folder with a settings.ini")
    parser.add_argument("--out", type=Path, help="CSV file for the digests")
    parser.add_argument("--only", default="", help="runs whose names contain this")
    parser.add_argument(
        "--keep", type=Path, help="new folder for the runs; without it they are deleted"
    )
    parser.add_argument("--compare", nargs=2, type=Path, metavar="CSV", help="compare two files")
    args = parser.parse_args()
    if args.compare:
        return compare(*args.compare)
    if not args.out:
        raise SystemExit("--out FILE or --compare A B is needed")
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
    began, folder = time.monotonic(), (args.keep or Path(tempfile.mkdtemp())).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"--keep {folder} is not empty")
    os.environ.update(MGE_CACHE=str(folder / "cache"), MPLBACKEND="agg")
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    rows = all_rows(args.project.resolve(), folder, args.only)
    try:
        with open(args.out, "w", newline="", encoding="utf-8") as f:
            writer = csv.writer(f, lineterminator="\n")
            writer.writerow(["run", "what", "digest"])
            n = 0
            for row in rows:
                writer.writerow(row)
                n += 1
    finally:
        if not args.keep:
            shutil.rmtree(folder)
    print(f"{args.out}: {n} digests, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
