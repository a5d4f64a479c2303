"""A whole pack, small enough to read, typed into a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

FILES = {
    "pack.yaml": """\
key: tiny
title: A tiny pack
edition: "ICD-10-CM FY2026 April"
""",
    "guidelines.yaml": """\
edition: "FY2026"
effective_from: 2025-10-01
source: "Outline written for a test"
confidence: verified
sections:
  - {ref: "I.B.1", title: "Finding a code"}
  - {ref: "I.B.13", title: "Laterality"}
""",
    "domains.yaml": """\
- {key: icd10cm, title: ICD-10-CM}
""",
    "certifications.yaml": """\
bodies:
  - key: aapc
    name: AAPC
    short: AAPC
    url: https://www.aapc.com
    facts: []
certifications:
  - key: cpc
    body: aapc
    abbreviation: CPC
    name: Certified Professional Coder
    purpose: Shows that you can code.
    facts:
      - kind: items
        label: Questions
        value: "100"
        as_of: 2026-11-01
        source: aapc.com
        confidence: verified
""",
    "rules.yaml": """\
- key: aapc-2015
  body: aapc
  title: AAPC continuing education
  certifications: []
  valid_from: 2015-01-01
  valid_until: null
  as_of: 2026-11-01
  source: Written for a test
  confidence: verified
  field_confidence: {minutes_per_ceu: memory}
  cycle_months: 24
  anchor: renewal_month
  year_parity: true
  prorate_first: true
  either_month: true
  required:
    by_count: [36, 40]
    base: {}
    each_further: null
    cap: null
    absorbs: {}
  minutes_per_ceu: 60
  min_remainder_minutes: null
  carry_over: 0
  unique_by: index_number
  buckets:
    - key: auditing
      title: Auditing
      minimum: 16
      percent: null
      applies_to: [cpc]
      per_credential: false
      providers: []
      by_provider: false
      shares_with: []
  evidence_fields: [title, date]
  must_have: []
  caps: []
  submission: {opens_days_before: null, closes_days_after: 30}
  extension: {fee: null, days: null}
  grace: {days: null}
  dues: yearly
  takes_over_running: false
  checklist: []
  apprentice: null
  notes:
    - {text: "Dues are owed every year.", confidence: verified}
""",
    "figures.yaml": """\
- key: median-pay-2024
  label: Median pay
  value: "$50,250 a year"
  year: 2024
  source: Written for a test
  confidence: third_party
  as_of: 2026-11-01
""",
    "blueprints.yaml": """\
- key: short-exam
  title: Short exam
  certification: cpc
  minutes: 5
  pass_percent: 70
  valid_from: 2026-01-01
  valid_until: null
  edition: "ICD-10-CM FY2026 April"
  as_of: 2026-11-01
  source: Ours
  confidence: verified
  domains:
    - {domain: icd10cm, count: 1}
""",
    "questions/first-course.yaml": """\
- key: side-01
  kind: single
  domain: icd10cm
  difficulty: 2
  difficulty_reason: One rule.
  stem: |
    The note says right wrist.
    Which code holds?
  choices:
    - text: "[[S52.501A]]"
      rationale: The side is stated, so see [[guideline:I.B.13]].
      mistake: wrong side
    - text: "[[S52.502A]]"
      correct: true
      rationale: It is right.
    - text: "[[S52.503A]]"
      rationale: Nobody said so.
    - text: "[[S52.509A]]"
      rationale: It is not unspecified.
  citations:
    - {kind: guideline, ref: I.B.13}
""",
    "courses/first-course/course.yaml": """\
title: First course
summary: What it is about.
level: foundation
hours: 1.5
ceus: 2.0
code_systems: [icd10cm]
certifications: [cpc]
prerequisites: []
outcomes:
  - You can find a code.
preview: find-it
modules:
  - title: Find
    lessons: [find-it, check-it]
""",
    "courses/first-course/find-it.md": """\
---
title: Find it
minutes: 10
objectives:
  - You can find it.
citations:
  - {kind: guideline, ref: I.B.1}
---
The index comes first, then [[S52.502A]].

[[checkpoint:side-01]]
""",
    "courses/first-course/check-it.md": """\
---
title: Check it
minutes: 5
objectives: []
citations:
  - {kind: source, ref: "45 CFR 162.1002"}
---
The tabular list decides.
""",
    "courses/second-course/course.yaml": """\
title: Second course
summary: What comes then.
level: foundation
hours: 1
ceus: 0
code_systems: []
certifications: []
prerequisites: [first-course]
outcomes: []
preview: go-on
modules:
  - title: Go on
    lessons: [go-on]
""",
    "courses/second-course/go-on.md": """\
---
title: Go on
minutes: 5
objectives: []
citations:
  - {kind: guideline, ref: I.B.1}
---
There is more.
""",
    "paths/start.yaml": """\
title: Start
summary: From nothing to a goal.
for_whom: Everybody.
stages:
  - kind: learn
    title: Learn
    text: |
      Read this.
    items:
      - {course: first-course}
  - kind: prepare
    title: Prepare
    text: Practise.
    items:
      - {exam: short-exam}
  - kind: certify
    title: Certify
    text: Sit it.
    items:
      - {credential: cpc}
  - kind: gain_experience
    title: Experience
    text: Work.
    items:
      - {task: keep-log, text: Keep a log}
  - kind: apply
    title: Apply
    text: Write.
    items: []
  - kind: keep_learning
    title: Keep learning
    text: Stay.
    items: []
""",
    "guide/01-what-it-is.md": """\
---
title: What it is
links:
  - {label: The path, to: "path:start"}
  - {label: The course, to: "course:first-course"}
figures: [median-pay-2024]
compare: [cpc]
---
Coding is reading.
""",
    "mail/ce_cycle_end.md": """\
---
kind: ce_cycle_end
subject: '{credential}: {headline}'
summary: 'It ends {due}.'
---
Hello {name}, it ends {due}.

[Open it]({url})
""",
}

Rewrite = Callable[[str, str, str], None]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The folder of the tiny pack."""
    folder = tmp_path / "tiny"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def rewrite(tiny: Path) -> Rewrite:
    """Replace a text that stands once in a file of the tiny pack."""

    def replace(name: str, old: str, new: str) -> None:
        path = tiny / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))

    return replace
