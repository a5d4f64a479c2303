"""The base of every admin class: what is written goes through actions, what is history stays as it is."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ContentAdmin(admin.ModelAdmin):
    """Editable content: no bulk delete, since what someone saw never disappears; retire instead."""

    save_on_top = True
    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ContentAdmin):
    """Rows that only actions write: they can be read and searched here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
