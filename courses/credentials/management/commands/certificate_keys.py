"""``manage.py certificate_keys``."""

from typing import Any

from django.core.management.base import BaseCommand

from courses.credentials.certifying import public_spelling
from courses.credentials.keys import key_ring


class Command(BaseCommand):
    help = "Print the keys that verify certificates in their public spelling; no secret is shown."

    def handle(self, *args: Any, **options: Any) -> None:
        for number, key in enumerate(key_ring().keys):
            use = "signs" if number == 0 else "verifies"
            self.stdout.write(f"{public_spelling(key)}  {key.key_id}  {use}")
