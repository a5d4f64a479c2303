from django.urls import path

from courses.codesets.views import codes, lookup

app_name = "codesets"
urlpatterns = [
    path("", lookup.lookup, name="lookup"),
    # what has a word of its own in second place comes before the codes
    path("<slug:system>/<str:code>/", codes.code, name="code"),
    path("<slug:system>/<str:code>/panel/", codes.panel, name="panel"),
]
