"""Long runs with the guard and without: `python tools/long_runs.py --out long_runs.csv`.

Denoising of the embedded photographs at 32 pixels, one sample a step. A row of the CSV is a run:
where its validation loss was lowest and where it ended, how often it went back, the share of its
steps that were clipped. What stands in the file already is not run again, so the command can be
stopped and given again. One thread; the runs with the guard come first.
"""

import argparse
import csv
import os
import shlex
import sys
import time
from pathlib import Path

COLUMNS = (
    *("network", "seed", "guard", "steps", "rate", "looks", "start", "lowest", "lowest_at", "end"),
    *("above", "returns", "clipped", "largest", "seconds", "command"),
)
FAILED = "nan"  # in place of the losses of a run that ended with an error


def single_threaded():
    "Begin anew with one thread, and with memory that is kept between steps (Linux: much faster)."
    wanted = {
        "OMP_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": str(2**30),
        "MALLOC_TRIM_THRESHOLD_": str(2**32),
    }
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, *sys.argv])


def wanted_runs(args) -> list:
    "(guard, seed, network, steps) of all runs, those with the guard first."
    return [
        (guard, seed, network, args.steps if guard else args.steps_off)
        for guard in (1, 0)
        for seed in range(10, 10 + args.seeds)
        for network in ("unet", "resnet")
    ]


def done_already(path: Path) -> set:
    "What `wanted_runs` gives, for the rows of the file."
    if not path.exists():
        return set()
    with open(path, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    return {(int(r["guard"]), int(r["seed"]), r["network"], int(r["steps"])) for r in rows}


def photographs():
    "The training data, prepared."
    from mge.data.images import load_pictures
    from mge.tasks.restoration import denoising
    from mge.training.loop import prepare_data

    train, valid = (load_pictures("photographs", s, size=32, levels=1) for s in ("train", "valid"))
    return prepare_data(denoising, train, valid)


def clipped_share(norms: list) -> float:
    "Share of the steps whose gradient was clipped, at the factor of `train`."
    from mge.training.guard import CLIP, LOOK_BACK, clip_limit

    limits = (clip_limit(norms[max(i - LOOK_BACK, 0) : i], CLIP) for i in range(len(norms)))
    return sum(norm > limit for norm, limit in zip(norms, limits)) / len(norms)


def run_once(data, guard: int, seed: int, name: str, steps: int, rate: float) -> dict:
    "The row of a run."
    import torch

    from mge.core.plan import Plan
    from mge.networks.registry import network
    from mge.training.loop import train

    began, decided = time.perf_counter(), {}
    model = network(name, seed=seed).to(memory_format=torch.channels_last)
    off = {} if guard else {"clip": None, "returns": None}
    settings = dict(lr=rate, seed=seed, validations=20, decided=decided, progress=False, **off)
    row = dict(network=name, seed=seed, guard=guard, steps=steps, rate=rate)
    try:
        rows, checks = train(model, data, Plan.single(steps, 1), **settings)
    except FloatingPointError as e:
        print(f"{name}, seed {seed}: {e}", flush=True)
        row.update(dict.fromkeys(("start", "lowest", "end", "above"), FAILED))
        return {**row, "seconds": round(time.perf_counter() - began)}
    norms, best = [r["norm"] for r in rows], min(checks, key=lambda c: c["loss"])
    start, lowest, end = checks[0]["loss"], best["loss"], checks[-1]["loss"]
    row.update(looks=len(checks), lowest_at=best["iteration"], start=round(start, 5))
    row.update(lowest=round(lowest, 5), end=round(end, 5), above=round(end / lowest - 1, 5))
    row.update(returns=len(decided["returns"]), largest=round(max(norms), 3))
    row.update(clipped=round(clipped_share(norms) if guard else 0.0, 5))
    return {**row, "seconds": round(time.perf_counter() - began)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="CSV file to append to")
    parser.add_argument("--steps", type=int, default=16000, help="steps of a run with the guard")
    parser.add_argument("--steps_off", type=int, default=16000, help="steps of one without it")
    parser.add_argument(
        "--seeds", type=int, default=5, help="seeds 10, 11, ...: none that anything was chosen on"
    )
    parser.add_argument("--rate", type=float, default=5e-4, help="learning rate")
    args = parser.parse_args()
    single_threaded()
    command = shlex.join(["python", "tools/long_runs.py", *sys.argv[1:]])
    print(command, flush=True)
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    data, done = photographs(), done_already(args.out)
    for run in wanted_runs(args):
        if run in done:
            continue
        row = {**run_once(data, *run, args.rate), "command": command}
        new = not args.out.exists()
        with open(args.out, "a", newline="", encoding="utf-8") as f:
            writer = csv.DictWriter(f, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
