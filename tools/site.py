"""The whole site without Quarto: `python tools/site.py [--out _site] [--check]`.

A page for each notebook, by nbconvert, with all notebooks at its left, part by part in reading
order, and links that work among them. With --check, headless Chromium opens each page at 1280
pixels and tells which code cells and outputs are cut off there; links that lead nowhere are told,
too. `--sidebar` writes nbs/sidebar.yml instead, the same list for Quarto.
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
from parts import PARTS, by_part, find, name_of, notebooks, project, sidebar

nbs = project / "nbs"
BESIDE = {".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".csv", ".json"}
STYLE = """<style>
body { margin-left: 250px !important; max-width: 980px; }
#contents { position: fixed; left: 0; top: 0; bottom: 0; width: 230px; overflow-y: auto;
            font: 13px sans-serif; padding: 10px; border-right: 1px solid #ddd;
            background: #fafafa; }
#contents a { display: block; padding: 2px 4px; color: #333; text-decoration: none; }
#contents b { display: block; padding: 10px 4px 2px; color: #000; }
#contents a.here { background: #e0ecff; }
@media (max-width: 800px) {
  body { margin-left: 0 !important; }
  #contents { position: static; width: auto; }
}
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


def shown(path: Path):
    "The notebook at `path` without hidden cells and directives, and the numbers of those left."
    notebook = nbformat.read(path, as_version=4)
    hidden = re.compile(r"#\s*\|\s*(hide|default_exp)\b")
    kept = [(i, cell) for i, cell in enumerate(notebook.cells) if not hidden.match(cell.source)]
    for _, cell in kept:
        cell.source = re.sub(r"^(#\s*\|[^\n]*\n?)+", "", cell.source)
    notebook.cells = [cell for _, cell in kept]
    return notebook, [i for i, _ in kept]


def title(path: Path) -> str:
    "The first heading of a notebook."
    cells = nbformat.read(path, as_version=4).cells
    found = re.search(r"^# (.+)$", cells[0].source, re.M) if cells else None
    return found[1] if found else "untitled"


def sidebar_html(titles: dict, here: Path) -> str:
    "The list of all pages, part by part, as the page of the notebook `here` shows it."
    up = "../" * len(here.relative_to(nbs).parent.parts)
    rows = []
    for folder, paths in by_part().items():
        if folder:
            rows.append(f"<b>{html.escape(PARTS.get(folder, folder))}</b>")
        for path in paths:
            mark = ' class="here"' if path == here else ""
            rows.append(f'<a href="{up}{name_of(path)}.html"{mark}>{html.escape(titles[path])}</a>')
    return f'<nav id="contents">{"".join(rows)}</nav>'


def page(path: Path, notebook, titles: dict, measure: bool) -> str:
    "The notebook as HTML with the list of all pages."
    body, _ = HTMLExporter(embed_images=True).from_notebook_node(
        notebook, resources={"metadata": {"name": path.stem, "path": str(path.parent)}}
    )
    body = re.sub(r'(href="[^":]+)\.ipynb(#[^"]*)?"', r'\1.html\2"', body)
    contents = f"{STYLE}{sidebar_html(titles, path)}{MEASURE if measure else ''}"
    return body.replace("</body>", f"{contents}</body>")


def copy_beside(out: Path):
    "Copy pictures and measured numbers, which pages link to, to where the pages look for them."
    for path in nbs.rglob("*"):
        if path.suffix in BESIDE and not re.search(r"/[_.]", f"/{path.relative_to(nbs)}"):
            target = out / path.relative_to(nbs)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def broken_links(out: Path, path: Path):
    "One line for each link or picture of the page of the notebook at `path` that leads nowhere."
    page = out / f"{name_of(path)}.html"
    text = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", page.read_text(encoding="utf-8"))
    for target in sorted(set(re.findall(r'<[^>]*\b(?:href|src)="([^":#]+)[#"]', text))):
        in_project = path.parent / target  # such as a licence, outside the site
        if not (page.parent / target).exists() and not in_project.exists():
            yield f"{name_of(path)}: {target} does not exist"


def cut_off(path: Path, browser: str) -> list:
    "[cell, tag, pixels too wide] of what a page cuts off at 1280 pixels."
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1280,2000",
        "--hide-scrollbars",
    ]
    options += [
        "--disable-background-networking",
        "--disable-sync",
        "--no-first-run",
        "--disable-quic",
    ]
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            *options,
            f"--user-data-dir={profile}",
            "--virtual-time-budget=8000",
            "--dump-dom",
        ]
        done = subprocess.run(
            [*command, path.as_uri()], capture_output=True, text=True, timeout=120
        )
    found = re.search(r'id="wide">(.*?)</script>', done.stdout, re.S)
    if not found:
        raise SystemExit(f"{path.name}: the browser gave no answer")
    return json.loads(found[1])


def measured(out: Path, pages: dict):
    "One line for each part of the pages that is cut off, from notebook -> its cells' numbers."
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        raise SystemExit("--check needs chromium or google-chrome on the PATH")
    for path, numbers in pages.items():
        for cell, tag, over in cut_off((out / f"{name_of(path)}.html").resolve(), browser):
            yield f"{name_of(path)}[{numbers[cell]}]: <{tag}> is {over} pixels too wide"


def build(out: Path, paths: list, measure: bool) -> dict:
    "Write the pages of the notebooks at `paths`; notebook -> the numbers of the cells it shows."
    titles, pages = {path: title(path) for path in notebooks()}, {}
    for path in paths:
        notebook, pages[path] = shown(path)
        target = out / f"{name_of(path)}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(path, notebook, titles, measure), encoding="utf-8")
    copy_beside(out)
    return pages


def faults(out: Path, pages: dict, whole: bool):
    "One line for each fault of the pages; links only of the whole site."
    yield from measured(out, pages)
    for path in pages if whole else ():
        yield from broken_links(out, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="_site", help="folder for the pages")
    listed = "list links that lead nowhere and what is cut off"
    parser.add_argument("--check", action="store_true", help=listed)
    parser.add_argument("--only", nargs="*", default=[], help="notebooks; all if none")
    parser.add_argument("--sidebar", action="store_true", help="write nbs/sidebar.yml, no pages")
    args = parser.parse_args()
    if args.sidebar:
        (nbs / "sidebar.yml").write_text(sidebar(), encoding="utf-8")
        return 0
    out, paths = Path(args.out), [find(name) for name in args.only] or notebooks()
    pages, count = build(out, paths, args.check), 0
    for line in faults(out, pages, not args.only) if args.check else ():
        print(line, flush=True)
        count += 1
    print(f"{out}: {len(pages)} pages" + (f", {count} faults" if args.check else ""))
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
