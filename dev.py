"""Set everything up, and run it: ``python3 dev.py demo``, ``test`` or ``check``. Needs Python 3.11 or newer, nothing else.

The first call makes a virtual environment in ``.venv`` and installs Schuss there, from this folder, with what the
command needs; later calls find it done.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
COMMANDS = {
    "demo": ("demo", [["schuss", "demo"]]),
    "test": ("test", [["python", "-m", "pytest", "-n", "auto"]]),
    "check": (
        "lint",
        [
            ["ruff", "check", "."],
            ["ruff", "format", "--check", "."],
            ["basedpyright"],
            ["lint-imports", "--no-cache"],
        ],
    ),
}


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` begins with; what follows is passed on to its last program."""
    if sys.version_info < (3, 11):  # noqa: UP036  (the person at the keyboard may have an older one)
        print(f"Schuss needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: python3 dev.py {{{','.join(COMMANDS)}}} [ARGUMENTS …]\n\n{__doc__}", file=sys.stderr)
        return 2
    extra, programs = COMMANDS[arguments[0]]
    install(extra)
    for program in programs:
        more = arguments[1:] if program is programs[-1] else []
        name, *options = program
        status = subprocess.run([str(BIN / name), *options, *more], cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


def install(extra: str) -> None:
    """Install Schuss with an extra, unless that has been done for this pyproject.toml."""
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    mark = ENVIRONMENT / f"installed-{extra}"
    if mark.is_file() and mark.read_text() == project:
        return
    if not (BIN / ("python.exe" if os.name == "nt" else "python")).exists():
        print(f"Making a virtual environment in {ENVIRONMENT} …", flush=True)
        venv.create(ENVIRONMENT, with_pip=True, clear=ENVIRONMENT.exists())
    print(f"Installing Schuss and what `{extra}` needs …", flush=True)
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", f"{ROOT}[{extra}]"], check=True)
    mark.write_text(project)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except KeyboardInterrupt:
        sys.exit(130)
