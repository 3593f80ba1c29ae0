"""What is said around the pages, in each language."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "lessons": "Lessons",
        "how": "schuss lesson 1 shows the first one; --language zh: in Chinese (中文).",
        "go on": "Enter: go on   q: leave",
        "running": "running …",
        "answer": "Answer",
        "your answer": "Your answer (Enter shows it): ",
        "right": "Right.",
        "other": "Not quite; look:",
        "next": "Next: schuss lesson {number} ({title})",
        "end": "That was the last lesson.",
    },
    "zh": {
        "lessons": "课程",
        "how": "schuss lesson 1 显示第一课；--language en：英文版（English）。",
        "go on": "回车：继续   q：退出",
        "running": "正在运行……",
        "answer": "答案",
        "your answer": "你的答案（直接回车则显示答案）：",
        "right": "正确！",
        "other": "不太对，请看：",
        "next": "下一课：schuss lesson {number}（{title}）",
        "end": "全部课程到此结束。",
    },
}
