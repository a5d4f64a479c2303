"""The commands that start everything: one clear line for each trouble, nothing left behind."""

import ast
import importlib.util
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
import redis
from django.core.management import call_command
from django.db import connection

from portal import embedded
from portal.celery import SCHEDULE
from portal.pages.management.commands import worker
from tests.broker import running_broker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev() -> ModuleType:
    """scripts/dev.py, which is no module of the project."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "scripts" / "dev.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def taken_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def dev_command(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "scripts" / "dev.py"), *arguments]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=60)


# --- one clear line ----------------------------------------------------------------------------------------
def test_demo_says_that_the_port_is_in_use(taken_port, tmp_path) -> None:
    done = dev_command("demo", PORT=str(taken_port), VAR=str(tmp_path / "var"))

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"crosswalk: Port {taken_port} cannot be used (Address already in use)."
        " Stop what runs there, or choose another: make demo PORT=8001"
    ]


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_demo_refuses_what_is_no_port(port: str) -> None:
    done = dev_command("demo", PORT=port)

    assert (done.returncode, done.stderr) == (1, f"crosswalk: PORT={port} is no port number.\n")


def test_dev_says_that_the_disk_is_full(dev, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(dev, "NEEDED_BYTES", shutil.disk_usage(tmp_path).total * 2)

    with pytest.raises(dev.Trouble, match=r"^No disk space: \d+ MB are free at"):
        dev.require_disk(tmp_path / "not" / "there" / "yet")


def test_dev_says_that_python_is_too_old(dev, monkeypatch) -> None:
    monkeypatch.setattr(dev, "OLDEST", (4, 0))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(dev.Trouble, match=r"^Python 4\.0 or newer is needed; this is 3\."):
        dev.require_python()


def test_dev_says_so_in_its_first_line_to_a_python_that_cannot_read_it() -> None:
    source = (ROOT / "scripts" / "dev.py").read_text().splitlines()

    first = next(line for line in source if line.startswith(("import", "from")))
    assert "3.11 or newer is needed" in first  # an old Python shows the line that it stumbles over


def test_dev_shows_why_pip_failed(dev, capsys) -> None:
    with pytest.raises(dev.Trouble, match=r"^the hint$"):
        dev.quietly("Installing", [sys.executable, "-c", "print('no such hash'); exit(1)"], "the hint")

    shown = capsys.readouterr()
    assert "Installing: FAILED" in shown.out
    assert "no such hash" in shown.err


def test_soak_asks_for_a_gate() -> None:
    assert dev_command("soak", GATE="").stderr == "crosswalk: Which gate? make soak GATE=name\n"


def test_dev_without_a_command_lists_them() -> None:
    done = dev_command()

    assert done.returncode == 2
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [
        "demo", "test", "check", "bench", "soak", "lock", "setup",
    ]  # fmt: skip


# --- the environment ---------------------------------------------------------------------------------------
def test_environment_is_made_again_only_when_the_lock_or_python_changed(dev, monkeypatch, tmp_path) -> None:
    (tmp_path / "requirements").mkdir()
    for kind in ("base", "dev"):
        (tmp_path / "requirements" / f"{kind}.txt").write_text(f"{kind}==1")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "STAMP", tmp_path / "stamp.json")
    assert not dev.is_ready("base", (3, 11, 7))

    dev.STAMP.write_text(f'{{"dev": "{dev.fingerprint("dev", (3, 11, 7))}"}}')

    assert dev.is_ready("dev", (3, 11, 7))
    assert dev.is_ready("base", (3, 11, 7)), "the developers' lock holds the other"
    assert dev.is_ready("dev", (3, 11, 9)), "a patch release changes no wheel"
    assert not dev.is_ready("dev", (3, 12, 0))
    (tmp_path / "requirements" / "dev.txt").write_text("dev==2")
    assert not dev.is_ready("dev", (3, 11, 7))


def test_commands_name_no_address_of_a_registry() -> None:
    for path in [
        ROOT / "scripts" / "dev.py",
        ROOT / "Makefile",
        ROOT / ".ci" / "run",
        *ROOT.glob("requirements/*"),
    ]:
        assert not [line for line in path.read_text().splitlines() if "http" in line], path


def test_commands_clear_every_variable_that_the_settings_read(dev) -> None:
    source = (ROOT / "portal" / "settings.py").read_text()

    read = set(re.findall(r'(?:env\.\w+|_required)\(\s*"([A-Z0-9_]+)"', source))

    assert len(read) > 10
    assert read <= dev.OURS


# --- where promises stand ----------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.sqlite
def test_sqlite_is_not_one_that_damages_its_file() -> None:
    with connection.cursor() as cursor:
        version = cursor.execute("SELECT sqlite_version()").fetchone()[0]
        journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        foreign_keys = cursor.execute("PRAGMA foreign_keys").fetchone()[0]

    # the WAL reset bug is in 3.7.0 to 3.51.2
    assert journal == "delete" or tuple(map(int, version.split("."))) >= (3, 51, 3)
    assert foreign_keys == 1


def test_celery_never_holds_a_due_time() -> None:
    # due times stand in the database: what a broker holds is lost with it
    arguments, methods = {"eta", "countdown"}, {"apply_async", "delay", "delay_on_commit"}
    found = []
    for path in [*ROOT.glob("accounts/**/*.py"), *ROOT.glob("courses/**/*.py"), *ROOT.glob("portal/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg in arguments:
                found.append(f"{path.relative_to(ROOT)}: {node.arg}")
            if isinstance(node, ast.Attribute) and node.attr in methods:
                found.append(f"{path.relative_to(ROOT)}: {node.attr}")

    assert found == []


# --- backup ------------------------------------------------------------------------------------------------
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_backup_of_sqlite_is_whole_while_somebody_writes(tmp_path) -> None:
    var, target = tmp_path / "var", tmp_path / "backups"
    (var / "media").mkdir(parents=True)
    (var / "media" / "evidence.txt").write_text("evidence")
    writer = sqlite3.connect(var / "crosswalk.sqlite3", isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE answer (value)")
    writer.execute("INSERT INTO answer VALUES ('saved')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO answer VALUES ('not yet')")

    env = {"PATH": os.environ["PATH"], "VAR": str(var), "PYTHON": sys.executable}
    backup = ROOT / "deploy" / "backup.sh"
    done = subprocess.run([backup, target], env=env, capture_output=True, text=True, timeout=60)
    writer.close()

    assert done.returncode == 0, done.stderr
    (made,) = target.iterdir()
    assert sorted(file.name for file in made.iterdir()) == ["SHA256SUMS", "database.sqlite3", "media.tar"]
    copy = sqlite3.connect(made / "database.sqlite3")
    assert copy.execute("SELECT value FROM answer").fetchall() == [("saved",)]
    copy.close()


# --- the broker --------------------------------------------------------------------------------------------
@pytest.mark.broker
def test_broker_keeps_what_it_was_told(tmp_path) -> None:
    with running_broker(tmp_path) as url:
        assert url == f"unix://{tmp_path}/valkey/valkey.sock"
        client = redis.Redis.from_url(url)
        client.set("told", "yes")
        settings = client.config_get("appendonly", "maxmemory-policy", "port", "unixsocketperm")
        assert settings == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "port": "0",
            "unixsocketperm": "700",
        }
        client.close()

    with running_broker(tmp_path) as url:
        client = redis.Redis.from_url(url)
        assert client.get("told") == b"yes"
        client.close()


@pytest.mark.broker
def test_broker_with_too_long_a_path_needs_a_password_on_loopback(tmp_path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()

    with running_broker(folder) as url:
        assert url.startswith("redis://:")
        assert url.rpartition("@")[2].startswith("127.0.0.1:")
        stranger = redis.Redis.from_url("redis://" + url.rpartition("@")[2])
        with pytest.raises(redis.AuthenticationError):
            stranger.get("told")
        stranger.close()


@pytest.mark.broker
@pytest.mark.fault
def test_broker_starts_anew_with_a_damaged_file(tmp_path) -> None:
    with running_broker(tmp_path) as url:
        client = redis.Redis.from_url(url)
        client.set("told", "yes")
        client.close()
    for file in (tmp_path / "valkey" / "appendonlydir").glob("*.aof"):
        file.write_bytes(b"damaged" * 20)

    with running_broker(tmp_path) as url:
        assert embedded.answers(url)


# --- children ----------------------------------------------------------------------------------------------
def child(tmp_path: Path, program: str) -> embedded.Child:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return embedded.Child("child", command, tmp_path / "log", dict(os.environ))


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def wait_for(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)


GRANDCHILD = """
    import signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, {term})
    print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.fault
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
@pytest.mark.parametrize(("term", "willing"), [("lambda *_: sys.exit()", True), ("signal.SIG_IGN", False)])
def test_child_stops_with_everything_it_started(tmp_path, term: str, willing: bool) -> None:
    started = child(tmp_path, GRANDCHILD.format(term=term))
    started.start()
    wait_for(lambda: started.log.read_text().strip())
    grandchild = int(started.log.read_text())

    assert started.stop(0.5) is willing

    wait_for(lambda: not is_running(grandchild))
    assert started.exit_code is not None


