from django.urls import include, path

from courses.credentials.views import (
    activities,
    apprentice,
    cards,
    cycle,
    holding,
    papers,
    rules,
)

app_name = "credentials"
#: Pages of a person, below ``/credentials/``.
of_person = [
    path("", cards.credentials, name="credentials"),
    path("start/", holding.start, name="start"),
    path("new/", holding.record, name="record"),
    path("transcript/", papers.transcript_page, name="transcript"),
    path("transcript.pdf", papers.transcript_pdf, name="transcript_pdf"),
    path("transcript.csv", papers.transcript_csv, name="transcript_csv"),
    path("packets/", papers.packets, name="packets"),
    path("packets/<int:pk>/", papers.packet, name="packet"),
    path("packets/<int:pk>/download/", papers.download_packet, name="download_packet"),
    path("cycles/<int:pk>/", cycle.cycle, name="cycle"),
    path("cycles/<int:pk>/edit/", cycle.edit_cycle, name="edit_cycle"),
    path("cycles/<int:pk>/extend/", cycle.extend, name="extend_cycle"),
    path("cycles/<int:pk>/reported/", cycle.report_cycle, name="report_cycle"),
    path("cycles/<int:pk>/steps/", cycle.tick, name="tick_step"),
    path("proofs/<int:pk>/remove/", apprentice.remove_proof, name="remove_proof"),
    path("rules/", rules.rules, name="rules"),
    path("rules/<slug:key>/", rules.rule_set, name="rule_set"),
    path("<int:pk>/", holding.credential, name="credential"),
    path("<int:pk>/edit/", holding.edit, name="edit"),
    path("<int:pk>/apprentice/", apprentice.apprentice, name="apprentice"),
    path("<int:pk>/apprentice/removed/", apprentice.remove_mark, name="remove_apprentice_mark"),
    path("<int:pk>/apprentice/<slug:need>/", apprentice.add_proof, name="add_proof"),
    path("<int:pk>/credits/new/", activities.add_credit, name="add_credit"),
    path("<int:pk>/credits/<int:credit_id>/withdraw/", activities.withdraw_credit, name="withdraw_credit"),
]
#: What everybody may open: the check of a certificate, and what verifies badges.
urlpatterns = [
    path("credentials/", include(of_person)),
]
