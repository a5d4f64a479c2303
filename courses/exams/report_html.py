"""The HTML of a report's questions and pictures, joined from strings as in ``paper``."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Literal, NamedTuple

from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from courses.exams import paper
from courses.exams.queries.explained import CitationShown
from courses.exams.queries.report import CorrectionShown, LookUp, Report, ReportQuestion
from portal.lib.markdown import code_chip

Standing = Literal["dropped", "right", "unanswered", "partly", "wrong"]


def standing(question: ReportQuestion) -> Standing:
    """What a question came to."""
    if question.is_dropped:
        return "dropped"
    if question.is_correct:
        return "right"
    if not question.is_answered:
        return "unanswered"
    return "partly" if question.points else "wrong"


def remarks(question: ReportQuestion) -> list[str]:
    """Further words on a question, a sentence each."""
    said = []
    if not question.is_scored:
        said.append(_("This question was tried out and did not count."))
    if question.has_late_answer:
        said.append(_("An answer came after the time was over and does not count."))
    return said


def decided(correction: CorrectionShown) -> str:
    """What a decision about a key means for the question."""
    words = {
        "also": _("Another answer is accepted too."),
        "new": _("The key was wrong: another answer counts. It is shown here by the key that counts now."),
        "all": _("Every answer counts as right."),
        "drop": _("The question was taken out: it does not count."),
    }[correction.how]
    on = date_format(localtime(correction.applied_at), "j M Y")
    return _("%(what)s Decided on %(date)s, because: %(reason)s") % {
        "what": words,
        "date": on,
        "reason": correction.reason,
    }


def trail(look_ups: Sequence[LookUp], key_codes: Sequence[str]) -> str:
    """What was looked up at a question, in order, and what the key was, as HTML."""
    steps = []
    for one in look_ups:
        at = f'<span class="mono muted">{_clock(one.at)}</span>'
        if one.is_opened:
            said = _("you opened %(code)s") % {"code": f'<span class="mono">{escape(one.detail)}</span>'}
        else:
            said = _("you looked up “%(words)s”") % {"words": escape(one.detail)}
        steps.append(f"<li>{at} {said}</li>")
    if key_codes:
        key = ", ".join(f'<span class="mono">{escape(code)}</span>' for code in key_codes)
        steps.append(f"<li>{_('The key is %(codes)s.') % {'codes': key}}</li>")
    return (
        f'<div class="looked-up"><p class="quiet-heading">{_("Looked up")}</p><ol>{"".join(steps)}</ol></div>'
    )


def _clock(at: datetime) -> str:
    return date_format(localtime(at), "H:i:s")


class _Words(NamedTuple):
    """Words that stand at every question: looked up once a page, not once a question."""

    heading: str
    standings: dict[Standing, str]
    source: str
    #: What stands before a citation of a kind.
    citations: dict[str, str]
    report: str


def _words() -> _Words:
    return _Words(
        heading=_("Question %(n)d"),
        standings={
            "dropped": paper.state("draft", _("Taken out")),
            "right": paper.state("met", _("Right")),
            "unanswered": paper.state("short", _("Not answered")),
            "partly": paper.state("due", _("Partly right")),
            "wrong": paper.state("late", _("Not right")),
        },
        source=_("Source:"),
        citations={
            "tabular": _("tabular list"),
            "guideline": _("Official Guidelines"),
            "index": _("Alphabetic Index:"),
            "source": "",
        },
        report=_("Report a problem"),
    )


def questions(shown: Iterable[ReportQuestion]) -> SafeString:
    """Every question with the answer, the key, why, and what the person did with it."""
    words = _words()
    # what is joined is sanitised on write or escaped
    return mark_safe("".join(_question(one, words) for one in shown))


def _cited(citations: Sequence[CitationShown], words: _Words) -> str:
    """Where the rule is written, as ``exams/_citations.html``."""
    if not citations:
        return ""
    lines = []
    for one in citations:
        ref = code_chip("icd10cm", one.ref) if one.kind == "tabular" else escape(one.ref)
        edition = f" ({escape(one.edition)})" if one.edition and one.kind != "source" else ""
        before = f"{words.citations[one.kind]} ".lstrip()
        lines.append(f'<span class="citation">{before}{ref}{edition}</span>')
    return f'<p class="muted">{words.source} {"; ".join(lines)}</p>'


def _question(one: ReportQuestion, words: _Words) -> str:
    n, came_to = int(one.position), standing(one)
    where = " · ".join(filter(None, (one.domain, one.section)))
    parts = [
        f'<article class="panel stack" id="q-{n}" aria-labelledby="q-h-{n}" tabindex="-1">'
        f'<h3 id="q-h-{n}">{words.heading % {"n": n}} <span class="muted">{escape(where)}</span></h3>'
        f'<p class="cluster">{words.standings[came_to]}'
    ]
    if came_to == "partly":
        worth = _("%(points)s of 1 point") % {"points": f"{one.points.normalize():f}"}
        parts.append(f' <span class="muted">{worth}</span>')
    if one.is_flagged:
        parts.append(f' <span class="muted">{_("flagged")}</span>')
    parts += [f' <span class="muted">{escape(sentence)}</span>' for sentence in remarks(one)]
    parts.append("</p>")
    if one.correction is not None:
        parts.append(f'<div class="notice"><p>{escape(decided(one.correction))}</p></div>')
    # charts have the same headings: their ids must differ in a page of many
    stem = one.stem_html.replace(' id="q-', f' id="q{n}-').replace('href="#q-', f'href="#q{n}-')
    parts.append(f'<div class="question"><div class="stem">{stem}</div>{one.explained_html}</div>')
    if one.correction is not None and one.correction.other_html:
        parts.append(
            f"<details><summary>{_('The other key, which counts too')}</summary>"
            f'<div class="question">{one.correction.other_html}</div></details>'
        )
    parts.append(_cited(one.citations, words))
    if one.highlights:
        marked = " … ".join(f"<mark>{escape(excerpt)}</mark>" for excerpt in one.highlights)
        parts.append(f"<p>{_('You highlighted:')} {marked}</p>")
    if one.note:
        note = escape(one.note).replace("\n", "<br>")
        parts.append(f"<p>{_('Your note:')} {note}</p>")
    if one.look_ups:
        parts.append(trail(one.look_ups, one.key_codes))
    # what can be done about a question belongs into this one line
    parts.append(
        f'<p class="cluster no-print"><a class="muted" href="../questions/{n}/report/">{words.report}'
        f'<span class="visually-hidden">: {words.heading % {"n": n}}</span></a></p>'
    )
    parts.append("</article>")
    return "".join(parts)


def grid(report: Report) -> SafeString:
    """The grid of all questions; one that is not among those shown leads to the whole report."""
    here = {one.position for one in report.shown}
    told: dict[Standing, tuple[str, str]] = {
        "dropped": ("", _("taken out")),
        "right": (" is-right", _("right")),
        "unanswered": (" is-wrong", _("not answered")),
        "partly": (" is-wrong", _("partly right")),
        "wrong": (" is-wrong", _("not right")),
    }
    flagged = _("flagged")
    cells = []
    for one in report.questions:
        names, words = told[standing(one)]
        if one.is_flagged:
            names, words = f"{names} is-flagged", f"{words}, {flagged}"
        href = f"#q-{one.position}" if one.position in here else f"?show=all#q-{one.position}"
        cells.append(paper.cell(one.position, names=names, words=words, href=href))
    return mark_safe("".join(cells))  # cells are safe


# --- pictures ---------------------------------------------------------------------------------------------
def bar(
    percent: float, *, low: float | None = None, high: float | None = None, line: int | None = None
) -> SafeString:
    """A bar from 0 to 100 with the range it may lie in and the pass line; a table says the same in words."""
    drawn = (
        f'<rect class="track" width="100" height="10"/><rect class="bar" width="{percent:.2f}" height="10"/>'
    )
    if low is not None and high is not None:
        drawn += f'<path class="range" d="M{low:.2f} 2V8M{low:.2f} 5H{high:.2f}M{high:.2f} 2V8"/>'
    if line is not None:
        drawn += f'<path class="target" d="M{line} 0V10"/>'
    state = "" if line is None else " is-met" if percent >= line else " is-short"
    return mark_safe(  # numbers and fixed words
        f'<div class="meter{state}"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"'
        f' focusable="false">{drawn}</svg></div>'
    )


def course(percents: Sequence[float], *, line: int, labels: Sequence[str], here: int) -> SafeString:
    """The line of a percentage over attempts with the pass line; the table beneath holds the numbers."""
    step = 400 / max(1, len(percents) - 1)
    spots = [(56 + step * n, _height(one)) for n, one in enumerate(percents)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    words = conditional_escape(_("pass line %(line)d %%") % {"line": line})
    drawn = [
        f'<path class="grid" d="M40 {_height(one)}H472"/>'
        f'<text class="scale" x="32" y="{_height(one) + 4}">{one}</text>'
        for one in (0, 50, 100)
    ]
    drawn.append(  # the line's name stands above, where no spot can cover it, behind a piece of the line
        f'<path class="target" d="M40 {_height(line)}H472"/>'
        f'<path class="target" d="M40 12H68"/><text class="target-name" x="76" y="16">{words}</text>'
        f'<path class="course" d="{path}"/>'
    )
    for n, ((x, y), label) in enumerate(zip(spots, labels, strict=True)):
        names, radius = ("spot is-here", 7) if n == here else ("spot", 5)
        drawn.append(
            f'<circle class="{names}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
            f'<text class="label" x="{x:.1f}" y="228">{conditional_escape(label)}</text>'
        )
    return mark_safe(  # numbers, fixed names, escaped words
        '<svg class="chart" viewBox="0 0 480 236" aria-hidden="true" focusable="false">'
        f"{''.join(drawn)}</svg>"
    )


def _height(percent: float) -> float:
    """Where a percentage lies in the picture of a course."""
    return 40 + 1.6 * (100 - percent)


def domains(report: Report) -> SafeString:
    """The domains of a result in a table: counts, percentage with its range in words, and both as a bar."""
    heads = [_("Domain"), _("Right"), _("Per cent"), _("Range"), _("Picture")]
    line = report.pass_percent if report.has_line else None
    rows = []
    for one in report.domains:
        if not one.total:
            rows.append(
                f'<tr><th scope="row">{escape(one.title)}</th><td data-label="{heads[1]}" colspan="4">'
                f"{_('None of its questions counts.')}</td></tr>"
            )
            continue
        low, high = one.interval.low, one.interval.high
        count = _("%(correct)d of %(total)d") % {"correct": one.correct, "total": one.total}
        if one.points != one.correct:
            count += " " + _("(%(points)s points)") % {"points": f"{one.points.normalize():f}"}
        span = _("%(low).0f to %(high).0f %%") % {"low": low, "high": high}
        cells = [
            f'<td class="number nowrap" data-label="{name}">{words}</td>'
            for name, words in zip(heads[1:], (count, f"{one.percent:.0f} %", span), strict=False)
        ]
        picture = bar(one.percent, low=low, high=high, line=line)
        rows.append(
            f'<tr><th scope="row">{escape(one.title)}</th>{"".join(cells)}'
            f'<td class="no-print" data-label="{heads[4]}">{picture}</td></tr>'
        )
    head = "".join(
        f'<th scope="col"{names}>{words}</th>'
        for words, names in zip(
            heads, ("", *[' class="number nowrap"'] * 3, ' class="no-print"'), strict=True
        )
    )
    return mark_safe(  # titles escaped, numbers
        '<div class="table-scroll" role="group" tabindex="0" aria-label="'
        f'{conditional_escape(_("By domain"))}"><table class="table table-stacked">'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