@pytest.mark.fault
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_child_ends_when_its_supervisor_is_killed(tmp_path) -> None:
    supervisor = textwrap.dedent(
        f"""
        import os, sys, time
        from pathlib import Path
        from portal import embedded
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        started = embedded.Child("child", command, Path({str(tmp_path / "log")!r}), dict(os.environ))
        started.start()
        print(started.process.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", supervisor], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        assert is_running(pid)

        process.kill()

        wait_for(lambda: not is_running(pid))


def test_two_demos_do_not_share_a_folder(tmp_path) -> None:
    with (
        embedded.only_one(tmp_path),
        pytest.raises(embedded.Trouble, match=r"^A demo already runs in"),
        embedded.only_one(tmp_path),
    ):
        pass


def test_damaged_database_is_not_used_on(tmp_path) -> None:
    (tmp_path / "crosswalk.sqlite3").write_bytes(b"SQLite format 3\0" + b"damaged" * 1000)

    with pytest.raises(embedded.Trouble, match="is damaged"):
        embedded.check_database(tmp_path)


def test_stamp_changes_with_what_the_data_is_made_from(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(embedded, "ROOT", tmp_path)
    pack = tmp_path / "courses" / "content" / "packs" / "one" / "lesson.md"
    pack.parent.mkdir(parents=True)
    pack.write_text("old")
    before = embedded.wanted_stamp()

    pack.write_text("new")

    after = embedded.wanted_stamp()
    assert before["data"] != after["data"]
    assert before["static"] == after["static"]


# --- the polling worker ------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_worker_runs_every_task_of_the_schedule_although_one_fails(monkeypatch, caplog) -> None:
    ran = []

    def failing() -> None:
        ran.append("failing")
        raise ValueError("no")

    monkeypatch.setattr(worker, "SCHEDULE", {"failing": 1.0, "other": 1.0})
    monkeypatch.setattr(
        worker, "import_string", {"failing": failing, "other": lambda: ran.append("other")}.get
    )

    call_command("worker", once=True)

    assert ran == ["failing", "other"]
    assert "The task failing failed" in caplog.text


@pytest.mark.django_db
def test_worker_lets_the_running_task_finish_before_it_stops(monkeypatch) -> None:
    stop, ran = threading.Event(), []

    def task() -> None:
        stop.set()
        ran.append("begun")
        time.sleep(0.05)
        ran.append("finished")

    monkeypatch.setattr(worker, "SCHEDULE", {"task": 0.01})
    worker.poll({"task": task}, stop)

    assert ran == ["begun", "finished"]


@pytest.mark.django_db
def test_worker_keeps_the_pace_of_each_task(monkeypatch) -> None:
    stop, ran = threading.Event(), []

    def often() -> None:
        ran.append("often")
        if ran.count("often") == 5:
            stop.set()

    monkeypatch.setattr(worker, "SCHEDULE", {"often": 0.01, "seldom": 60.0})
    worker.poll({"often": often, "seldom": lambda: ran.append("seldom")}, stop)

    assert ran.count("seldom") == 1


def test_worker_finds_every_task_of_the_schedule() -> None:
    from django.utils.module_loading import import_string

    assert all(callable(import_string(name)) for name in SCHEDULE)


@pytest.mark.fault
def test_worker_ends_cleanly_on_a_signal(tmp_path) -> None:
    env = {**os.environ, "DEMO": "1", "VAR": str(tmp_path), "PYTHONWARNINGS": "default"}
    env.pop("TESTING", None)
    # without tables every task fails and is logged, and the worker goes on
    with subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == f"Polling {len(SCHEDULE)} tasks.\n"

        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
