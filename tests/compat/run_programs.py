"""Run all programs of `programs/` one after the other in this process; their exit codes and output as JSON."""

import contextlib
import io
import json
import sys
from pathlib import Path

from schuss.compat import run_program
from schuss.utils import clear_session

results = {}
for path in sorted((Path(__file__).parent / "programs").glob("*.py")):
    out, err = io.StringIO(), io.StringIO()
    clear_session()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_program(str(path))
    results[path.stem] = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
json.dump(results, sys.stdout)
