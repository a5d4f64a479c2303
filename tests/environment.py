"""Loaded by ``-p`` before Django's settings are read."""

import os

os.environ["TESTING"] = "1"
os.environ.pop("DEMO", None)
os.environ.pop("REDIS_URL", None)
