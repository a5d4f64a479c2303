"""Certificates: one's own, the public check of one, and taking one back."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import person_of
from accounts.roles import Role
from courses.credentials.actions.certificates import reissue_certificate, revoke_certificate
from courses.credentials.actions.refusals import Refused
from courses.credentials.certificate_pdf import certificate_pdf as printed
from courses.credentials.certifying import grouped, read_number
from courses.credentials.forms.certificates import NumberForm, ReasonForm
from courses.credentials.models import Certificate
from courses.credentials.queries.certificates import (
    Checked,
    State,
    badge,
    certificates_of,
    checked,
    find,
    issues_of,
)
from portal.lib.access import member, public, role
from portal.lib.limits import is_within_limit

#: Checks that one address may make in a minute, and files that a person may fetch in an hour.
_CHECKS, _FILES = 30, 60


# --- everybody ---------------------------------------------------------------------------------------------
@public
@never_cache
@require_safe
def check_form(request: HttpRequest) -> HttpResponse:
    """Asks for the number, and leads on to its page."""
    form = NumberForm(request.GET if "number" in request.GET else None)
    if form.is_bound and form.is_valid():
        return _private(redirect("credentials:check", form.cleaned_data["number"]))
    status = 422 if form.errors else 200
    return _private(render(request, "credentials/check_form.html", {"form": form}, status=status))


@public
@never_cache
@require_safe
def check(request: HttpRequest, check_id: str) -> HttpResponse:
    """Everything that is printed on a certificate, and whether it holds at this moment.

    A number that nobody has gets the same answer as one that cannot be any.
    """
    if not is_within_limit(request, "check", amount=_CHECKS, seconds=60):
        context = {"form": NumberForm(), "is_limited": True}
        response = render(request, "credentials/check_unknown.html", context, status=429)
        response.headers["Retry-After"] = "60"
        return _private(response)
    today, number = timezone.localdate(), read_number(check_id)
    one = find(number, today) if number else None
    if one is None:
        context = {"form": NumberForm(), "is_limited": False}
        return _private(render(request, "credentials/check_unknown.html", context, status=404))
    if number != check_id:
        return _private(redirect("credentials:check", number))
    issues = issues_of(one.certificate, today)
    context = {"one": one, "issues": issues if len(issues) > 1 else [], "State": State}
    return _private(render(request, "credentials/check.html", context))


def _private(response: HttpResponse) -> HttpResponse:
    """Whoever has the number may read: no search engine and no other site may learn it."""
    # not no-referrer: then a browser sends "Origin: null" with the form that signs out, which is refused
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


# --- one's own ---------------------------------------------------------------------------------------------
@member
@require_safe
def certificates(request: HttpRequest) -> HttpResponse:
    """A person's certificates, with what can be done with each."""
    found = certificates_of(person_of(request), timezone.localdate())
    return render(request, "credentials/certificates.html", {"certificates": found})


@member
@require_safe
def certificate_pdf(request: HttpRequest, check_id: str) -> HttpResponse:
    """The certificate on one page, the same bytes whenever it is asked for."""

    def make(one: Checked) -> bytes:
        assert one.facts is not None  # of what is printable
        return printed(one.facts, document=one.certificate.document, key_id=one.certificate.key_id)

    return _file(request, check_id, make, kind="application/pdf", ending="pdf")


@member
@require_safe
def certificate_badge(request: HttpRequest, check_id: str) -> HttpResponse:
    """The certificate as an Open Badge, a signed JWT."""
    return _file(request, check_id, lambda one: badge(one).encode(), kind="application/jwt", ending="jwt")


def _file(
    request: HttpRequest, check_id: str, make: Callable[[Checked], bytes], *, kind: str, ending: str
) -> HttpResponse:
    person = person_of(request)
    row = get_object_or_404(
        Certificate.objects.owned_by(person).select_related("revocation", "replaced_by"), check_id=check_id
    )
    one = checked(row, timezone.localdate())
    if not one.is_printable or one.facts is None:
        return redirect(row)  # whose page says why there is no file
    if not is_within_limit(request, "certificate-files", amount=_FILES, seconds=3600, who=person.pk):
        text = _("Too many files within an hour. The page of the certificate says the same.")
        return HttpResponse(text, status=429, content_type="text/plain", headers={"Retry-After": "3600"})
    name = (
        f"crosswalk-{slugify(one.facts.course_title)[:60] or 'certificate'}-{one.facts.completed_on}.{ending}"
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(make(one), content_type=kind, headers=headers)


# --- administrators ----------------------------------------------------------------------------------------
@role(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, check_id: str) -> HttpResponse:
    """Asks why and to confirm, then says in public that the certificate no longer holds."""
    row = get_object_or_404(Certificate, check_id=check_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            revoke_certificate(
                certificate=row, reason=form.cleaned_data["reason"], by=person_of(request), at=timezone.now()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Revoked. The public page says so from now on."))
            return redirect(row)
    return _asked(request, "credentials/revoke.html", row, form)


@role(Role.ADMINISTRATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def reissue(request: HttpRequest, check_id: str) -> HttpResponse:
    """Asks why, then issues anew with the name as it is now; the old one is revoked and points to the new."""
    row = get_object_or_404(Certificate.objects.select_related("user"), check_id=check_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            new = reissue_certificate(
                certificate=row, reason=form.cleaned_data["reason"], by=person_of(request), at=timezone.now()
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                _("Issued again as number %(number)s. The old number leads here.")
                % {"number": grouped(new.check_id)},
            )
            return redirect(new)
    return _asked(request, "credentials/revoke_reissue.html", row, form)


def _asked(request: HttpRequest, template: str, row: Certificate, form: ReasonForm) -> HttpResponse:
    context = {"one": checked(row, timezone.localdate()), "form": form}
    return render(request, template, context, status=422 if form.errors else 200)
