"""Train convolutional networks on images at a fraction of the full-resolution work.

The public names stand in `__init__.pyi`, and nowhere else: type checkers read that file, and so
does this one, which imports a name's module when the name is first used. So `import mge` costs
nothing, and brings neither torchvision nor matplotlib.
"""

import ast
from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

_MODULES = {  # public name -> the module that holds it
    name.name: node.module
    for node in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ImportFrom)
    for name in node.names
}
__all__ = list(_MODULES)


def __getattr__(name: str):
    "A public name, imported when it is first used."
    if name not in _MODULES:
        raise AttributeError(f"module 'mge' has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list:
    return [*globals(), *__all__]
