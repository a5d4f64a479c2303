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
#: What an editor may view, add and change: content, never what people did, hold or earned.
EDITOR_MODELS = {
    "catalog": (
        *("body", "certification", "fact", "figure", "course", "coursesystem", "module", "lesson"),
        *("lessonreport", "educationpath", "pathstage", "requirement", "guidesection"),
    ),
    "exams": ("domain", "question", "blueprint", "blueprintsection", "blueprintdomain", "sitting"),
    "credentials": ("ruleset", "courseapproval"),
    "reminders": ("mailtemplate",),
    "codesets": ("release", "code", "codenote", "guidelinesection", "indexterm", "synonym"),
    "jobs": ("job",),
}
#: What an editor may delete as well: rows that nobody saw, answered or earned anything by.
EDITOR_DELETES = {"codesets": ("synonym",)}
