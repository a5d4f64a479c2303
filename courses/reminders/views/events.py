"""What the mail service reports about our mails, through the webhook views of django-anymail."""

from importlib.util import find_spec

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courses.reminders.actions import record_events
from courses.reminders.mailservices import SERVICES, told_by
from portal.lib.access import public

logger = structlog.get_logger(__name__)


@public
@csrf_exempt  # a service posts without cookies; its signature or password is the permission
@require_http_methods(["HEAD", "POST"])
def mail_events(request: HttpRequest, service: str) -> HttpResponse:
    """Record what the configured mail service reports; 404 unless it is configured.

    The sender proves who it is by signature or password: 401 otherwise, and nothing is recorded. Services
    repeat what was not answered by 200, so all events of a request are recorded, or none. Nothing of the
    body is ever logged.
    """
    is_ours = service in SERVICES and service == settings.MAIL_EVENTS_SERVICE and settings.MAIL_EVENTS_SECRET
    if not is_ours or not find_spec("anymail"):
        raise Http404
    if request.method == "HEAD":  # some services ask so whether there is somebody
        return HttpResponse()
    how = SERVICES[service]
    reader = import_string(how.view)(**{how.proof: settings.MAIL_EVENTS_SECRET})
    try:
        reader.run_validators(request)
    except RequestDataTooBig:
        return HttpResponse(status=413)
    except Exception as error:  # no proof, or one that the check itself stumbled over
        logger.warning("mail events without proof", service=service, error=type(error).__name__)
        return HttpResponse(status=401)
    at = timezone.now()
    try:
        told = [told_by(event, service=service, at=at) for event in reader.parse_events(request)]
    except Exception as error:  # whatever a parser stumbles over; its words may hold the body
        logger.warning("mail events not understood", service=service, error=type(error).__name__)
        return HttpResponse(status=400)
    new = record_events(events=[one for one in told if one is not None], at=at)
    logger.info("mail events", service=service, told=len(told), recorded=new)
    return HttpResponse()
