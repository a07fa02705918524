"""Transcripts as tests. `$ command` runs; the lines under it are the expected output; `…` stands for a run of characters that varies;
`exit N` on a line of its own is the expected exit code (0 unless said). Each story has a development server of its own."""
import re
import shlex
from pathlib import Path

import pytest

STORIES = sorted(Path(__file__).parent.glob("*.txt"))


def steps(story):
    """(line number, command, expected lines, exit code)"""
    found, current = [], None
    for number, line in enumerate(story.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            continue
        if line.startswith("$ "):
            current = [number, line[2:], [], 0]
            found.append(current)
        elif re.fullmatch(r"exit \d+", line):
            current[3] = int(line.split()[1])
        elif current is not None and line.strip():
            current[2].append(line)
    return found


def pattern(line):
    return ".*".join(re.escape(part) for part in line.rstrip().split("…"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story(dev, story, tmp_path):
    for number, command, expected, code in steps(story):
        command, _, redirect = command.partition(" < ")
        words = shlex.split(command)
        if words[0] == "write":
            (tmp_path / words[1]).write_text(" ".join(words[2:]) + "\n", encoding="utf-8")
            continue
        words = [str(tmp_path / word[1:]) if word.startswith("%") else word for word in words]
        assert words[0] == "keywright"
        done = dev.cli(*words[1:], stdin=(tmp_path / redirect).read_text(encoding="utf-8") if redirect else "")
        printed = (done.stdout + done.stderr).replace(str(tmp_path) + "/", "%").splitlines()
        where = f"{story.name}:{number}: keywright {shlex.join(words[1:])}"
        assert done.returncode == code, f"{where}: exit {done.returncode}\n" + "\n".join(printed)
        wanted = "\n".join(pattern(line) for line in expected)
        assert re.fullmatch(wanted, "\n".join(line.rstrip() for line in printed if line.strip() and not line.startswith("▸"))), f"{where}\n" + "\n".join(printed)
