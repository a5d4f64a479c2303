from django.urls import path

from courses.exams import views

app_name = "exams"
urlpatterns = [
    path("practice/", views.practice, name="practice"),
    path("practice/<slug:key>/start/", views.start, name="start"),
    path("attempts/<int:pk>/", views.attempt, name="attempt"),
    path("attempts/<int:pk>/answer/", views.answer, name="answer"),
    path("attempts/<int:pk>/finish/", views.finish, name="finish"),
    path("attempts/<int:pk>/report/", views.report, name="report"),
    path("checkpoints/<int:checkpoint_id>/", views.answer_checkpoint, name="answer_checkpoint"),
]
