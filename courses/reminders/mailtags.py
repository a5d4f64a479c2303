"""The closed set of tags and filters that a mail template may use: nothing that loads or marks safe."""

from django.template import Library, defaultfilters, defaulttags

register = Library()
register.tag("if", defaulttags.do_if)
for _name in ("capfirst", "default", "floatformat", "lower", "pluralize", "upper"):
    register.filter(_name, getattr(defaultfilters, _name))
