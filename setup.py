"""Reads everything from settings.ini, which nbdev uses too: one place for each fact."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
config = ConfigParser(delimiters=["="])
config.read(here / "settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    license=cfg["license"].upper(),
    license_files=["LICENSE"],
    url=cfg["git_url"],
    keywords=cfg["keywords"],
    classifiers=["Programming Language :: Python :: 3", "Intended Audience :: Developers"],
    python_requires=f">={cfg['min_python']}",
    packages=find_packages(include=["mge", "mge.*"]),
    package_data={"mge": ["photographs/*", "py.typed", "*.pyi"]},
    install_requires=cfg["requirements"].split(),
    extras_require={"dev": cfg["dev_requirements"].split(), "download": cfg["download_requirements"].split()},
    entry_points={"console_scripts": cfg["console_scripts"].split(),
                  "nbdev": [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"]},
    zip_safe=False,
)
