"""``python -m tests.bench.exams``: starting, sitting, saving, finishing and reading an exam of 100 questions.

CPU is that of this process and, on PostgreSQL, of its backend. Floors are bare Django views that run the same
SQL, measured in turn with the real one. A budget of PERFORMANCE.md is scaled by what the bare view of session
and person takes here and now.
"""

import gzip
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from tests.bench.databases import ROOT, Line, set_up

BANKS = (20, 50_000)
DOMAINS = 17
ROUNDS, TIMES = 5, 30
#: CPU ms of the bare view of session and person on the machine that set the budgets.
FLOOR_THEN = 1.4


# --- a bank ------------------------------------------------------------------------------------------------
def make_bank(size: int) -> Any:
    """``size`` live questions with real-size stems over 17 domains, and an exam of up to 100 of them."""
    from datetime import date

    from django.db import connection
    from django.utils import timezone

    from courses.exams import kinds
    from courses.exams.models import (
        Blueprint,
        BlueprintDomain,
        BlueprintSection,
        Domain,
        Question,
        QuestionCitation,
        QuestionRevision,
    )

    at = timezone.now() - timedelta(days=1)
    stem = "<p>" + "The patient was seen for a follow-up of a chronic condition and treated. " * 6 + "</p>"
    source = {
        "choices": [
            {
                "text": f"Assign the code that names the condition and its side, {n}",
                "rationale": "The tabular list asks for a further character here; the record states it. " * 2,
                "correct": n == 1,
                "mistake": "" if n == 1 else "unspecified where documented",
            }
            for n in range(1, 5)
        ]
    }

    class Plain:
        def bare(self, markdown: str) -> str:
            return f"<p>{markdown}</p>"

        linked = bare

    made = kinds.get("single").make(source, Plain())
    domains = [
        Domain.objects.get_or_create(key=f"bench-{size}-{n}", defaults={"title": f"Domain {n}"})[0]
        for n in range(DOMAINS)
    ]
    have = Question.objects.filter(key__startswith=f"bench-{size}-").count()
    for start in range(have, size, 5000):
        keys = [f"bench-{size}-{n}" for n in range(start, min(size, start + 5000))]
        questions = Question.objects.bulk_create(Question(key=key) for key in keys)
        revisions = QuestionRevision.objects.bulk_create(
            QuestionRevision(
                question=question,
                number=1,
                kind="single",
                stem_source="A vignette",
                stem_html=stem,
                stem_linked_html=stem,
                source=source,
                asked=made.asked,
                answer_key=made.answer_key,
                explained=made.explained,
                domain=domains[n % DOMAINS],
                difficulty=3,
                difficulty_reason="A vignette",
                pack_digest="bench",
                created_at=at,
                published_at=at,
            )
            for n, question in enumerate(questions)
        )
        QuestionCitation.objects.bulk_create(
            QuestionCitation(revision=one, kind="guideline", ref="I.B.13", edition="FY2026")
            for one in revisions
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does by itself; the cluster of the bench has it off
    blueprint, is_new = Blueprint.objects.get_or_create(
        key=f"bench-{size}",
        valid_from=date(2020, 1, 1),
        defaults={
            "title": "A mock exam",
            "minutes": 240,
            "pass_percent": 70,
            "as_of": date(2020, 1, 1),
            "source": "Generated",
            "confidence": "verified",
        },
    )
    if is_new:
        count = min(size, 100)
        section = BlueprintSection.objects.create(blueprint=blueprint, title="Multiple choice")
        shares = [count // DOMAINS + (n < count % DOMAINS) for n in range(DOMAINS)]
        BlueprintDomain.objects.bulk_create(
            BlueprintDomain(section=section, domain=domain, count=share)
            for domain, share in zip(domains, shares, strict=True)
            if share
        )
    return blueprint


# --- measuring ---------------------------------------------------------------------------------------------
class Clock:
    """CPU seconds of this process and of the database's process that serves it."""

    def __init__(self) -> None:
        import psutil
        from django.db import connection

        self.backend = None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = psutil.Process(cursor.fetchone()[0])

    def __call__(self) -> float:
        theirs = sum(self.backend.cpu_times()[:2]) if self.backend else 0.0
        return time.process_time() + theirs


class Person:
    """Somebody signed in, whose requests go straight into the WSGI handler."""

    def __init__(self, email: str) -> None:
        from django.conf import settings
        from django.test import Client

        from accounts.actions import accept_terms
        from accounts.models import User
        from accounts.terms import TERMS_VERSION

        self.user = User.objects.filter(email=email).first() or User.objects.create_user(email, None)
        from django.utils import timezone

        accept_terms(user=self.user, version=TERMS_VERSION, at=timezone.now())
        client = Client()
        client.force_login(self.user)
        client.get("/practice/")
        self.cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        self.token = self.cookies.get(settings.CSRF_COOKIE_NAME, "")

    def get(self, url: str) -> bytes:
        from tests.bench import floor

        status, body = floor.call(url, self.cookies)
        assert status == 200, f"{url}: {status}"
        return body

    def post(self, url: str, data: Any, *, is_json: bool = False) -> int:
        from django.test import RequestFactory

        from tests.bench import floor

        headers = {"X-CSRFToken": self.token}
        factory = RequestFactory(SERVER_NAME="localhost")
        request = (
            factory.post(url, json.dumps(data), content_type="application/json", headers=headers)
            if is_json
            else factory.post(url, data, headers=headers)
        )
        request.environ["HTTP_COOKIE"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        status: list[int] = []
        response = floor.HANDLER(
            request.environ, lambda line, headers, exc=None: status.append(int(line.split(" ")[0]))
        )
        list(response)
        response.close()
        return status[0]


def recorded(action: Callable[[], Any]) -> list[tuple[str, Any]]:
    """The SQL of an action, without transaction statements."""
    from django.db import connection

    from tests.bench import floor

    recorder = floor.Recorder()
    with connection.execute_wrapper(recorder):
        action()
    skipped = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [one for one in recorder.statements if not one[0].startswith(skipped)]


def in_turn(*actions: Callable[[], Any]) -> list[float]:
    """Median CPU ms of each action, measured one after the other in every round."""
    clock = Clock()
    for action in actions:
        action()
    rounds: list[list[float]] = [[] for _ in actions]
    for _ in range(ROUNDS):
        for found, action in zip(rounds, actions, strict=True):
            begun = clock()
            for _ in range(TIMES):
                action()
            found.append((clock() - begun) * 1000 / TIMES)
    return [statistics.median(found) for found in rounds]


def measure(size: int, person: Person) -> Iterator[Line]:
    from django.conf import settings
    from django.urls import reverse
    from django.utils import timezone

    from courses.exams.actions import finish_attempt, start_attempt
    from courses.exams.models import Attempt, Response
    from tests.bench import floor

    assert settings.ROOT_URLCONF == "tests.bench.floor"
    blueprint = make_bank(size)
    bank = f"bank_{size}"
    Attempt.objects.filter(user=person.user, state="open").delete()
    attempt = start_attempt(user=person.user, blueprint=blueprint, at=timezone.now())
    count = attempt.items.count()
    yield f"exam_{bank}_questions", count, "questions"

    def replay(statements: list[tuple[str, Any]]) -> Callable[[], None]:
        def bare() -> None:
            floor.STATEMENTS[:] = statements
            floor.call("/bench/floor/", {})

        return bare

    # the page of the room
    url = attempt.get_absolute_url()
    page = recorded(lambda: person.get(url))
    page_cpu, floor_cpu, bare_cpu = in_turn(lambda: person.get(url), replay(page), replay(page[:2]))
    scale = bare_cpu / FLOOR_THEN
    yield f"floor_{bank}_cpu", bare_cpu, f"ms: bare view of session and person (budgets times {scale:.2f})"
    yield f"exam_{bank}_page_cpu", page_cpu, f"ms (budget {5 * scale:.1f}; the same SQL bare {floor_cpu:.1f})"
    yield f"exam_{bank}_page_sql", len(page), "queries (budget 6)"
    yield f"exam_{bank}_page_kb", len(gzip.compress(person.get(url))) / 1024, "kB compressed (budget 30)"

    # saving an answer
    answer_url = reverse("exams:answer", args=[attempt.pk])
    seq = iter(range(1, 10_000_000))

    def save() -> None:
        body = {"position": 1, "answer": {"choice": ["2"]}, "client_id": "be4c" * 8, "seq": next(seq)}
        status = person.post(answer_url, body, is_json=True)
        assert status == 200, status

    statements = recorded(save)
    last = next(seq) - 1
    inserts = [one for one in statements if one[0].lstrip().upper().startswith("INSERT")]

    def bare_insert() -> None:
        fresh = next(seq)
        floor.STATEMENTS[:] = [
            (sql, {k: fresh if k == "seq" else v for k, v in params.items()})
            if isinstance(params, dict)
            else (sql, tuple(fresh if value == last else value for value in params))
            for sql, params in [*statements[:2], *inserts]
        ]
        floor.call("/bench/floor/", {})

    save_cpu, insert_cpu = in_turn(save, bare_insert)
    yield f"exam_{bank}_save_cpu", save_cpu, f"ms (budget {2.9 * scale:.1f})"
    yield f"exam_{bank}_save_sql", len(statements), "queries (budget 4)"
    yield f"exam_{bank}_save_ratio", save_cpu / insert_cpu, "x the bare INSERT (budget 1.5)"

    # starting and finishing, a new attempt each time, every question answered
    start_url = reverse("exams:start", args=[blueprint.key])
    clock = Clock()
    finish_attempt(attempt_id=attempt.pk, user=person.user, at=timezone.now())
    starts, finishes, start_sql, finish_sql = [], [], 0, 0
    for number in range(20):
        begun = clock()
        if number:
            status = person.post(start_url, {})
            starts.append((clock() - begun) * 1000)
            assert status == 302, status
        else:
            start_sql = len(recorded(lambda: person.post(start_url, {})))
        running = Attempt.objects.get(user=person.user, state="open")
        Response.objects.bulk_create(
            Response(
                item_id=pk,
                attempt=running,
                value=n % 4 + 1,
                client_id="b" * 16,
                seq=n + 1,
                received_at=timezone.now(),
            )
            for n, pk in enumerate(running.items.values_list("pk", flat=True))
        )
        finish_url = reverse("exams:finish", args=[running.pk])
        if number:
            begun = clock()
            status = person.post(finish_url, {})
            finishes.append((clock() - begun) * 1000)
            assert status == 302, status
        else:
            finish_sql = len(recorded(lambda url=finish_url: person.post(url, {})))  # type: ignore[misc]
    yield f"exam_{bank}_start_cpu", statistics.median(starts), f"ms (budget {8 * scale:.1f})"
    yield f"exam_{bank}_start_sql", start_sql, "queries"
    yield f"exam_{bank}_finish_cpu", statistics.median(finishes), f"ms (budget {8 * scale:.1f})"
    yield f"exam_{bank}_finish_sql", finish_sql, "queries (budget 8)"

    # the report
    report_url = reverse("exams:report", args=[running.pk])
    report = recorded(lambda: person.get(report_url))
    report_cpu, report_floor = in_turn(lambda: person.get(report_url), replay(report))
    yield (
        f"exam_{bank}_report_cpu",
        report_cpu,
        f"ms (budget {10 * scale:.1f}; the same SQL bare {report_floor:.1f})",
    )
    yield f"exam_{bank}_report_sql", len(report), "queries"


def takers(people: int = 50, seconds: float = 20) -> Iterator[Line]:
    """Fifty people save an answer each second against the real server with two processes."""
    import threading
    import urllib.request

    from django.urls import reverse
    from django.utils import timezone

    from courses.exams.actions import start_attempt

    blueprint = make_bank(BANKS[-1])
    port = 18767
    command = ["-m", "gunicorn", "portal.wsgi", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{port}"]
    sitting = []
    for number in range(people):
        person = Person(f"taker-{number}@example.org")
        attempt = start_attempt(user=person.user, blueprint=blueprint, at=timezone.now())
        sitting.append((person, reverse("exams:answer", args=[attempt.pk])))
    server = subprocess.Popen([sys.executable, *command, "--log-level", "error"], cwd=ROOT)
    took: list[float] = []
    failed: list[str] = []

    def sit(number: int, person: Person, url: str) -> None:
        cookie = "; ".join(f"{k}={v}" for k, v in person.cookies.items())
        time.sleep(number / people)
        end = time.monotonic() + seconds
        seq = int(time.time())
        while time.monotonic() < end:
            seq += 1
            body = {"position": seq % 100 + 1, "answer": {"choice": ["1"]}, "client_id": "c" * 16, "seq": seq}
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}{url}",
                json.dumps(body).encode(),
                {"Content-Type": "application/json", "Cookie": cookie, "X-CSRFToken": person.token},
            )
            begun = time.monotonic()
            try:
                urllib.request.urlopen(request, timeout=10).close()
            except OSError as error:
                failed.append(str(error))
            took.append(time.monotonic() - begun)
            time.sleep(max(0, 1 - took[-1]))

    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        threads = [threading.Thread(target=sit, args=(n, *one)) for n, one in enumerate(sitting)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait(10)
    assert not failed, failed[:3]
    yield f"takers_{people}_saves", len(took) / seconds, "saves a second"
    yield f"takers_{people}_p50", statistics.median(took) * 1000, "ms"
    yield f"takers_{people}_p95", statistics.quantiles(took, n=20)[18] * 1000, "ms (budget 50)"


def main() -> None:
    set_up()
    person = Person("bench@example.org")
    for size in BANKS:
        for name, value, unit in measure(size, person):
            print(f"{name} {value:.3f} {unit}", flush=True)
    for name, value, unit in takers():
        print(f"{name} {value:.3f} {unit}", flush=True)


if __name__ == "__main__":
    main()
