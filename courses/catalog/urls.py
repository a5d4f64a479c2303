from django.urls import path

from courses.catalog import views

app_name = "catalog"
urlpatterns = [
    path("catalog/", views.courses, name="courses"),
    path("certifications/", views.certifications, name="certifications"),
]
