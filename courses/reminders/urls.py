from django.urls import path

from courses.reminders.views import events, history, inbox, preferences, stop

app_name = "reminders"
urlpatterns = [
    path("reminders/", preferences.reminders, name="reminders"),
    path("reminders/start-again/", preferences.start_again, name="start_again"),
    path("reminders/write-again/", preferences.write_again, name="write_again"),
    path("reminders/history/", history.history, name="history"),
    path("reminders/history/<int:pk>/", history.sent, name="sent"),
    path("reminders/history/<int:pk>/html/", history.sent_html, name="sent_html"),
    path("reminders/inbox/", inbox.inbox, name="inbox"),
    path("reminders/inbox/read/", inbox.mark_all, name="mark_all"),
    path("reminders/inbox/unread/", inbox.unmark_all, name="unmark_all"),
    path("reminders/inbox/<int:pk>/", inbox.mark, name="mark"),
    path("mail/events/<slug:service>/", events.mail_events, name="mail_events"),
    path("stop/<str:token>/", stop.stop, name="stop"),
    path("stop/<str:token>/undo/", stop.undo_stop, name="undo_stop"),
]
