from django.urls import path

from courses.reminders import views

app_name = "reminders"
urlpatterns = [
    path("reminders/", views.reminders, name="reminders"),
    path("stop/<str:token>/", views.stop, name="stop"),
]
