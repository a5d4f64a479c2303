from django.urls import path, register_converter

from courses.exams import views
from portal.lib.converters import RowNumber

register_converter(RowNumber, "row")

app_name = "exams"
urlpatterns = [
    path("practice/", views.practice, name="practice"),
    path("practice/new/", views.set_new, name="set_new"),
    path("practice/review/", views.review, name="review"),
    path("practice/review/rate/", views.rate_card, name="rate_card"),
    path("practice/review/cards/", views.cards, name="cards"),
    path("practice/review/cards/<row:pk>/suspend/", views.suspend_card, name="suspend_card"),
    path("practice/question-of-the-day/", views.daily_question, name="daily_question"),
    path("practice/settings/", views.practice_settings, name="practice_settings"),
    path("practice/progress/", views.progress, name="progress"),
    path("practice/readiness/<slug:key>/", views.readiness, name="readiness"),
    path("practice/sittings/<row:pk>/start/", views.start_sitting, name="start_sitting"),
    path("practice/plan/", views.plan, name="plan"),
    path("practice/plan/today/", views.plan_today, name="plan_today"),
    path("practice/plan/edit/", views.edit_plan, name="edit_plan"),
    path("practice/plan/stop/", views.stop_plan, name="stop_plan"),
    path("practice/reports/", views.your_reports, name="your_reports"),
    path("practice/changes/", views.changes, name="changes"),
    path("practice/<slug:key>/start/", views.start, name="start"),
    path("attempts/<row:pk>/", views.attempt, name="attempt"),
    path("attempts/<row:pk>/sections/<int:position>/", views.section, name="section"),
    path("attempts/<row:pk>/sections/<int:position>/break/", views.take_break, name="take_break"),
    path("attempts/<row:pk>/items/<int:position>/reveal/", views.reveal, name="reveal"),
    path("attempts/<row:pk>/trace/", views.trace, name="trace"),
    path("attempts/<row:pk>/reference/", views.reference, name="reference"),
    path("attempts/<row:pk>/pause/", views.pause, name="pause"),
    path("attempts/<row:pk>/resume/", views.resume, name="resume"),
    path("attempts/<row:pk>/answer/", views.answer, name="answer"),
    path("attempts/<row:pk>/finish/", views.finish, name="finish"),
    path("attempts/<row:pk>/report/", views.report, name="report"),
    path("attempts/<row:pk>/report.pdf", views.report_pdf, name="report_pdf"),
    path("attempts/<row:pk>/questions/<int:position>/report/", views.report_question, name="report_question"),
    path("attempts/<row:pk>/compare/", views.compare, name="compare"),
    path("checkpoints/<row:checkpoint_id>/", views.answer_checkpoint, name="answer_checkpoint"),
    path("preview/questions/<row:pk>/", views.preview_question, name="preview_question"),
    path("review/questions/", views.triage, name="triage"),
    path("review/questions/<slug:key>/", views.question_statistics, name="question_statistics"),
    path("review/revisions/<row:pk>/answer/", views.answer_reports, name="answer_reports"),
    path("review/revisions/<row:pk>/correct/", views.propose_correction, name="propose_correction"),
    path("review/corrections/", views.corrections, name="corrections"),
    path("review/corrections/<row:pk>/", views.correction, name="correction"),
    path("review/corrections/<row:pk>/apply/", views.apply_correction, name="apply_correction"),
    path("review/corrections/<row:pk>/withdraw/", views.withdraw_correction, name="withdraw_correction"),
]
