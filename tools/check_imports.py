"""Check who imports whom in the package: no cycles, nothing upwards, and a light `import mge`.

Every import statement counts, also one within a function or for annotations only, and every
`import_module` of a fixed name. The package's own `__init__` stands above all others.
"""

import ast
import subprocess
import sys
from pathlib import Path

# Each package may import those before it; core, the method, none.
ORDER = ("core", "analysis", "io", "data", "tasks", "networks", "training", "commands")
HEAVY = ("torchvision", "matplotlib")  # what `import mge` must not load
LIGHT = f"""
import sys
import mge
loaded = {{name.partition(".")[0] for name in sys.modules}}
for name in {HEAVY}:
    if name in loaded:
        print(f"import mge: loads {{name}}")
for name in getattr(mge, "__all__", ()):
    try:
        getattr(mge, name)
    except Exception as error:
        print(f"mge.{{name}}: in mge.__all__, but {{type(error).__name__}}: {{error}}")
"""


def modules(root: Path) -> dict:
    "The package's modules: dotted name -> path, without nbdev's index."
    found = {}
    for path in sorted((root / "mge").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] != "_modidx":
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    "The module that `from ... import` names, seen from the module `name`."
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join(base + ([node.module] if node.module else []))


def called_module(node: ast.Call) -> list:
    "The module that a call `import_module('...')` names, if it is a fixed one."
    function = getattr(node.func, "attr", getattr(node.func, "id", ""))
    fixed = node.args and isinstance(node.args[0], ast.Constant)
    if function != "import_module" or not fixed:
        return []
    return [str(node.args[0].value)]


def imported(name: str, path: Path, known) -> dict:
    "What the module `name` imports of the package: dotted name -> line."
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, name, path.name == "__init__.py")
            inner = [f"{base}.{alias.name}" for alias in node.names]
            targets = [target if target in known else base for target in inner]
        elif isinstance(node, ast.Call):
            targets = called_module(node)
        for target in targets:
            version = target == "mge" and "__version__" in ast.unparse(node)
            if not version and (target == "mge" or target.startswith("mge.")):
                found.setdefault(target, node.lineno)
    return found


def path_between(graph: dict, start: str, end: str) -> list:
    "The shortest way from `start` to `end`, both included; empty if there is none."
    before, queue = {}, [start]
    for node in queue:
        for target in graph.get(node, ()):
            if target not in before:
                before[target] = node
                queue.append(target)
        if end in before:
            way = [end]
            while len(way) == 1 or way[-1] != start:
                way.append(before[way[-1]])
            return way[::-1]
    return []


def cycles(graph: dict):
    "One line for each cycle of imports that shares no module with one already told."
    told = set()
    for name in graph:
        way = path_between(graph, name, name)
        if way and not told & set(way):
            told |= set(way)
            yield "import cycle: " + " -> ".join(way)


def rank(name: str) -> int:
    "How high a module stands: its package's place in ORDER; `mge` itself above all."
    parts = name.split(".")
    return ORDER.index(parts[1]) if len(parts) > 1 and parts[1] in ORDER else len(ORDER)


def upward(name: str, path: str, targets: dict):
    "One line for each import of a package that stands above the module's own."
    for target, line in targets.items():
        if rank(target) > rank(name):
            own, other = name.split(".")[1], ".".join(target.split(".")[:2])
            yield f"{path}:{line}: imports {target}: {own} stands below {other}"


def import_graph(root: Path):
    "One line for each cycle, each import upwards, each module in no package of ORDER."
    known = modules(root)
    graph = {name: imported(name, path, known) for name, path in known.items()}
    for name, targets in graph.items():
        path = known[name].relative_to(root).as_posix()
        if name != "mge" and rank(name) == len(ORDER):
            yield f"{path}: stands in none of the packages {', '.join(ORDER)}"
        yield from upward(name, path, targets)
    yield from cycles(graph)


def light_import(root: Path):
    "One line for each heavy library that `import mge` loads, each public name that is not there."
    command = [sys.executable, "-c", LIGHT]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    yield from done.stdout.splitlines()
    if done.returncode:
        yield f"import mge: {(done.stderr.strip() or 'failed').splitlines()[-1]}"
