"""The project: settings and the composition of everything.

Before Django opens a database, the standard ``sqlite3`` module is replaced where its SQLite has the
WAL-reset corruption bug (3.7.0 to 3.51.2, fixed in 3.51.3): ``pysqlite3`` bundles a mended one.

Time zones are read from the ``tzdata`` of the lock and not from the system, so that a reminder goes at the
same moment from every machine.
"""

import sqlite3
import sys
import zoneinfo

zoneinfo.reset_tzpath(())

if sqlite3.sqlite_version_info < (3, 51, 3):
    try:
        import pysqlite3
        import pysqlite3.dbapi2
    except ImportError:  # settings then fall back to the DELETE journal
        pass
    else:
        sys.modules["sqlite3"] = pysqlite3
        sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

from portal.celery import app as celery_app

__all__ = ["celery_app"]
