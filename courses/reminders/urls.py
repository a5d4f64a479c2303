from django.urls import path

from courses.reminders.views import preferences

app_name = "reminders"
urlpatterns = [
    path("reminders/", preferences.reminders, name="reminders"),
    path("stop/<str:token>/", preferences.stop, name="stop"),
]
