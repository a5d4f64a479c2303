from django.urls import path

from courses.codesets.views import browse, codes, lookup, pcs, releases

app_name = "codesets"
urlpatterns = [
    path("", lookup.lookup, name="lookup"),
    path("search.json", lookup.search_json, name="search_json"),
    path("releases/", releases.releases, name="releases"),
    path("releases/<int:pk>/", releases.release, name="release"),
    path("releases/<int:pk>/changes.csv", releases.release_csv, name="release_csv"),
    path("pcs/", pcs.pcs, name="pcs"),
    path("pcs/<str:table>/", pcs.pcs_table, name="pcs_table"),
    path("browse/<slug:system>/", browse.browse, name="browse"),
    path("browse/<slug:system>/<str:group>/", browse.browse_group, name="browse_group"),
    # what has a word of its own in second place comes before the codes
    path("<slug:system>/<str:code>/", codes.code, name="code"),
    path("<slug:system>/<str:code>/panel/", codes.panel, name="panel"),
]
