from django.urls import include, path

from courses.credentials.views import activities, cards

app_name = "credentials"
#: Pages of a person, below ``/credentials/``.
of_person = [
    path("", cards.credentials, name="credentials"),
    path("new/", cards.record, name="record"),
    path("<int:pk>/", cards.credential, name="credential"),
    path("<int:pk>/credits/new/", activities.add_credit, name="add_credit"),
    path("<int:pk>/credits/<int:credit_id>/withdraw/", activities.withdraw_credit, name="withdraw_credit"),
]
#: What everybody may open: the check of a certificate, and what verifies badges.
urlpatterns = [
    path("credentials/", include(of_person)),
]
