from django.urls import path

from courses.credentials.views import activities, cards

app_name = "credentials"
urlpatterns = [
    path("", cards.credentials, name="credentials"),
    path("new/", cards.record, name="record"),
    path("<int:pk>/", cards.credential, name="credential"),
    path("<int:pk>/credits/new/", activities.add_credit, name="add_credit"),
    path("<int:pk>/credits/<int:credit_id>/withdraw/", activities.withdraw_credit, name="withdraw_credit"),
]
