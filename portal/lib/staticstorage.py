"""Static files under names that change with their content, modules of ours that import each other too."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

#: Without this a module would import another by its plain name, which browsers may keep from before. Django's
#: own switch reads every script, and what packages bring imports files that they do not.
_IMPORTS = (
    "portal/js/*.js",
    ManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]  # no public name
)


class HashedStorage(ManifestStaticFilesStorage):
    """For the demo: compressing takes too long for a first start."""

    patterns = (*ManifestStaticFilesStorage.patterns, _IMPORTS)


class CompressedHashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # untyped package
    """For everybody else."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, _IMPORTS)
