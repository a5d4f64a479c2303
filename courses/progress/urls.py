from django.urls import path

from courses.progress import views

app_name = "progress"
_lesson = "courses/<slug:course_key>/<slug:key>/"
urlpatterns = [
    path("paths/<slug:key>/follow/", views.follow_path, name="follow_path"),
    path("paths/<slug:key>/tasks/<slug:task>/", views.tick_task, name="tick_task"),
    path("courses/<slug:key>/enrol/", views.enrol, name="enrol"),
    path(_lesson + "complete/", views.complete_lesson, name="complete_lesson"),
    path(_lesson + "note/", views.save_note, name="save_note"),
    path(_lesson + "beat/", views.reading_beat, name="reading_beat"),
    path(_lesson + "report/", views.report_lesson, name="report_lesson"),
]
