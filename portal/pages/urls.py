from django.urls import path

from portal.pages import calendar, certifications, health, mailbox, review, views

app_name = "pages"
urlpatterns = [
    path("", views.home, name="home"),
    path("today/", views.today, name="today"),
    path("guide/", views.guide, name="guide"),
    path("search/", views.search, name="search"),
    path("notices/", views.notices, name="notices"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("certifications/compare/", certifications.compare_certifications, name="compare_certifications"),
    path("certifications/<slug:key>/", certifications.certification, name="certification"),
    path("paths/", views.paths, name="paths"),
    path("paths/<slug:key>/", views.path, name="path"),
    path("courses/<slug:key>/", views.course, name="course"),
    path("courses/<slug:course_key>/<slug:key>/", views.lesson, name="lesson"),
    path("account/calendar/", calendar.calendar, name="calendar"),
    path("calendar/<str:token>.ics", calendar.calendar_feed, name="calendar_feed"),
    path("preview/lessons/<int:revision_id>/", views.preview_lesson, name="preview_lesson"),
    path("review/codes/", review.stale_codes, name="stale_codes"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("healthz/worker", health.worker_health, name="worker_health"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/<slug:name>/", mailbox.mail, name="mail"),
    path("mailbox/<slug:name>/raw/", mailbox.mail_raw, name="mail_raw"),
    path("mailbox/<slug:name>/html/", mailbox.mail_html, name="mail_html"),
]
