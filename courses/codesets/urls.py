from django.urls import path

from courses.codesets.views import browse, codes, indexes, lookup, pcs, releases, saved

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
    path("index/", indexes.index_books, name="index_books"),
    path("index/<slug:system>/<slug:book>/", indexes.index_book, name="index_book"),
    path("index/<slug:system>/<slug:book>/letter/<str:letter>/", indexes.index_letter, name="index_letter"),
    path("index/<slug:system>/<slug:book>/term/<int:position>/", indexes.index_term, name="index_term"),
    path("saved/", saved.saved, name="saved"),
    path("saved/<int:pk>/", saved.edit_saved, name="edit_saved"),
    path("saved/<int:pk>/remove/", saved.remove_saved, name="remove_saved"),
    # what has a word of its own in second place comes before the codes
    path("<slug:system>/<str:code>/", codes.code, name="code"),
    path("<slug:system>/<str:code>/panel/", codes.panel, name="panel"),
    path("<slug:system>/<str:code>/save/", saved.save_code, name="save_code"),
]
