"""The notebooks in reading order, part by part: what the tools and the site's sidebar go by."""

import re
from pathlib import Path

project = Path(__file__).resolve().parent.parent
FIRST = ("index", "00_tour", "glossary")
# Folder of nbs -> its name on the site, in reading order.
PARTS = {
    "core": "The method",
    "analysis": "What the paper claims, run",
    "io": "Files, pictures, figures",
    "data": "Data",
    "tasks": "Tasks",
    "networks": "Networks",
    "training": "Training",
    "commands": "Commands",
    "measurements": "Measurements",
}
NOTE = "# Written by `python tools/site.py --sidebar`; the parts stand in tools/parts.py."


def order(name: str) -> tuple:
    "What sorts a notebook's path within nbs into reading order: first pages, then part by part."
    folder, _, stem = name.removesuffix(".ipynb").rpartition("/")
    places = [*PARTS]
    part = places.index(folder) if folder in places else len(places) if folder else -1
    return part, folder, FIRST.index(stem) if not folder and stem in FIRST else len(FIRST), stem


def notebooks(root: Path = project) -> list:
    "Paths of all notebooks in reading order; those that nbdev leaves out are left out."
    nbs = root / "nbs"
    names = [path.relative_to(nbs).as_posix() for path in nbs.rglob("*.ipynb")]
    kept = [name for name in names if not re.search(r"/[_.]", f"/{name}")]
    return [nbs / name for name in sorted(kept, key=order)]


def name_of(path: Path, root: Path = project) -> str:
    "What a notebook is called: its path within nbs without the ending, as core/00_restriction."
    return path.relative_to(root / "nbs").with_suffix("").as_posix()


def find(name: str, root: Path = project) -> Path:
    "The notebook called `name`: a path, or its name with or without folder and `.ipynb`."
    path = Path(name)
    if path.is_file() and path.suffix == ".ipynb":
        return path.resolve()
    wanted = name.removesuffix(".ipynb")
    names = {name_of(p, root): p for p in notebooks(root)}
    found = [n for n in names if wanted in (n, names[n].stem)]
    if wanted not in names and len(found) > 1:
        raise SystemExit(f"notebook: {name!r} may be {' or '.join(found)}")
    if not found:
        told = "is neither a notebook's path nor the name of one in nbs/"
        raise SystemExit(f"notebook: {name!r} {told}")
    return names[wanted if wanted in names else found[0]].resolve()


def called(path: Path) -> str:
    "A notebook's folder and name, as core/00_restriction; its file's name outside `nbs`."
    inside = path.is_relative_to(project / "nbs")
    return name_of(path) if inside else path.name


def by_part(root: Path = project) -> dict:
    "Folder -> the paths of its notebooks, both in reading order; '' for nbs itself."
    found: dict[str, list] = {}
    for path in notebooks(root):
        found.setdefault(name_of(path, root).rpartition("/")[0], []).append(path)
    return found


def sidebar(root: Path = project) -> str:
    "nbs/sidebar.yml: the pages by part, as Quarto reads it."
    lines = [NOTE, "website:", "  sidebar:", "    contents:"]
    for folder, paths in by_part(root).items():
        if folder:
            lines += [f'      - section: "{PARTS.get(folder, folder)}"', "        contents:"]
        indent = " " * (10 if folder else 6)
        lines += [f"{indent}- {name_of(path, root)}.ipynb" for path in paths]
    return "\n".join(lines) + "\n"


def sidebar_problems(root: Path = project):
    "One line if nbs/sidebar.yml is not what the notebooks give, one for each folder in no part."
    path = root / "nbs" / "sidebar.yml"
    if not path.exists() or path.read_text(encoding="utf-8") != sidebar(root):
        yield "nbs/sidebar.yml: not what the notebooks give; run python tools/site.py --sidebar"
    for folder in by_part(root):
        if folder and folder not in PARTS:
            yield f"nbs/{folder}: tools/parts.py gives it no place in the reading order"
