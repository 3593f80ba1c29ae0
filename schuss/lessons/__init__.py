"""Lessons: pages that explain learning, and whose programs run. In: the Markdown files of ``docs/lessons``, which travel
with the package. Out: pages as data (`lesson`, `lessons`), and shown in a terminal block by block (`show`). The programs
are the readers': nothing here knows what they use.
"""

from schuss.lessons._pages import LANGUAGES, Answer, Code, Formula, Lesson, Prose, Section, lesson, lessons
from schuss.lessons._run import run
from schuss.lessons._show import show

__all__ = [
    "LANGUAGES",
    "Answer",
    "Code",
    "Formula",
    "Lesson",
    "Prose",
    "Section",
    "lesson",
    "lessons",
    "run",
    "show",
]
