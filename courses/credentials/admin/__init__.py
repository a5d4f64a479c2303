"""The admin of credentials: rules are edited as dated rows; what people hold and earned is only read."""

from courses.credentials.admin import rules

__all__ = ["rules"]
