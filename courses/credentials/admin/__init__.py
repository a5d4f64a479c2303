"""The admin of credentials: rules are edited as dated rows; what people hold and earned is only read."""

from courses.credentials.admin import evidence, packets, rules

__all__ = ["evidence", "packets", "rules"]
