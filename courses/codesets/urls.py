from django.urls import path

from courses.codesets import views

app_name = "codesets"
urlpatterns = [
    path("", views.lookup, name="lookup"),
    path("<slug:system>/<str:code>/", views.code, name="code"),
    path("<slug:system>/<str:code>/panel/", views.panel, name="panel"),
]
