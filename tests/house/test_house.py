"""Style as a test: floors, sizes, names, calls. Each rule names its remedy."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["base", "codec", "observe", "crypto", "store", "net", "custody", "cluster", "seal", "audit", "auth", "notify", "rotation", "keys",
         "secrets", "pki", "connectors", "compliance", "service", "api", "client", "agent", "cli", "app"]
FILE_LINES, FUNCTION_LINES, HEADER_LINES = 500, 70, 260

# Files that may look at secret bytes, by room. A new one is a decision: say why in the room's README or a comment.
MAY_REVEAL = {"base", "codec", "crypto", "seal", "net", "app", "api", "auth", "keys", "store", "audit", "cli", "secrets"}


def sources(*endings):
    listed = subprocess.run(["git", "ls-files", "src", "tests", "tools", "bench"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split() if name.endswith(endings) and (ROOT / name).exists()]


def text(path):
    return path.read_text(encoding="utf-8")


def name(path):
    return str(path.relative_to(ROOT))


def code(path):
    """Without comments and string contents, so that prose does not count as a call."""
    token = r"""//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)'|"(?:[^"\\\n]|\\.)*\""""
    # In one pass: a comment sign inside a string is no comment, nor a quote inside a comment a string.
    shown = {"/": "", "'": "0", '"': '""'}
    return re.sub(token, lambda found: shown[found[0][0]], text(path), flags=re.S)


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def test_no_room_includes_a_room_above_it():
    floor = {room: i for i, room in enumerate(ROOMS)}
    wrong = []
    for path in sources(".cc", ".h"):
        room = room_of(path)
        for included in re.findall(r'#include "(\w+)/', text(path)):
            if room and included in floor and floor[included] > floor[room]:
                wrong.append(f"{name(path)} includes {included}/")
    assert not wrong, "a room stands only on rooms below it: move the code down, or the call up"


def test_no_include_leaves_its_folder_sideways():
    wrong = [name(path) for path in sources(".cc", ".h") if re.search(r'#include "\.\./', text(path))]
    assert not wrong, 'write #include "room/file.h"'


def test_files_and_headers_keep_their_size():
    wrong = [f"{name(path)}: {text(path).count(chr(10))}" for path in sources(".cc", ".h", ".py")
             if text(path).count("\n") > (FILE_LINES if path.suffix != ".h" else max(HEADER_LINES, 0))]
    assert not wrong, "split by meaning, not by length"


def functions(path):
    """(first line, lines) of brace blocks that follow a parameter list outside of other such blocks. Approximate, and enough."""
    lines, i = code(path).split("\n"), 0
    while i < len(lines):
        opens = re.search(r"\)\s*(const|noexcept|override|->[^;{]*|\s)*\{\s*$", lines[i])
        if not opens or re.match(r"\s*(if|for|while|switch|}|else|return|\[|namespace)", lines[i]):
            i += 1
            continue
        depth, end = 0, i
        while end < len(lines):
            depth += lines[end].count("{") - lines[end].count("}")
            if depth <= 0:
                break
            end += 1
        yield lines[i].strip()[:60], end - i + 1
        i = end + 1


def test_functions_keep_their_size():
    wrong = [f"{name(path)}: {function} ({count})" for path in sources(".cc") if not path.name.endswith("_test.cc")
             for function, count in functions(path) if count > FUNCTION_LINES]
    assert not wrong, "one function, one thought: at most 70 lines"


def test_names_say_what_is_inside():
    banned = re.compile(r"(^|_)(util|utils|helper|helpers|common|misc|manager|core)(_|\.|$)")
    wrong = [name(path) for path in sources(".cc", ".h", ".py") if banned.search(path.name) or any(banned.search(p) for p in path.parts[len(ROOT.parts):-1])]
    assert not wrong, "name the file after its one noun or verb"


