"""A server process of its own that gets wrong passwords, for ``test_limits``; prints how many it looked at.

Arguments: database, address, how many guesses, and ``planted`` for the fault that the gate must see: each
process counts in its own memory.
"""

import os
import sys


def main(database: str, address: str, count: str, fault: str = "") -> None:
    import django
    from django.conf import settings
    from django.db import connection

    if fault == "planted":
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.ALLOWED_HOSTS.append("testserver")
    django.setup()
    connection.settings_dict["NAME"] = database

    from django.test import Client

    pages = [
        Client().post("/account/login/", {"login": address, "password": f"wrong {os.getpid()} {number}"})
        for number in range(int(count))
    ]
    print(sum("Too many failed" not in page.content.decode() for page in pages))


if __name__ == "__main__":
    os.environ["TESTING"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(*sys.argv[1:])
