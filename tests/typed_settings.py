"""The settings as the type checker reads them: those of the tests, which need no secrets."""

# isort: off
from tests import environment  # noqa: F401  # first: it says that this is no production
from portal.settings import *  # noqa: F403  # all of them
