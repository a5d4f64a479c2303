"""A folder of YAML and Markdown, read and checked as a whole, without a database.

All mistakes come out at once, each with its file, line and reason. The format is in ``docs/packs.md``.
"""

from dataclasses import replace
from pathlib import Path

from courses.content import facts, teaching
from courses.content.blueprints import read_blueprints
from courses.content.pieces import Pack, PathPiece
from courses.content.questions import read_question
from courses.content.reading import PackError, digest_of
from courses.content.shelf import Known, Shelf


def read_pack(folder: Path, *, known: Known | None = None) -> Pack:
    """Read the pack in ``folder``; raises ``PackError`` with every problem found."""
    shelf = Shelf(folder, known or {})
    pack = _pack(shelf)
    shelf.refuse_strangers()
    shelf.resolve()
    if shelf.problems:
        raise PackError(shelf.problems)
    return _with_titles(pack)


def _pack(shelf: Shelf) -> Pack:
    if not (shelf.folder / "pack.yaml").is_file():
        shelf.refuse("pack.yaml", 1, "the file is missing; it makes a folder a pack")
    key = title = edition = ""
    head = shelf.sheet("pack.yaml")
    if head is not None:
        fields = head.fields()
        key, title, edition = fields.key(), fields.text("title"), fields.text("edition", limit=40)
        fields.close()
    bodies, certifications = facts.read_bodies_and_certifications(shelf)
    courses, lessons = teaching.read_courses(shelf)
    return Pack(
        key=key,
        title=title,
        edition=edition,
        outlines=facts.read_outlines(shelf),
        domains=tuple(facts.read_domain(shelf, f) for f in shelf.list_of("domains.yaml")),
        bodies=bodies,
        certifications=certifications,
        rules=tuple(facts.read_rule_set(shelf, f) for f in shelf.list_of("rules.yaml")),
        figures=tuple(facts.read_figure(shelf, f) for f in shelf.list_of("figures.yaml")),
        questions=tuple(
            read_question(shelf, f) for name in shelf.files("questions", "yaml") for f in shelf.list_of(name)
        ),
        courses=teaching.in_order(shelf, courses),
        lessons=lessons,
        paths=tuple(teaching.read_path(shelf, name) for name in shelf.files("paths", "yaml")),
        blueprints=read_blueprints(shelf),
        guide=tuple(teaching.read_guide(shelf, name) for name in shelf.files("guide", "md")),
        mails=tuple(teaching.read_mail(shelf, name) for name in shelf.files("mail", "md")),
        synonyms=tuple(facts.read_synonym(shelf, f) for f in shelf.list_of("synonyms.yaml")),
    )


def _with_titles(pack: Pack) -> Pack:
    """Titles that a path quotes are part of what it says, so a new title makes the path new too."""
    titles = {("course", c.key): c.title for c in pack.courses}
    titles |= {("exam_passed", b.key): b.title for b in pack.blueprints}
    titles |= {("credential", c.key): f"Record your {c.abbreviation}" for c in pack.certifications}

    def quoting(path: PathPiece) -> PathPiece:
        stages = tuple(
            replace(
                stage,
                needs=tuple(
                    replace(need, text=need.text or titles.get((need.kind, need.key), ""))
                    for need in stage.needs
                ),
            )
            for stage in path.stages
        )
        texts = [need.text for stage in stages for need in stage.needs]
        return replace(path, stages=stages, digest=digest_of([path.digest, texts]))

    return replace(pack, paths=tuple(quoting(path) for path in pack.paths))
