"""Permissions of the staff groups follow the models: granted after each migration, never by hand."""

from typing import Any

from django.contrib.auth.models import Group, Permission

from accounts.roles import EDITOR_APPS, Role


def grant_role_permissions(sender: Any, using: str, **kwargs: Any) -> None:
    """Give editors the content apps and administrators everything. Harmless when repeated."""
    permissions = Permission.objects.using(using)
    for role, granted in (
        (
            Role.EDITOR,
            permissions.filter(content_type__app_label__in=EDITOR_APPS).exclude(
                codename__startswith="delete_"
            ),
        ),
        (Role.ADMINISTRATOR, permissions.all()),
    ):
        group = Group.objects.using(using).filter(name=role).first()
        if group is not None:
            group.permissions.add(*granted)
