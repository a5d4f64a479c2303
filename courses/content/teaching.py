"""Reading the parts of a pack that teach: courses, lessons, paths, the guide and mails."""

import re
from dataclasses import replace
from pathlib import Path

from courses.catalog.models import Level, StageKind
from courses.content.facts import read_certifications
from courses.content.pieces import (
    CoursePiece,
    GuidePiece,
    LessonPiece,
    MailPiece,
    ModulePiece,
    NeedPiece,
    PathPiece,
    StagePiece,
)
from courses.content.questions import read_citations
from courses.content.reading import KEY, Fields, Sheet, digest_of
from courses.content.shelf import Shelf
from portal.lib.markdown import SYSTEMS

_LINK = re.compile(r"(path|course|certification|page):(.+)")


def read_courses(shelf: Shelf) -> tuple[list[CoursePiece], tuple[LessonPiece, ...]]:
    courses, lessons = [], []
    for path in sorted(shelf.folder.glob("courses/*/course.yaml")):
        key = path.parent.name
        sheet = shelf.sheet(f"courses/{key}/course.yaml")
        if sheet is None:
            continue
        courses.append(_course(shelf, key, sheet.fields()))
        listed = [lesson for module in courses[-1].modules for lesson in module.lessons]
        for name in shelf.files(f"courses/{key}", "md"):
            if Path(name).stem not in listed:
                shelf.refuse(name, 1, "this lesson stands in no module of its course.yaml")
            lesson = _lesson(shelf, key, name)
            lessons += [lesson] if lesson else []
    return courses, tuple(lessons)


def _course(shelf: Shelf, key: str, fields: Fields) -> CoursePiece:
    modules, listed = [], set()
    for entry in fields.maps("modules"):
        lessons = entry.placed("lessons")
        for lesson, line in lessons:
            if lesson in listed:
                shelf.refuse(entry.file, line, f"lesson `{lesson}` is listed twice")
            if not (shelf.folder / f"courses/{key}/{lesson}.md").is_file():
                shelf.refuse(entry.file, line, f"there is no lesson `{lesson}`: {lesson}.md is missing here")
            listed.add(lesson)
        title = entry.text("title", limit=160)
        modules.append(ModulePiece(title=title, lessons=tuple(lesson for lesson, _line in lessons)))
        entry.close()
    if not KEY.fullmatch(key):
        shelf.refuse(fields.file, 1, f"`{key}` is not a key: lower-case words joined by hyphens")
    systems, prerequisites = fields.placed("code_systems"), fields.placed("prerequisites")
    course = CoursePiece(
        **shelf.piece("course", key, fields),
        title=fields.text("title", limit=160),
        summary=fields.text("summary"),
        level=fields.choice("level", Level.values),
        hours=fields.decimal("hours"),
        ceus=fields.decimal("ceus"),
        systems=tuple(system for system, _line in systems),
        certifications=tuple(read_certifications(shelf, fields, "certifications")),
        prerequisites=tuple(before for before, _line in prerequisites),
        outcomes=fields.texts("outcomes"),
        preview=fields.text("preview"),
        modules=tuple(modules),
    )
    for system, line in systems:
        if system not in SYSTEMS:
            shelf.refuse(fields.file, line, f"`{system}` is no code system; known are {', '.join(SYSTEMS)}")
    for before, line in prerequisites:
        shelf.want("course", before, fields.file, line)
    if course.preview and course.preview not in listed:
        fields.refuse("preview", f"there is no lesson `{course.preview}` in this course")
    fields.close()
    return course


def in_order(shelf: Shelf, courses: list[CoursePiece]) -> tuple[CoursePiece, ...]:
    """Each course after those it asks for, numbered from 1; a circle is refused."""
    left, done = sorted(courses, key=lambda course: course.key), list[CoursePiece]()
    while left:
        waiting = {course.key for course in left}
        ready = [course for course in left if not waiting & set(course.prerequisites)]
        if not ready:
            names = ", ".join(sorted(waiting))
            shelf.refuse(left[0].file, left[0].line, f"these courses ask for each other first: {names}")
            ready = left
        for course in ready[:1] if ready is not left else ready:
            position = len(done) + 1
            digest = digest_of([course.digest, position])
            done.append(replace(course, position=position, digest=digest))
        left = [course for course in left if course.key not in {one.key for one in done}]
    return tuple(done)


