"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

# With --preload this runs before the workers fork: what the collector leaves alone stays shared memory.
gc.collect()
gc.freeze()
