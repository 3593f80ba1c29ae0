"""`schuss run`: a program runs as under Python, with our modules in place of keras and tensorflow."""

import os
import signal
import subprocess
import sys
import time

import pytest

SEED_PROGRAM = """
import tensorflow as tf
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import Dense
from tensorflow.keras.optimizers import SGD

model = Sequential([
    Dense(units=64, activation='relu', input_shape=(784,)),
    Dense(units=10, activation='softmax')
])
model.compile(optimizer=SGD(learning_rate=0.01), loss='categorical_crossentropy', metrics=['accuracy'])
model.fit(x_train, y_train, epochs=10, batch_size=32)
"""


def run(*arguments, cwd=None, **options):
    command = [sys.executable, "-m", "schuss", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, **options)


@pytest.fixture
def program(tmp_path):
    def write(source, name="program.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        return path

    return write


def test_the_seed_program(program):
    data = "import numpy as np\nx_train = np.random.rand(64, 784).astype('float32')\ny_train = np.eye(10, dtype='float32')[np.arange(64) % 10]\n"
    done = run(program(data + SEED_PROGRAM))
    assert done.returncode == 0, done.stderr
    assert "Epoch 10/10" in done.stdout
    assert done.stderr == ""


def test_as_python_runs_it(program, tmp_path):
    """What a program sees of itself is what it sees under Python."""
    path = program(
        "import sys, json, pickle, helper\n"
        "class Thing: pass\n"
        "pickle.loads(pickle.dumps(Thing()))\n"
        "print(json.dumps([__name__, __file__, sys.argv, sys.path[0], __doc__, __package__, __spec__,\n"
        "    sys.modules['__main__'].Thing is Thing, open('data.txt').read(), helper.NAME, sorted(globals())]))\n",
        "sub/program.py",
    )
    program("NAME = __name__", "sub/helper.py")
    program("data", "data.txt")
    arguments = ["sub/program.py", "--epochs", "3", "-h", "a b"]
    ours = run(*arguments, cwd=tmp_path)
    real = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert ours.stderr == real.stderr == ""
    assert ours.stdout == real.stdout
    assert str(path) in ours.stdout


@pytest.mark.parametrize(
    ("source", "code", "errors"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit()", 0, ""),
        ("raise SystemExit('over')", 1, "over\n"),
    ],
)
def test_exit(program, source, code, errors):
    done = run(program(source))
    assert (done.returncode, done.stderr) == (code, errors)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return 1 / 0\n\nf()",
        "x = (1,\n",
        "try:\n    {}['a']\nexcept KeyError:\n    raise ValueError('no a')",
        "import sys\nsys.excepthook = lambda *a: print('mine', a[0].__name__, file=sys.stderr)\n[][0]",
    ],
)
def test_uncaught_exceptions_are_shown_as_by_python(program, source):
    path = program(source)
    ours = run(path)
    real = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert ours.stderr == real.stderr
    assert ours.returncode == real.returncode == 1


def test_a_missing_name_ends_with_the_users_line(program):
    path = program("import tensorflow as tf\n\nfrom tensorflow.keras.layers import Danse\n")
    done = run(path)
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[1] == f'  File "{path}", line 3, in <module>'
    assert lines[-1].startswith(
        f"ImportError: tensorflow.keras.layers.Danse is not part of Schuss ({path}, line 3). Did"
    )
    assert "importlib" not in done.stderr
    assert "_finder" not in done.stderr


def test_no_such_program(tmp_path):
    done = run("nothing.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "There is no program 'nothing.py': it does not exist" in done.stderr
    assert "is a folder" in run(tmp_path).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c(program):
    path = program("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "schuss", "run", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith(f'Traceback (most recent call last):\n  File "{path}", line 3')
    assert errors.endswith("KeyboardInterrupt\n")


def test_from_standard_input():
    done = run(
        "-", "x", input="import keras, sys\nprint(__name__, sys.argv, keras.layers.Dense.__module__[:6])\n1/0"
    )
    assert done.stdout == "__main__ ['-', 'x'] schuss\n"
    assert 'File "<stdin>", line 3, in <module>' in done.stderr


def test_processes_of_multiprocessing(program):
    source = (
        "import multiprocessing\nimport keras\n"
        "def f(x):\n    return keras.layers.Dense(2).units * x, keras.__doc__[-19:]\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n        print(pool.map(f, [1, 2]))\n"
    )
    done = run(program(source))
    assert done.stdout == "[(2, 'provided by Schuss.'), (4, 'provided by Schuss.')]\n", done.stderr


def test_the_real_one_stays_where_it_is(program, tmp_path):
    """An installed keras is not used within the run, and is there as before outside of it."""
    program("WHO = 'real'", "site/keras/__init__.py")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    path = program("import keras\nprint(getattr(keras, 'WHO', 'ours'))")
    before = sorted(tmp_path.rglob("*"))
    assert run(path, env=environment).stdout == "ours\n"
    real = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert real.stdout == "real\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_functions_at_exit_and_threads(program):
    source = (
        "import atexit, threading, time\nVALUE = 1\n"
        "atexit.register(lambda: print('exit', VALUE))\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread', VALUE))).start()\n"
    )
    assert run(program(source)).stdout == "thread 1\nexit 1\n"


def test_source_encodings(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nprint(len('é'))\n".encode("latin-1"))
    assert run(path).stdout == "1\n"


def test_help():
    done = run("--help")
    assert "Run a program written for keras or tensorflow.keras, unchanged." in done.stdout
