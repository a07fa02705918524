"""Every command in the runbooks and guides of rotation is one that the program has, with flags that it knows."""
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs/runbooks").glob("*.md")) + [ROOT / "docs/guide/jwt.md", ROOT / "docs/guide/rotation-model.md",
                                                             ROOT / "docs/guide/secrets.md"]


def commands(page):
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```(?:sh)?\n(.*?)```", text, re.S))
    spans = re.findall(r"`(keywright [^`]+)`", text)
    for line in [line.split("#")[0].strip() for line in blocks.splitlines()] + spans:
        if line.startswith("keywright "):
            yield line


def test_there_are_pages_with_commands():
    assert len(PAGES) > 20 and sum(len(list(commands(page))) for page in PAGES) > 60


@pytest.fixture(scope="module")
def helped(binary, tmp_path_factory):
    """What --help says of a command; asked once for each."""
    import os
    import subprocess
    environment, known = {**os.environ, "KEYWRIGHT_CONFIG_DIR": str(tmp_path_factory.mktemp("config"))}, {}

    def ask(*words):
        if words not in known:
            done = subprocess.run([binary, *words, "--help"], env=environment, capture_output=True, text=True, timeout=60)
            known[words] = (done.returncode, done.stdout + done.stderr)
        return known[words]
    return ask


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_exists(helped, page):
    wrong = []
    for line in commands(page):
        words = shlex.split(line)[1:]
        verb = next((word for word in words[1:2] if not word.startswith("-")), None)
        code, text = helped(*words[:2]) if verb else helped(words[0])
        flags = [word.split("=")[0] for word in words if word.startswith("--")]
        if code != 0 or any(flag not in text for flag in flags):
            wrong.append((line, code, [flag for flag in flags if flag not in text]))
    assert not wrong


def test_every_link_of_the_documents_leads_somewhere():
    wrong = []
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("http") and not (page.parent / target).exists():
                wrong.append((page.name, target))
    assert not wrong
