"""The admin of credentials: rules are edited as dated rows; what people hold and earned is only read."""

from courses.credentials.admin import certificates, evidence, held, ledger, packets, rules

__all__ = ["certificates", "evidence", "held", "ledger", "packets", "rules"]