FORBIDDEN = {
    r"\bmemcmp\s*\(": "equal_constant_time for secrets, same_bytes for public data",
    r"\bstrcpy\s*\(|\bsprintf\s*\(|\bgets\s*\(": "std::string or snprintf",
    r"\brand\s*\(\s*\)|\bstd::mt19937": "crypto/random.h",
    r"\bsystem\s*\(": "no shell: spawn nothing",
    r"\bEVP_(sha256|aes_256_gcm|sha512)\s*\(": "fetch the algorithm once by name",
    r"\busing namespace std\s*;": "name what you use",
    r"\bstd::this_thread::sleep_for": "wait on a condition",
    r"\bassert\s*\(": "KW_CHECK stays on in release builds",
    r"\bTODO\b|\bFIXME\b|\bXXX\b": "do it, or write an issue",
}
ALLOWED = {
    "src/base/failpoint.cc": ["sleep_for"],       # the action "delay"
    "src/cli/incident_commands.cc": ["sleep_for"],  # between two looks at an incident of the server
    "src/cli/job_watch.cc": ["sleep_for"],        # between two looks at a job of the server
    "src/cli/rotation_commands.cc": ["sleep_for"],  # between two looks at a version that must become quiet
    "src/cli/run_watch.cc": ["sleep_for"],        # between two looks at a run of the server
    "src/rotation/retry.h": ["mt19937"],          # jitter that simulations replay from a seed; nothing secret
    "src/store/writer.cc": ["sleep_for"],         # before trying a lost connection again
    "src/net/client_trust.cc": ["sha256"],        # once per handshake
    "src/net/tls_context.cc": ["sha256"],
}


def test_forbidden_calls_stay_out():
    wrong = []
    for path in sources(".cc", ".h"):
        if not name(path).startswith("src/") or path.name.endswith(("_test.cc", "_fuzz.cc", "_bench.cc")) or "for_tests" in path.name or "fixture" in path.name or path.name.startswith("test_"):
            continue
        content = code(path) if "TODO" not in text(path) else text(path)
        for pattern, instead in FORBIDDEN.items():
            if re.search(pattern, content) and not any(word in pattern for word in ALLOWED.get(name(path), [])):
                wrong.append(f"{name(path)}: {pattern} -> {instead}")
    assert not wrong


def test_only_known_rooms_look_at_secret_bytes():
    wrong = sorted({room_of(path) for path in sources(".cc") if re.search(r"\breveal(_mutable)?\s*\(", code(path))} - MAY_REVEAL - {None})
    assert not wrong, "pass secrets on as SecretBytes"


def test_every_room_has_its_readme_of_at_most_30_lines():
    for room in ROOMS:
        folder = ROOT / "src" / room
        if folder.exists():
            readme = folder / "README.md"
            assert readme.exists(), f"src/{room}/README.md"
            assert text(readme).count("\n") <= 30, f"src/{room}/README.md"


def test_every_parser_has_its_fuzz_twin():
    listed = {path.name for path in sources("_fuzz.cc")}
    assert {"json_fuzz.cc", "base64_fuzz.cc", "yaml_fuzz.cc", "pem_fuzz.cc", "envelope_fuzz.cc", "router_fuzz.cc", "query_fuzz.cc", "policy_fuzz.cc",
            "share_text_fuzz.cc", "note_fuzz.cc", "bundle_fuzz.cc", "leaf_fuzz.cc", "sealed_file_fuzz.cc", "http_target_fuzz.cc",
            "head_scanner_fuzz.cc", "schema_text_fuzz.cc", "listing_cursor_fuzz.cc", "key_import_fuzz.cc", "signed_message_fuzz.cc", "edges_fuzz.cc",
            "evidence_fuzz.cc", "text_template_fuzz.cc"} <= listed


def test_every_fuzz_twin_and_test_is_built():
    cmake = "\n".join(text(path) for path in (ROOT / "src").rglob("CMakeLists.txt"))
    wrong = [name(path) for path in sources("_fuzz.cc", "_test.cc") if path.name not in cmake]
    assert not wrong, "list it in the room's CMakeLists.txt"


def test_the_project_names_no_machine():
    wrong = []
    for path in sources(".cc", ".h", ".py", ".md", ".txt", ".def"):
        if re.search(r"(?<![\w/.])/(work|farm|tmp/b)/", text(path)):
            wrong.append(name(path))
    assert not wrong, "no path of one machine in the project"
