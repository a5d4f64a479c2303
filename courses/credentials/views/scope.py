"""Rows of the person who asks: what is somebody else's is not there."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.requests import person_of
from courses.credentials.models import CredentialHeld, Cycle


def mine(request: HttpRequest, pk: int) -> CredentialHeld:
    held = CredentialHeld.objects.owned_by(person_of(request)).select_related("user", "certification__body")
    return get_object_or_404(held, pk=pk)


def my_cycle(request: HttpRequest, pk: int) -> Cycle:
    cycles = Cycle.objects.owned_by(person_of(request)).select_related("user", "body", "rule_set")
    return get_object_or_404(cycles, pk=pk)
