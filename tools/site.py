"""The whole site without Quarto: `python tools/site.py [--out _site] [--check]`.

A page for each notebook, by nbconvert, with all notebooks at its left and links that work among them. With --check,
headless Chromium opens each page at 1280 pixels and tells which code cells and outputs are cut off there.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

project = Path(__file__).resolve().parent.parent
nbs = project / "nbs"
STYLE = """<style>
body { margin-left: 250px !important; max-width: 980px; }
#contents { position: fixed; left: 0; top: 0; bottom: 0; width: 230px; overflow-y: auto; font: 13px sans-serif;
            padding: 10px; border-right: 1px solid #ddd; background: #fafafa; }
#contents a { display: block; padding: 2px 4px; color: #333; text-decoration: none; }
#contents a.here { background: #e0ecff; }
@media (max-width: 800px) { body { margin-left: 0 !important; } #contents { position: static; width: auto; } }
</style>"""
MEASURE = """<script>
window.addEventListener("load", () => setTimeout(() => {
  const wide = [];
  document.querySelectorAll(".jp-Cell").forEach((cell, i) => {
    cell.querySelectorAll("pre, .jp-RenderedHTMLCommon, .jp-RenderedImage, table").forEach(part => {
      let over = part.scrollWidth - part.clientWidth;
      for (let up = part.parentElement; up && up !== cell; up = up.parentElement)
        over = Math.max(over, up.scrollWidth - up.clientWidth);
      if (over > 1) wide.push([i, part.tagName.toLowerCase(), over]);
    });
  });
  const told = document.createElement("script");
  told.type = "application/json"; told.id = "wide"; told.textContent = JSON.stringify(wide);
  document.body.appendChild(told);
}, 300));
</script>"""


def notebooks() -> list:
    "All notebooks, in reading order, the index first."
    paths = [p for p in nbs.rglob("*.ipynb") if not re.search(r"/[_.]", f"/{p.relative_to(nbs)}")]
    return sorted(paths, key=lambda p: (p.stem != "index", str(p.relative_to(nbs))))


def shown(path: Path):
    "The notebook at `path` without the cells that its directives hide, and without the directives."
    notebook = nbformat.read(path, as_version=4)
    cells = [c for c in notebook.cells if not re.match(r"#\s*\|\s*(hide|default_exp)\b", c.source)]
    for cell in cells:
        cell.source = re.sub(r"^(#\s*\|[^\n]*\n?)+", "", cell.source)
    notebook.cells = cells
    return notebook


def title(notebook) -> str:
    "The first heading of a notebook."
    found = re.search(r"^# (.+)$", notebook.cells[0].source, re.M)
    return found[1] if found else "untitled"


def page(path: Path, notebook, titles: dict, measure: bool) -> str:
    "The notebook as HTML with the list of all pages."
    body, _ = HTMLExporter(embed_images=True).from_notebook_node(
        notebook, resources={"metadata": {"name": path.stem, "path": str(path.parent)}}
    )
    up = "../" * len(path.relative_to(nbs).parent.parts)
    rows = []
    for other, name in titles.items():
        target = other.relative_to(nbs).with_suffix(".html").as_posix()
        here = ' class="here"' if other == path else ""
        rows.append(f'<a href="{up}{target}"{here}>{html.escape(name)}</a>')
    body = re.sub(r'(href="[^":]+)\.ipynb(#[^"]*)?"', r'\1.html\2"', body)
    contents = f'{STYLE}<nav id="contents">{"".join(rows)}</nav>{MEASURE if measure else ""}'
    return body.replace("</body>", f"{contents}</body>")


def broken_links(folder: Path):
    "One line for each link between pages that leads nowhere."
    for path in sorted(folder.rglob("*.html")):
        for target in re.findall(r'href="([^":#]+\.html)', path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                yield f"{path.name}: {target} does not exist"


def cut_off(path: Path, browser: str) -> list:
    "[cell, tag, pixels too wide] of what a page cuts off at 1280 pixels."
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,2000", "--hide-scrollbars"]
    options += ["--disable-background-networking", "--disable-sync", "--no-first-run", "--disable-quic"]
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *options, f"--user-data-dir={profile}", "--virtual-time-budget=8000", "--dump-dom"]
        done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120)
    found = re.search(r'id="wide">(.*?)</script>', done.stdout, re.S)
    if not found:
        raise SystemExit(f"{path.name}: the browser gave no answer")
    return json.loads(found[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="_site", help="folder for the pages")
    parser.add_argument("--check", action="store_true", help="list links that lead nowhere and what is cut off")
    parser.add_argument("--only", nargs="*", default=[], help="names of notebooks; all if none")
    args = parser.parse_args()
    out, found = Path(args.out), {p: shown(p) for p in notebooks()}
    titles, faults = {p: title(n) for p, n in found.items()}, 0
    for path, notebook in found.items():
        if args.only and path.stem not in args.only:
            continue
        target = out / path.relative_to(nbs).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(path, notebook, titles, args.check), encoding="utf-8")
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if args.check and not browser:
            raise SystemExit("--check needs chromium or google-chrome on the PATH")
        for cell, tag, over in cut_off(target.resolve(), browser) if args.check else ():
            faults += 1
            print(f"{path.stem}: cell {cell}, <{tag}> is {over} pixels too wide", flush=True)
    for line in broken_links(out) if args.check and not args.only else ():
        faults += 1
        print(line)
    print(f"{out}: {len(args.only) or len(found)} pages" + (f", {faults} faults" if args.check else ""))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
