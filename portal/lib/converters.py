"""Parts of addresses that Django has no converter for."""

from django.urls.converters import IntConverter


class RowNumber(IntConverter):
    """The number of a row. One beyond every key is no address: a database may fail on it."""

    regex = "[0-9]{1,18}"
