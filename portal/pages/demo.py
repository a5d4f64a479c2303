"""The people of the demo: who they are is said here once, for the command and for the ready message.

Importable without settings, since what starts the demo says who there is before Django runs.
"""

from dataclasses import dataclass

from accounts.roles import Role

#: One phrase for all of them; a demo listens on this machine only.
DEMO_PASSWORD = "nine charts before lunch"
DEMO_TIME_ZONE = "America/New_York"


@dataclass(frozen=True)
class DemoPerson:
    """Someone to sign in as; ``label`` is what the ready message calls them."""

    label: str
    name: str
    email: str
    role: Role
    purpose: str = ""


STUDENT = DemoPerson("student", "Ana Silva", "student@demo.crosswalk.invalid", Role.STUDENT, "start")
CODER = DemoPerson("working coder", "Ben Ortiz", "coder@demo.crosswalk.invalid", Role.STUDENT, "keep")
DEMO_PEOPLE = (
    STUDENT,
    CODER,
    DemoPerson("editor", "Edith Okafor", "editor@demo.crosswalk.invalid", Role.EDITOR),
    DemoPerson("instructor", "Ivo Lindgren", "instructor@demo.crosswalk.invalid", Role.INSTRUCTOR),
    DemoPerson("manager", "Mina Haddad", "manager@demo.crosswalk.invalid", Role.MANAGER),
    DemoPerson("administrator", "Ada Novak", "administrator@demo.crosswalk.invalid", Role.ADMINISTRATOR),
)
