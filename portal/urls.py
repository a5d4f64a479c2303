"""The whole URL map: one line a room."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("courses.catalog.urls")),
    path("", include("courses.progress.urls")),  # before pages: /courses/KEY/enrol/ is no lesson
    path("", include("portal.pages.urls")),
    path("", include("courses.exams.urls")),
    path("", include("courses.reminders.urls")),
    path("", include("courses.credentials.urls")),
    path("codes/", include("courses.codesets.urls")),
    path("jobs/", include("courses.jobs.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "portal.pages.errors.bad_request"
handler403 = "portal.pages.errors.forbidden"
handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"
