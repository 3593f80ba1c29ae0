"""How much memory there is, and whether a program's temporaries fit into it; said before anything is computed."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

from schuss.compiler import HostCall, Kernel, Plan
from schuss.compiler._expr import Buffer

_SYSTEM, _GROUPS, _GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_SMALL = 64 << 20  # bytes about which nobody asks
_NAMED = 4  # layers named in messages
_WITHOUT_LIMIT = 1 << 60


def require_memory(plan: Plan) -> None:
    """Warn if the plan's temporaries take most of the memory that is available.

    Raises:
        MemoryError: if they do not fit into it; says how much is needed, for which layers, and what to do.
    """
    if plan.arena_bytes < _SMALL:
        return
    available = available_bytes()
    if available is None or plan.arena_bytes <= available // 2:
        return
    text = (
        f"A step needs {_size(plan.arena_bytes)} of memory for what it computes on the way; available: "
        f"{_size(available)}. Most of it is for {', '.join(f'{name} ({_size(n)})' for name, n in largest(plan))}."
    )
    if plan.arena_bytes > available:
        raise MemoryError(
            f"{text} Use a smaller `batch_size`, or let layers compute again what they would keep (schuss.remat, "
            "schuss.RematScope). schuss.explain_compilation shows where it goes."
        )
    warnings.warn(text, stacklevel=2)


def largest(plan: Plan) -> list[tuple[str, int]]:
    """The layers (or operations outside of layers) whose temporaries are the largest, with their bytes."""
    sizes: Counter[str] = Counter()
    counted = set()
    for step in plan.leaves:
        for buffer in _made(step):
            if buffer.kind == "temporary" and buffer not in counted:
                counted.add(buffer)
                sizes[_owner(step.label)] += buffer.nbytes
    return sizes.most_common(_NAMED)


def _made(step: Kernel | HostCall) -> list[Buffer]:
    return step.outputs if isinstance(step, HostCall) else [store.buffer for store in step.stores]


def _owner(label: str) -> str:
    """The first layer that a step's label names, or the step's operations."""
    work, _, scopes = label.partition("  ")
    names = [
        name.removeprefix("backward/").removeprefix("backward") for name in scopes.strip("()").split(", ")
    ]
    return next((name for name in names if name), work)


def available_bytes() -> int | None:
    """How much memory this process can still have: what the system has, and the process's groups leave of it. None where
    the system does not say."""
    known = [n for n in (_of_system(), *_of_groups()) if n is not None]
    return max(min(known), 0) if known else None


def _of_system() -> int | None:
    try:
        lines = _SYSTEM.read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(fields["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _of_groups() -> list[int | None]:
    """What each control group around this process, of version 2 or 1, leaves of its limit."""
    try:
        lines = [line.split(":", 2) for line in _GROUP.read_text().splitlines()]
    except OSError:
        return []
    found: list[int | None] = []
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers and "memory" not in controllers.split(","):
            continue
        root = _GROUPS / "memory" if controllers else _GROUPS
        names = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes")
            if controllers
            else ("memory.max", "memory.current")
        )
        place = root / path.strip("/")
        while True:
            found.append(_left(place, *names))
            if place == root or root not in place.parents:
                break
            place = place.parent
    return found


def _left(place: Path, limit_name: str, used_name: str) -> int | None:
    """What a group leaves; caches of files that nobody uses now count as free."""
    try:
        limit = int((place / limit_name).read_text())
        if limit >= _WITHOUT_LIMIT:
            return None
        used = int((place / used_name).read_text())
    except (OSError, ValueError):  # no such group seen from here, or "max"
        return None
    try:
        statistics = dict(line.split() for line in (place / "memory.stat").read_text().splitlines())
        used -= int(statistics.get("total_inactive_file", statistics.get("inactive_file", 0)))
    except (OSError, ValueError):
        pass
    return limit - used


def _size(count: int) -> str:
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
