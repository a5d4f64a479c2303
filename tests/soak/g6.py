"""G6 at full size: ten thousand damaged code files are refused or loaded, never half of one."""

import argparse
import itertools
import os
import random
import tempfile
import time
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

#: Seconds that the slowest file may take.
SLOWEST = 5.0
AT = datetime(2026, 11, 1, tzinfo=UTC)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: an error that is no refusal, rows that a refused file left, one that takes too long."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-soak-") as folder:
        os.environ.update(TESTING="1", VAR=folder, DATABASE_URL="")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        return _load_all(Path(folder), options.size, random.Random(options.seed))


def _load_all(folder: Path, size: int, rng: random.Random) -> list[str]:
    from courses.codesets.actions import Source, load_release
    from courses.codesets.errors import LoadRefused
    from courses.codesets.models import Release
    from courses.codesets.official import FORMATS

    _allow_cpt()
    failures, outcomes, slowest = [], Counter[str](), 0.0
    empty = _rows()
    samples = itertools.cycle(_samples().items())
    for number in range(size):
        form, (name, data, day) = next(samples)
        path = folder / name
        is_whole = number < len(FORMATS)  # the first of each as it is
        content = data if is_whole else _damaged(data, rng)
        if number % 3:
            path.write_bytes(content)
        else:
            path = folder / "published.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parcel:
                parcel.writestr(name, content)
            if number % 2 and not is_whole:
                path.write_bytes(_damaged(path.read_bytes(), rng))
        began = time.perf_counter()
        try:
            load_release(source=Source(form, path, path.name, "Soak", day), by=None, at=AT)
            outcome = "loaded"
        except LoadRefused:
            outcome = "refused"
        except Exception as error:
            outcome = "broken"
            failures.append(f"file {number}, {form}: {type(error).__name__}: {error}")
        slowest = max(slowest, time.perf_counter() - began)
        outcomes[outcome] += 1
        if outcome == "loaded":
            Release.objects.all().delete()
        if _rows() != empty:
            failures.append(f"file {number}, {form}, {outcome}: rows are left: {_rows()}")
            break
    print(f"{size} files: {dict(outcomes)}, the slowest took {slowest:.2f} s")
    if outcomes["loaded"] < len(_samples()):
        failures.append("not even the samples as they are can be loaded")
    if missing := FORMATS.keys() - _samples():
        failures.append(f"formats without a sample: {', '.join(sorted(missing))}")
    if slowest > SLOWEST:
        failures.append(f"a file took {slowest:.1f} s, more than {SLOWEST} s")
    return failures


def _samples() -> dict[str, tuple[str, bytes, date]]:
    """Of every format a file that loads: its published name, its bytes, its first day."""
    from tests.codesets.formats import test_hcpcs, test_icd10cm_index, test_lists, test_order_file, test_pcs
    from tests.codesets.sample import SAMPLE

    october = date(2025, 10, 1)
    index = test_icd10cm_index
    texts: dict[str, tuple[str, str | bytes]] = {
        "icd10cm-tabular": ("icd10cm_tabular_2026.xml", SAMPLE),
        "icd10cm-order": ("icd10cm_order_2026.txt", test_order_file.GOOD),
        "icd10cm-index": ("icd10cm_index_2026.xml", index.INDEX),
        "icd10cm-external": ("icd10cm_eindex_2026.xml", index.EXTERNAL),
        "icd10cm-drugs": ("icd10cm_drug_2026.xml", index.DRUGS),
        "icd10cm-neoplasms": ("icd10cm_neoplasm_2026.xml", index.TABLE),
        "icd10cm-poa-exempt": ("poaexemptcodes.txt", test_lists.POA),
        "icd10cm-cc": ("table 6j.txt", test_lists.CC),
        "icd10cm-mcc": ("table 6i.txt", test_lists.MCC),
        "icd10pcs-order": ("icd10pcs_order_2026.txt", test_order_file.text(test_order_file.PCS)),
        "icd10pcs-tables": ("icd10pcs_tables_2026.xml", test_pcs.TABLES),
        "icd10pcs-index": ("icd10pcs_index_2026.xml", test_pcs.INDEX),
        "icd10pcs-definitions": ("icd10pcs_definitions_2026.xml", test_pcs.DEFINITIONS),
        "hcpcs": ("hcpc2026_jan_anweb.txt", test_hcpcs.TABLE),
        "hcpcs-modifiers": ("hcpcs modifiers.txt", test_hcpcs.TABLE),
        "msdrg": ("table 5.txt", test_lists.DRG),
        "pos": ("place_of_service.txt", test_lists.POS),
        "cpt": ("cpt.csv", test_lists.CPT),
    }
    return {
        form: (name, text.encode() if isinstance(text, str) else text, october)
        for form, (name, text) in texts.items()
    }


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """``data`` with one to four pieces cut out, doubled, overwritten or added, or its end cut off."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        until = rng.randint(at, min(len(data), at + 60))
        match rng.randrange(5):
            case 0:
                data = data[:at] + data[until:]
            case 1:
                data = data[:until] + data[at:]
            case 2:
                data = data[:at] + rng.randbytes(until - at) + data[until:]
            case 3:
                data = data[:at] + rng.randbytes(6) + data[at:]
            case 4 if rng.random() < 0.3:  # or hardly any file would be longer than half
                data = data[:at]
    return data


def _allow_cpt() -> None:
    from accounts.models import User
    from courses.codesets.models import LicencePack

    LicencePack.objects.create(
        system="cpt",
        number="1",
        licensee="Soak",
        users=1,
        starts_on=date(2020, 1, 1),
        expires_on=date(2030, 1, 1),
        recorded_at=AT,
        recorded_by=User.objects.create_user("soak@example.com", "soak-soak-soak", name="Soak"),
    )


def _rows() -> dict[str, int]:
    """How many rows each table has that a load writes."""
    from django.apps import apps

    kept = {"licencepack", "synonym", "guidelinesection"}
    models = [
        model for model in apps.get_app_config("codesets").get_models() if model._meta.model_name not in kept
    ]
    return {model._meta.model_name or "": model._default_manager.count() for model in models}
