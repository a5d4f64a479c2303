from django.urls import path

from courses.exams import views

app_name = "exams"
urlpatterns = [
    path("practice/", views.practice, name="practice"),
    path("practice/new/", views.set_new, name="set_new"),
    path("practice/review/", views.review, name="review"),
    path("practice/review/rate/", views.rate_card, name="rate_card"),
    path("practice/review/cards/", views.cards, name="cards"),
    path("practice/review/cards/<int:pk>/suspend/", views.suspend_card, name="suspend_card"),
    path("practice/question-of-the-day/", views.daily_question, name="daily_question"),
    path("practice/settings/", views.practice_settings, name="practice_settings"),
    path("practice/progress/", views.progress, name="progress"),
    path("practice/readiness/<slug:key>/", views.readiness, name="readiness"),
    path("practice/sittings/<int:pk>/start/", views.start_sitting, name="start_sitting"),
    path("practice/<slug:key>/start/", views.start, name="start"),
    path("attempts/<int:pk>/", views.attempt, name="attempt"),
    path("attempts/<int:pk>/sections/<int:position>/", views.section, name="section"),
    path("attempts/<int:pk>/sections/<int:position>/break/", views.take_break, name="take_break"),
    path("attempts/<int:pk>/items/<int:position>/reveal/", views.reveal, name="reveal"),
    path("attempts/<int:pk>/trace/", views.trace, name="trace"),
    path("attempts/<int:pk>/reference/", views.reference, name="reference"),
    path("attempts/<int:pk>/pause/", views.pause, name="pause"),
    path("attempts/<int:pk>/resume/", views.resume, name="resume"),
    path("attempts/<int:pk>/answer/", views.answer, name="answer"),
    path("attempts/<int:pk>/finish/", views.finish, name="finish"),
    path("attempts/<int:pk>/report/", views.report, name="report"),
    path("attempts/<int:pk>/report.pdf", views.report_pdf, name="report_pdf"),
    path("attempts/<int:pk>/compare/", views.compare, name="compare"),
    path("checkpoints/<int:checkpoint_id>/", views.answer_checkpoint, name="answer_checkpoint"),
]
