#!/usr/bin/env bash
# Back up the database and the uploads: backup.sh FOLDER
# Run as the user of Crosswalk with its environment (VAR, DATABASE_URL), for example from a systemd timer.
# A backup is whole or not there: it is made under another name and renamed at the end.
set -euo pipefail
umask 077

target=${1:?usage: backup.sh FOLDER}
var=${VAR:-/var/lib/crosswalk}
python=${PYTHON:-/srv/crosswalk/.venv/bin/python}
keep=${KEEP:-14}
name=crosswalk-$(date -u +%Y%m%dT%H%M%SZ)
mkdir -p "$target"
work=$(mktemp -d "$target/.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ -n ${DATABASE_URL:-} ]]; then
  # through the environment, so that the password stands in no list of processes
  eval "$("$python" - <<'P'
import os, shlex
from urllib.parse import parse_qs, unquote, urlsplit
url = urlsplit(os.environ["DATABASE_URL"])
query = parse_qs(url.query)
parts = {"PGUSER": url.username, "PGPASSWORD": url.password, "PGDATABASE": url.path[1:],
         "PGHOST": url.netloc.rpartition("@")[2].rsplit(":", 1)[0] or query.get("host", [""])[0],
         "PGPORT": url.port and str(url.port), "PGSSLMODE": query.get("sslmode", [""])[0]}
for name, value in parts.items():
    if value:
        print(f"export {name}={shlex.quote(unquote(value))}")
P
)"
  pg_dump --format=custom --no-owner --file="$work/database.dump"
  pg_restore --list "$work/database.dump" >/dev/null
else
  # never a copy of the file: it may be in the middle of a write. pysqlite3, as the portal itself uses it
  "$python" - "$var/crosswalk.sqlite3" "$work/database.sqlite3" <<'P'
import sys
try:
    import pysqlite3 as sqlite3
except ImportError:
    import sqlite3
source, target = sys.argv[1:]
with sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60) as connection:
    connection.execute("VACUUM INTO ?", (target,))
found = sqlite3.connect(target).execute("PRAGMA integrity_check").fetchone()[0]
sys.exit(None if found == "ok" else f"the backup is damaged: {found}")
P
fi

# after the database: it may then hold a file too many, never one too few
if [[ -d $var/media ]]; then
  tar -C "$var" -cf "$work/media.tar" media
fi
# evidence, unless it lies in a bucket
if [[ -d $var/private ]]; then
  tar -C "$var" -cf "$work/private.tar" private
fi
(cd "$work" && sha256sum -- * >SHA256SUMS)
mv "$work" "$target/$name"
trap - EXIT

# the newest $keep stay
find "$target" -mindepth 1 -maxdepth 1 -type d -name 'crosswalk-*Z' | sort | head -n "-$keep" | xargs -r rm -rf --
echo "$target/$name"
