"""Objects that `print` shows as rich text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


class Printed:
    """What has a `__rich__`, as text, too."""

    def __rich__(self) -> RenderableType:
        raise NotImplementedError

    def __str__(self) -> str:
        out = Console(file=io.StringIO(), width=100, color_system=None)
        out.print(self.__rich__())
        text = out.file.getvalue() if isinstance(out.file, io.StringIO) else ""
        return "\n".join(line.rstrip() for line in text.rstrip().splitlines())
