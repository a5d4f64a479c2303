"""Audit packets are read only: who asked for what, and whether it was made."""

from django.contrib import admin

from courses.credentials.models import Packet
from portal.lib.admin import ReadOnlyAdmin


@admin.register(Packet)
class PacketAdmin(ReadOnlyAdmin):
    list_display = ("user", "body", "first_on", "last_on", "asked_at", "made_at", "size")
    list_select_related = ("user", "body")
    list_filter = ("body",)
    search_fields = ("user__email",)
    raw_id_fields = ("job",)
