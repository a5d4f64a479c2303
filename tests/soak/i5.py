"""I5 with I4 and I6: no changed certificate verifies, every printed one has its facts, no guess hits one."""

import argparse
import io
import os
import random
import tempfile
import time
from dataclasses import replace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--changes", type=int, default=10_000, help="single bytes changed")
    parser.add_argument("--papers", type=int, default=500, help="certificates printed and read again")
    parser.add_argument("--guesses", type=int, default=100_000, help="numbers guessed")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument(
        "--fault",
        choices=["", "planted"],
        default="",
        help="planted: capitals and small letters are the same",
    )


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: a change that verifies, a fact that is not on the paper, a guess that hits."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ.update(TESTING="1", VAR=folder, DATABASE_URL="")
        import django

        django.setup()
        if options.fault:
            _let_capitals_pass()
        rng = random.Random(options.seed)
        return [*_change(options.changes, rng), *_print(options.papers, rng), *_guess(options.guesses, rng)]


def _let_capitals_pass() -> None:
    from courses.credentials import certifying
    from tests.credentials.test_certifying import DOCUMENT

    strict = certifying.is_signed

    def lax(document: str, signature: str, key_id: str, ring: certifying.KeyRing) -> bool:
        is_same = document.casefold() == DOCUMENT.casefold()
        return strict(DOCUMENT if is_same else document, signature, key_id, ring)

    certifying.is_signed = lax


def _change(changes: int, rng: random.Random) -> list[str]:
    from courses.credentials.certifying import is_signed, sign
    from tests.credentials.test_certifying import DOCUMENT, RING, changed

    signature, key_id = sign(DOCUMENT, RING)
    began, failures = time.perf_counter(), []
    for number in range(changes):
        document, said = DOCUMENT, signature
        if number % 5:
            document = changed(document, rng)
        else:
            said = changed(said, rng)
        try:
            if is_signed(document, said, key_id, RING):
                failures.append(f"change {number} verifies")
        except Exception as error:
            failures.append(f"change {number}: {type(error).__name__}: {error}")
    print(f"{changes} changes, {len(failures)} verify or break, {time.perf_counter() - began:.1f} s")
    return failures[:10]


def _print(papers: int, rng: random.Random) -> list[str]:
    from pypdf import PdfReader

    from courses.credentials.certificate_pdf import certificate_pdf
    from courses.credentials.certifying import Approved, check_number, grouped, write_document
    from tests.credentials.test_certificates import NAMES
    from tests.credentials.test_certifying import FACTS

    began, failures = time.perf_counter(), []
    for number in range(papers):
        ceus = FACTS.ceus + rng.randrange(1, 30)
        facts = replace(
            FACTS,
            check_id=check_number(rng.getrandbits(128)),
            name=NAMES[number % len(NAMES)],
            course_title=f"Course {number}",
            ceus=ceus,
            approvals=(Approved("AAPC", f"AB-{rng.randrange(10**9)}", ceus),),
        )
        pdf = certificate_pdf(facts, document=write_document(facts), key_id="0" * 32)
        words = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
        wanted = {
            "index number": facts.approvals[0].index_number,
            "sponsor": "Provider Crosswalk",
            "title": f"completed the course Course {number} ",
            "CEUs": f"CEUs {ceus.normalize():f} ",
            "day": "22 November 2026",
            "number": grouped(facts.check_id),
        }
        failures += [f"paper {number} lacks its {what}" for what, fact in wanted.items() if fact not in words]
        if "cannot be printed" in words:
            failures.append(f"paper {number} cannot show {facts.name!a}")
    print(f"{papers} papers, {len(failures)} facts missing, {time.perf_counter() - began:.1f} s")
    return failures[:10]


def _guess(guesses: int, rng: random.Random) -> list[str]:
    from courses.credentials.certifying import check_number

    issued = {check_number(rng.getrandbits(128)) for _ in range(10_000)}
    hits = sum(check_number(rng.getrandbits(128)) in issued for _ in range(guesses))
    print(f"{guesses} guesses among {len(issued)} certificates, {hits} hits")
    return [f"{hits} guesses hit"] if hits else []
