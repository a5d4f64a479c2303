"""What a person may do, by group. The groups and their permissions are made by a migration."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """Names of the groups."""

    STUDENT = "student", _("Student")
    INSTRUCTOR = "instructor", _("Instructor")
    EDITOR = "editor", _("Editor")
    MANAGER = "manager", _("Manager")
    ADMINISTRATOR = "administrator", _("Administrator")


#: Roles that enter the admin, and so need a second factor.
STAFF_ROLES = frozenset({Role.EDITOR, Role.ADMINISTRATOR})
#: Apps whose rows an editor may view, add and change.
EDITOR_APPS = ("catalog", "exams", "reminders", "credentials", "codesets")
