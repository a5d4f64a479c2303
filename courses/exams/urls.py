from django.urls import path

from courses.exams import views

app_name = "exams"
urlpatterns = [
    path("practice/", views.practice, name="practice"),
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
