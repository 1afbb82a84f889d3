"""Write README.md from nbs/index.ipynb, outputs included: `python tools/readme.py [--check]`.

Links and pictures are made relative to the project's root; pictures among the outputs become
nbs/images/index_N.png. `--check` writes nothing and exits with 1 where README.md or such a picture
is not what the notebook gives.
"""

import argparse
import os
import re
import sys
from base64 import b64decode
from html import escape
from pathlib import Path

import nbformat
from nbconvert.exporters import MarkdownExporter
from nbdev.process import extract_directives

project = Path(__file__).resolve().parent.parent
NOTE = (
    "<!-- Written by tools/readme.py from nbs/index.ipynb: edit that notebook, not this file. -->"
)
# nbdev's documentation leaves these cells out too.
HIDDEN = {"hide", "default_exp", "export", "exporti"}
# Code and formulas first, so that nothing inside them is taken for a link.
LINK = re.compile(
    r"(?P<code>(?P<tick>`+)[\s\S]*?(?P=tick)|\$\$[\s\S]*?\$\$|\$[^$\n]+\$)"
    r"|(?P<before>\]\(|\b(?:src|href)=\")(?P<target>[^)\s\"]+)"
)


def from_root(text: str, nbs: Path) -> str:
    "Markdown of a notebook in `nbs` with its relative links made relative to the folder above."

    def moved(found):
        target = found["target"]
        if found["code"] or re.match(r"[a-z]+:|[/#]", target):
            return found[0]
        path, mark, anchor = target.partition("#")
        if not (nbs / path).exists():
            raise SystemExit(f"nbs/index.ipynb: links to {target}, which does not exist")
        return found["before"] + os.path.normpath(f"{nbs.name}/{path}") + mark + anchor

    return LINK.sub(moved, text)


def shown(cell) -> bool:
    "Whether a reader sees `cell`; takes out its directives, and outputs that are not to be seen."
    if cell.cell_type != "code":
        return cell.cell_type == "markdown"
    cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    directives = extract_directives(cell)
    cell.source = "\n".join(
        line for line in cell.source.splitlines() if not line.lstrip().startswith("#|")
    )
    off = {name for name, values in directives.items() if values and values[0].lower() == "false"}
    if "output:" in off or "hide_output" in directives:
        cell.outputs = []
    if "echo:" in off or "hide_input" in directives:
        cell.metadata.transient = {"remove_source": True}
    cell.alt = " ".join(directives.get("fig-alt:") or directives.get("fig-cap:") or []).strip("\"'")
    return not (HIDDEN & directives.keys() or "include:" in off)


def as_markdown(output, alt: str, pictures: dict, folder: str):
    "`output` as Markdown: text in a fence; a picture as a link, its bytes put in `pictures`."
    data, pictured = output.get("data", {}), ("image/png", "image/jpeg")
    kinds = ("text/html", "text/markdown", *pictured, "text/plain")
    kind = next((k for k in kinds if k in data), None)
    if kind in pictured:
        name = f"{folder}/index_{len(pictures) + 1}.{kind[6:]}"
        width = output.metadata.get(kind, {}).get("width")
        pictures[name] = b64decode(data[kind])
        text = f"![{alt}]({name})"
        if width:
            text = f'<img src="{name}" alt="{escape(alt)}" width="{width:.0f}">'
    elif output.output_type == "stream" or kind == "text/plain":
        text = output.get("text", data.get("text/plain")).rstrip()
        fence = max(re.findall("`{3,}", text), key=len, default="``") + "`"
        text = f"{fence}\n{text}\n{fence}"
    else:
        return output  # as it is
    return nbformat.v4.new_output("display_data", {"text/markdown": text})


def render(notebook: Path):
    "README's text, and its pictures (path -> bytes), from the notebook at that path."
    if not notebook.exists():
        raise SystemExit(f"nbs/{notebook.name}: missing; README.md is written from it")
    nb, pictures = nbformat.read(notebook, as_version=4), {}
    nb.cells = [cell for cell in nb.cells if shown(cell)]
    nb.metadata.language_info = {"name": "python"}  # the fences say it
    folder = f"{notebook.parent.name}/images"
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = from_root(cell.source, notebook.parent)
        else:
            cell.outputs = [as_markdown(o, cell.alt, pictures, folder) for o in cell.outputs]
    text, _ = MarkdownExporter().from_notebook_node(nb)
    # One blank line between blocks; what is in a fence stays as it is.
    fence_or_gap = r"(?m)^(`{3,})[\s\S]*?^\1$|\n{3,}"
    text = re.sub(fence_or_gap, lambda found: found[0] if found[1] else "\n\n", text)
    return f"{NOTE}\n\n{text.strip()}\n", pictures


def files(root: Path = project) -> dict:
    "What README is made of: path -> bytes; None for a file left over from before."
    text, pictures = render(root / "nbs" / "index.ipynb")
    left = (root / "nbs" / "images").glob("index_*")
    old = {path.relative_to(root).as_posix(): None for path in left}
    return {**old, **pictures, "README.md": text.encode()}


def readme_problems(root: Path = project):
    "One line for each file that is not what the notebook gives."
    for name, wanted in files(root).items():
        there = (root / name).read_bytes() if (root / name).exists() else None
        if wanted != there:
            yield f"{name}: not what nbs/index.ipynb gives; run python tools/readme.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    checks = "write nothing; exit with 1 if README.md would change"
    parser.add_argument("--check", action="store_true", help=checks)
    if parser.parse_args().check:
        found = list(readme_problems())
        print("\n".join(found), end="\n" if found else "")
        return 1 if found else 0
    for name, content in files().items():
        path = project / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
