"""Rows that belong to one person: the owner scope is the permission check."""

from typing import Self, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

M = TypeVar("M", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows that belong to one person; every view starts from here."""

    def owned_by(self, user: AbstractBaseUser) -> Self:
        return self.filter(user=user)
