"""The staff groups and their permissions follow the models: made after each migration, never by hand."""

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from accounts.roles import EDITOR_DELETES, EDITOR_MODELS, Role


def grant_role_permissions(sender: Any, using: str, **kwargs: Any) -> None:
    """Give editors the content apps and administrators everything. Harmless when repeated."""
    last = [config for config in apps.get_app_configs() if config.models_module][-1]
    if sender is not last:  # the signal comes once per app; only now does every permission exist
        return
    permissions = Permission.objects.using(using)
    content = permissions.none()
    for app, models in EDITOR_MODELS.items():
        content |= permissions.filter(content_type__app_label=app, content_type__model__in=models)
    deletes = [f"delete_{model}" for models in EDITOR_DELETES.values() for model in models]
    granted = {
        Role.EDITOR: content.filter(~Q(codename__startswith="delete_") | Q(codename__in=deletes)),
        Role.ADMINISTRATOR: permissions.all(),
    }
    for role in Role:
        group, _created = Group.objects.using(using).get_or_create(name=role)
        group.permissions.add(*granted.get(role, ()))