def _lesson(shelf: Shelf, course: str, name: str) -> LessonPiece | None:
    page = shelf.page(name)
    if page is None:
        return None
    fields, source, lines_before = page
    lesson = LessonPiece(
        **shelf.whole_file("lesson", shelf.stem_key(name), name, fields),
        course=course,
        title=fields.text("title", limit=160),
        minutes=fields.integer("minutes", low=1, high=600),
        objectives=fields.texts("objectives"),
        citations=read_citations(shelf, fields, needed=True),
        source=source,
    )
    shelf.references(name, source, lines_before, checkpoints=True)
    fields.close()
    return lesson


def read_path(shelf: Shelf, name: str) -> PathPiece:
    sheet = shelf.sheet(name)
    fields = sheet.fields() if sheet else Fields(Sheet(name, "{}", shelf.problems), None)
    key = shelf.stem_key(name)
    stages: list[StagePiece] = []
    asked: set[tuple[str, str]] = set()
    for entry in fields.maps("stages"):
        source = entry.text("text")
        shelf.references(name, source, entry.lines_before("text"))
        stages.append(
            StagePiece(
                kind=entry.choice("kind", StageKind.values),
                title=entry.text("title", limit=160),
                source=source,
                needs=tuple(_need(shelf, key, item, asked) for item in entry.maps("items")),
            )
        )
        entry.close()
    if fields.has("stages") and [stage.kind for stage in stages] != StageKind.values:
        fields.refuse("stages", f"a path has the six stages in order: {', '.join(StageKind.values)}")
    path = PathPiece(
        **shelf.piece("path", key, fields),
        title=fields.text("title", limit=160),
        summary=fields.text("summary"),
        for_whom=fields.text("for_whom", optional=True),
        stages=tuple(stages),
    )
    fields.close()
    return path


def _need(shelf: Shelf, path: str, item: Fields, asked: set[tuple[str, str]]) -> NeedPiece:
    """One thing that a stage asks for."""
    kinds = {"course": "course", "exam": "exam_passed", "credential": "credential", "task": "task"}
    leads = {"course": "course", "exam": "practice exam", "credential": "certification"}
    given = [name for name in kinds if item.has(name)]
    if len(given) != 1:
        shelf.refuse(item.file, item.line, "an item has exactly one of course, exam, credential and task")
        return NeedPiece(kind="task", key="", text="")
    name = given[0]
    key, text = item.key(name), ""
    if name == "task":
        text = item.text("text", limit=300)
        key = f"{path}.{key}"
    else:
        shelf.want(leads[name], key, item.file, item.line_of(name))
    if (name, key) in asked:
        item.refuse(name, f"{name} `{key}` is asked for twice in this path")
    asked.add((name, key))
    item.close()
    return NeedPiece(kind=kinds[name], key=key, text=text)


def read_guide(shelf: Shelf, name: str) -> GuidePiece:
    number, _hyphen, stem = Path(name).stem.partition("-")
    if not number.isdigit():
        shelf.refuse(name, 1, "the name of a guide section is its number, a hyphen and its key")
    fields, source, lines_before = shelf.page(name) or (Fields(Sheet(name, "{}", []), None), "", 1)
    links = []
    for entry in fields.maps("links", optional=True):
        label, to = entry.text("label", limit=120), entry.text("to", limit=120)
        match = _LINK.fullmatch(to)
        if to and match is None:
            entry.refuse("to", f"`{to}` must be path:, course:, certification: or page: and a key")
        elif match is not None and match[1] != "page":
            shelf.want(match[1], match[2], name, entry.line_of("to"))
        links.append((label, to))
        entry.close()
    figures = fields.placed("figures", optional=True)
    for figure, line in figures:
        shelf.want("figure", figure, name, line)
    compared = fields.placed("compare", optional=True)
    for certification, line in compared:
        shelf.want("certification", certification, name, line)
    section = GuidePiece(
        **shelf.whole_file("guide section", shelf.stem_key(name, stem), name, fields),
        position=int(number) if number.isdigit() else 0,
        title=fields.text("title", limit=160),
        source=source,
        links=tuple(links),
        figures=tuple(figure for figure, _line in figures),
        compare=tuple(certification for certification, _line in compared),
    )
    shelf.references(name, source, lines_before)
    fields.close()
    return section


def read_mail(shelf: Shelf, name: str) -> MailPiece:
    fields, source, _before = shelf.page(name) or (Fields(Sheet(name, "{}", []), None), "", 1)
    kind = fields.text("kind", limit=40)
    if kind and kind != Path(name).stem:
        fields.refuse("kind", f"the file is named {Path(name).stem}.md, but its kind is `{kind}`")
    mail = MailPiece(
        **shelf.whole_file("mail", kind or Path(name).stem, name, fields),
        subject=fields.text("subject", limit=300),
        summary=fields.text("summary", limit=500),
        source=source,
    )
    fields.close()
    return mail
