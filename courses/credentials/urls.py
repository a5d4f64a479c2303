from django.urls import path

from courses.credentials.views import cards as views

app_name = "credentials"
urlpatterns = [
    path("", views.credentials, name="credentials"),
    path("new/", views.record, name="record"),
    path("<int:pk>/", views.credential, name="credential"),
    path("<int:pk>/credits/new/", views.add_credit, name="add_credit"),
    path("<int:pk>/credits/<int:credit_id>/withdraw/", views.withdraw_credit, name="withdraw_credit"),
]
