"""Carry what was written, asked and answered over into the documents of the kinds and into values."""

import secrets
from decimal import Decimal
from itertools import groupby

from django.db import migrations

BATCH = 500


def in_line(html):
    text = html.strip()
    if text.startswith("<p>") and text.endswith("</p>") and text.count("<p>") == 1:
        return text[3:-4]
    return text


def questions(apps, schema_editor):
    """Options become the documents of the kind of one best answer; the writer's positions are their ids."""
    Choice = apps.get_model("exams", "Choice")
    for revision in apps.get_model("exams", "QuestionRevision").objects.all().iterator(BATCH):
        choices = list(Choice.objects.filter(revision=revision).order_by("position"))
        revision.source = {
            "choices": [
                {
                    "text": one.text_source,
                    "rationale": one.rationale_source,
                    "correct": one.is_correct,
                    "mistake": one.mistake,
                }
                for one in choices
            ]
        }
        revision.asked = {
            "options": {str(place): in_line(one.text_html) for place, one in enumerate(choices, start=1)}
        }
        revision.answer_key = {
            "right": [place for place, one in enumerate(choices, start=1) if one.is_correct]
        }
        revision.explained = {
            "options": {
                str(place): {
                    "html": in_line(one.text_linked_html),
                    "why": one.rationale_html,
                    "mistake": one.mistake,
                }
                for place, one in enumerate(choices, start=1)
            }
        }
        revision.rank = secrets.randbelow(2**31)
        revision.save(update_fields=["source", "asked", "answer_key", "explained", "rank"])


def places(apps):
    """The position of each option in its revision, by its id."""
    rows = apps.get_model("exams", "Choice").objects.order_by("revision", "position")
    return {
        pk: place
        for _revision, of_revision in groupby(rows.values_list("revision", "pk"), key=lambda row: row[0])
        for place, (_revision, pk) in enumerate(of_revision, start=1)
    }


def blueprints(apps, schema_editor):
    """Every exam so far had one section."""
    Section = apps.get_model("exams", "BlueprintSection")
    Domain = apps.get_model("exams", "BlueprintDomain")
    for blueprint in apps.get_model("exams", "Blueprint").objects.all():
        section = Section.objects.create(blueprint=blueprint, position=1, title="Multiple choice")
        Domain.objects.filter(blueprint=blueprint).update(section=section)


def attempts(apps, schema_editor):
    Section = apps.get_model("exams", "AttemptSection")
    Item = apps.get_model("exams", "AttemptItem")
    Mark = apps.get_model("exams", "ItemMark")
    Response = apps.get_model("exams", "Response")
    Answer = apps.get_model("exams", "CheckpointAnswer")
    place = places(apps)
    for attempt in apps.get_model("exams", "Attempt").objects.select_related("blueprint").iterator(BATCH):
        attempt.edition = attempt.blueprint.edition
        attempt.save(update_fields=["edition"])
        section = Section.objects.create(
            attempt=attempt, position=1, title="Multiple choice", opened_at=attempt.started_at
        )
        items = list(Item.objects.filter(attempt=attempt))
        for item in items:
            item.section = section
            item.order = [place[pk] for pk in item.choice_order]
        Item.objects.bulk_update(items, ["section", "order"])
        marks = list(Mark.objects.filter(item__attempt=attempt))
        for mark in marks:
            mark.struck = [place[pk] for pk in mark.struck if pk in place]
        Mark.objects.bulk_update(marks, ["struck"])
        responses = list(Response.objects.filter(item__attempt=attempt))
        for response in responses:
            response.attempt = attempt
            response.value = place[response.choice_id]
        Response.objects.bulk_update(responses, ["attempt", "value"], batch_size=BATCH)
    for answer in Answer.objects.all().iterator(BATCH):
        answer.value = place[answer.choice_id]
        answer.save(update_fields=["value"])


def results(apps, schema_editor):
    Score = apps.get_model("exams", "Score")
    Result = apps.get_model("exams", "ItemResult")
    Exposure = apps.get_model("exams", "Exposure")
    met = {}
    for score in Score.objects.select_related("attempt").order_by("scored_at", "pk"):
        score.points = Decimal(score.correct)
        for domain in score.domains:
            domain["points"] = f"{domain['correct']}.000"
        score.save(update_fields=["points", "domains"])
        found = list(
            Result.objects.filter(item__attempt=score.attempt).select_related("item__question_revision", "item__mark")
        )
        for result in found:
            result.score = score
            result.points = Decimal(int(result.is_correct))
            flagged = getattr(result.item, "mark", None) is not None and result.item.mark.flagged
            key = (score.attempt.user_id, result.item.question_revision.question_id)
            if key not in met:
                met[key] = Exposure(
                    user_id=key[0],
                    question_id=key[1],
                    first_item=result.item,
                    first_mode=score.attempt.mode,
                    first_points=result.points,
                    first_at=score.scored_at,
                    times=0,
                )
            met[key].last_points, met[key].last_at = result.points, score.scored_at
            met[key].is_flagged = flagged
            met[key].times += 1
        Result.objects.bulk_update(found, ["score", "points"])
    Exposure.objects.bulk_create(met.values(), batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("exams", "0003_kinds_sections_practice")]
    operations = [
        migrations.RunPython(step, migrations.RunPython.noop)
        for step in (questions, blueprints, attempts, results)
    ]
