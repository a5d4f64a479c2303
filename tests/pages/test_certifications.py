"""A certification, and certifications side by side: what an exam consists of, and how sure each figure is."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from courses.catalog.models import Body, Certification, Fact
from courses.exams.models import Blueprint, BlueprintDomain, BlueprintSection, Domain

pytestmark = pytest.mark.django_db


def certification(key: str, body: str = "aapc") -> Certification:
    granting, _new = Body.objects.get_or_create(
        key=body, defaults={"name": body.upper(), "short": body.upper()}
    )
    return Certification.objects.create(
        key=key, body=granting, abbreviation=key.upper(), name=f"Certified {key}", purpose=f"Shows {key}."
    )


def fact(owner: Certification | Body, kind: str, value: str, **more: Any) -> Fact:
    name = "body" if isinstance(owner, Body) else "certification"
    told = {"label": kind.title(), "as_of": date(2026, 11, 1), "source": "A page", "confidence": "verified"}
    return Fact.objects.create(**{name: owner}, kind=kind, value=value, **told | more)


def exam(of: Certification, **fields: Any) -> Blueprint:
    told: dict[str, Any] = {
        "key": f"{of.key}-mock",
        "title": f"{of} mock exam",
        "minutes": 240,
        "pass_percent": 70,
        "valid_from": date(2026, 1, 1),
        "as_of": date(2026, 11, 1),
        "source": "An outline",
        "confidence": "memory",
    }
    return Blueprint.objects.create(certification=of, **told | fields)


def section(of: Blueprint, *domains: dict[str, Any], position: int = 1, **fields: Any) -> BlueprintSection:
    made = BlueprintSection.objects.create(
        blueprint=of, position=position, **{"title": f"Part {position}"} | fields
    )
    for given in domains:
        key = given.pop("key")
        domain, _new = Domain.objects.get_or_create(key=key, defaults={"title": key.title()})
        BlueprintDomain.objects.create(section=made, domain=domain, **given)
    return made


# --- the page of one -----------------------------------------------------------------------------------
def test_certification_shows_source_and_doubt(client: Client) -> None:
    fact(certification("cpc"), "fee", "$425", confidence="disputed")

    page = client.get("/certifications/cpc/").content.decode()

    assert "$425" in page and "A page" in page and "sources disagree" in page
    assert "What the exam consists of" not in page


def test_certification_shows_the_outline_of_its_longest_exam(client: Client) -> None:
    cpc = certification("cpc")
    section(exam(cpc, key="short", title="Short exam"), {"key": "anatomy", "count": 5})
    mock = exam(cpc, books="Any ICD-10-CM")
    section(mock, {"key": "icd10cm", "count": 40}, {"key": "hcpcs"}, {"key": "law"}, count=50)
    section(mock, {"key": "cases", "count": 7}, position=2, title="Cases", kinds=["case_set"], minutes=60)

    page = client.get("/certifications/cpc/").content.decode()

    assert "<dt>Questions</dt><dd>57</dd>" in page
    assert "70&nbsp;% of all questions" in page and "Any ICD-10-CM" in page and "since 1 Jan 2026" in page
    assert '<td class="number">40</td>' in page
    assert "drawn together" in page and '<td class="number">10</td>' in page  # hcpcs and law share it
    assert "case with several questions; 60 minutes of its own" in page
    assert "not checked against a source" in page
    assert page.index("CPC mock exam</a>") < page.index("Short exam</a>")
    assert "Anatomy" not in page


def test_certification_shows_weights_pretest_and_scale(client: Client) -> None:
    mock = exam(certification("ccs"), scale_min=100, scale_max=400, scale_pass=300, pass_percent=67)
    section(
        mock, {"key": "law", "percent_low": 18, "percent_high": 22}, {"key": "codes"}, count=97, pretest=18
    )

    page = client.get("/certifications/ccs/").content.decode()

    assert "<dd>97, 18 of them unscored</dd>" in page
    assert "A scaled score of 300 on a scale from 100 to 400." in page and "at 67&nbsp;%" in page
    assert '18–22&nbsp;%<br><span class="muted">19 here</span>' in page
    assert 'the rest<br><span class="muted">78 here</span>' in page


def test_certification_says_which_domains_have_no_questions(client: Client) -> None:
    section(exam(certification("cpc")), {"key": "surgery", "count": 6})

    page = client.get("/certifications/cpc/").content.decode()

    assert "no questions here yet" in page and "says that it is shortened" in page


def test_exam_that_is_no_longer_valid_is_not_shown(client: Client) -> None:
    section(exam(certification("cpc"), valid_until=date(2026, 2, 1)), {"key": "surgery", "count": 6})

    assert "What the exam consists of" not in client.get("/certifications/cpc/").content.decode()


def test_unknown_certification_is_not_found(client: Client) -> None:
    assert client.get("/certifications/nothing/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_certification_takes_seven_queries(
    client: Client, number: int, django_assert_num_queries: Any
) -> None:
    cpc = certification("cpc")
    for n in range(number):
        fact(cpc, "fee", str(n))
        of = exam(cpc, key=f"exam-{n}")
        section(of, *({"key": f"domain-{m}", "count": 1} for m in range(number)))

    with django_assert_num_queries(7):
        client.get("/certifications/cpc/")


# --- side by side --------------------------------------------------------------------------------------
def test_compare_without_a_choice_shows_the_usual_ones(client: Client) -> None:
    for key in ("cpc", "cca", "ccs", "coc", "cic", "crc"):
        certification(key)

    page = client.get("/certifications/compare/").content.decode()

    heads = [key for key in ("cpc", "cca", "ccs", "coc", "cic", "crc") if f'"/certifications/{key}/"' in page]
    assert heads == ["cpc", "cca", "ccs", "coc", "cic"]
    assert page.count(" checked>") == 5 and "5 certifications chosen" in page


def test_compare_shows_the_chosen_in_order_with_mark_source_and_exam(client: Client) -> None:
    cpc, ccs = certification("cpc"), certification("ccs", "ahima")
    fact(cpc, "fee", "$425", confidence="disputed", source="Two pages")
    fact(cpc.body, "fee", "$222", label="Membership", source="A third page")
    fact(cpc, "items", "100 questions", source="aapc.com")
    fact(ccs, "items", "105 questions", source="aapc.com")
    section(exam(ccs), {"key": "icd10cm", "count": 105})

    page = client.get("/certifications/compare/?with=ccs&with=cpc&with=nothing&with=ccs").content.decode()

    assert page.index('href="/certifications/ccs/"') < page.index('href="/certifications/cpc/"')
    assert "$425 <span" in page and "(sources disagree)" in page
    assert '<span class="muted">Membership:</span> $222' in page
    assert page.count(">aapc.com; looked at on 1 Nov 2026</span>") == 1  # one source, cited twice
    assert page.count('href="#compared-1"') == 2
    assert page.count("not known") == 1  # the fee of the CCS
    assert "CCS mock exam</a>" in page and "no exam yet" in page


def test_compare_of_nothing_known_says_so(client: Client) -> None:
    page = client.get("/certifications/compare/?with=%00&with=nothing").content.decode()

    assert "Nothing to compare" in page and "<table" not in page


@pytest.mark.parametrize("number", [1, 3])
def test_compare_takes_five_queries(client: Client, number: int, django_assert_num_queries: Any) -> None:
    for n in range(number):
        one = certification(f"c{n}")
        fact(one, "fee", str(n))
        section(exam(one), {"key": "icd10cm", "count": 1})
    query = "&".join(f"with=c{n}" for n in range(number))

    with django_assert_num_queries(5):
        page = client.get(f"/certifications/compare/?{query}").content.decode()

    assert page.count("mock exam</a>") == number
