"""Where evidence lies: on disk, or by settings in a bucket of a server that speaks S3."""

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.base import File
from django.core.files.storage import Storage
from moto.server import ThreadedMotoServer

from courses.credentials.actions import EvidenceDamaged, read_evidence
from courses.credentials.models import Evidence
from courses.credentials.models.storage import evidence_storage
from tests.house.test_settings import SAFE, start

KEYS = {"EVIDENCE_S3_BUCKET": "evidence", "EVIDENCE_S3_ACCESS_KEY": "key", "EVIDENCE_S3_SECRET_KEY": "secret"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str) -> Iterator[Any]:
    """An empty bucket."""
    session = boto3.session.Session("key", "secret", region_name="us-east-1")
    store = session.resource("s3", endpoint_url=server).Bucket("evidence")
    store.create()
    yield store
    store.objects.all().delete()
    store.delete()


def in_the_bucket(tmp_path: Path, server: str) -> dict[str, Any]:
    """The storage that the settings build, read in a process of its own."""
    shown = "__import__('json').dumps(s.STORAGES['evidence'])"
    variables = {
        "EVIDENCE_S3_ENDPOINT": server,
        "EVIDENCE_S3_REGION": "us-east-1",
        "EVIDENCE_S3_PREFIX": "ours",
    }
    code, said = start(tmp_path, shown, **SAFE, **KEYS, **variables)
    assert code == 0, said
    built: dict[str, Any] = json.loads(said)
    return built


@pytest.fixture
def storage(tmp_path: Path, server: str, settings: Any) -> Storage:
    settings.STORAGES = settings.STORAGES | {"evidence": in_the_bucket(tmp_path, server)}
    return evidence_storage()


@pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")
def test_setting_puts_evidence_into_a_bucket(storage: Storage, bucket: Any) -> None:
    name = storage.save("evidence/one.pdf", File(io.BytesIO(b"%PDF one" * 300_000)))

    assert [one.key for one in bucket.objects.all()] == ["ours/evidence/one.pdf"]
    row = Evidence(pk=1, path=name, sha256="")
    with pytest.raises(EvidenceDamaged):
        read_evidence(file=row)
    row.sha256 = hashlib.sha256(b"%PDF one" * 300_000).hexdigest()
    assert b"".join(read_evidence(file=row)) == b"%PDF one" * 300_000
    assert storage.save("evidence/one.pdf", File(io.BytesIO(b"two"))) != name  # nothing is written over

    storage.delete(name)
    with pytest.raises(EvidenceDamaged):
        read_evidence(file=row)


def test_bucket_that_is_away_is_no_broken_page(storage: Storage) -> None:
    with pytest.raises(EvidenceDamaged):  # no bucket of that name
        read_evidence(file=Evidence(pk=1, path="evidence/one.pdf", sha256="0" * 64))


def test_disk_is_the_default_and_is_not_served(tmp_path: Path) -> None:
    shown = "__import__('json').dumps(s.STORAGES['evidence'], default=str)"
    code, said = start(tmp_path, shown, **SAFE)

    built = json.loads(said)
    assert code == 0
    assert built["OPTIONS"]["location"] == str(tmp_path / "private")
    assert built["OPTIONS"]["base_url"] is None and built["OPTIONS"]["file_permissions_mode"] == 0o600


def test_bucket_without_the_extra_refuses_to_start(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['storages'] = None; import portal.settings"
    environment = {"PATH": os.environ["PATH"], "VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        cwd=ROOT,
        env=environment | SAFE | KEYS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0 and "EVIDENCE_S3_BUCKET needs the extra s3" in done.stderr


@pytest.mark.parametrize("address", ["clamd", "127.0.0.1:port", "run/clamd.ctl"])
def test_address_of_a_scanner_that_cannot_be_one_refuses_to_start(tmp_path: Path, address: str) -> None:
    code, said = start(tmp_path, **SAFE, CLAMAV_ADDRESS=address)

    assert code != 0 and "CLAMAV_ADDRESS must look like" in said
