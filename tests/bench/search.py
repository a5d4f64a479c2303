"""``python -m tests.bench search``: how well and how fast the engine of code sets answers.

Quality is measured on phrases of the Alphabetic Index: a hit is the code, its stem or a code below it. The
weights are tuned on the training phrases only; the dev phrases say what they are worth.
"""

import gzip
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from courses.codesets.actions import package_source
from courses.codesets.engine import Engine, Phrase, Synonyms, asked_about, build
from courses.codesets.engine.indexing import bare
from courses.codesets.formats import icd10cm_tabular, order_file
from courses.codesets.records import Entry

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = Path(os.environ.get("CODE_DATA", ROOT.parent / "shared" / "data"))
PAIRS: Final = "icd10cm_index_pairs_fy2025_train_dev.tsv.gz"
SYNONYMS: Final = ROOT / "courses/content/packs/starter/synonyms.yaml"
#: One training phrase in so many is asked, to see that dev is no worse.
EVERY: Final = 8
#: Answers that are looked at.
LIMIT: Final = 20
QUESTIONS: Final = 400

Line = tuple[str, float, str]
Pair = tuple[Phrase, str]
Search = Callable[[str], Sequence[str]]


def search() -> Iterator[Line]:
    book = list(tabular())
    yield from speed({"icd10cm": book} | other_books())
    if not (DATA / PAIRS).exists():
        print(f"search quality: skipped, no {PAIRS} in {DATA}")
        return
    train, dev = pairs("train"), pairs("dev")
    engines = {
        "titles": [replace(entry, notes=()) for entry in book],
        "default": book,
    }
    for name, entries in engines.items():
        yield from quality(f"search_{name}", Engine(build(entries)), train[::EVERY], dev)
    with_index = Engine(build(book, [phrase for phrase, _query in train]))
    yield from quality("search_index", with_index, [], dev)
    for name, found, index in (
        ("fts5", fts5(book, []), ""),
        ("fts5", fts5(book, [phrase for phrase, _query in train]), "_index"),
        ("tantivy", tantivy(book), ""),
        ("lists", lists(book), ""),
    ):
        if found is not None:
            yield from scored(f"search_peer_{name}{index}", found, dev[:: EVERY // 2])


def tabular() -> tuple[Entry, ...]:
    with package_source().path.open("rb") as stream:
        return icd10cm_tabular.parse(stream).entries


def pairs(split: str) -> list[Pair]:
    """The phrases of one part of the data, as an index is loaded, and as someone types them."""
    found = []
    with gzip.open(DATA / PAIRS, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            path, code, part, query, nonessential = line.rstrip("\n").split("\t")
            if part == split:
                words = nonessential.translate(str.maketrans("()|", "   "))
                found.append((Phrase(path.replace(" > ", ", "), code, words), query))
    return found


def hit(code: str, target: str) -> bool:
    """``target`` of seven characters is found by the code above it."""
    wanted = bare(target)
    stem = wanted[:6].rstrip("X") if len(wanted) == 7 else wanted
    return bare(code).startswith(stem)


def quality(name: str, engine: Engine, train: list[Pair], dev: list[Pair]) -> Iterator[Line]:
    def found(query: str) -> list[str]:
        return [result.code for result in engine.search(query, limit=LIMIT)]

    if train:
        yield from scored(f"{name}_train", found, train)
    yield from scored(f"{name}_dev", found, dev)


def scored(name: str, found: Search, questions: list[Pair]) -> Iterator[Line]:
    ranks = []
    begun = time.process_time()
    for phrase, query in questions:
        codes = found(query)
        ranks.append(next((at for at, code in enumerate(codes, 1) if hit(code, phrase.code)), 0))
    spent = time.process_time() - begun
    for cut in (1, 10):
        yield f"{name}_r{cut}", sum(0 < rank <= cut for rank in ranks) / len(ranks), f"R@{cut}"
    yield f"{name}_mrr", sum(1 / rank for rank in ranks if rank) / len(ranks), "MRR"
    yield f"{name}_cpu", spent * 1000 / len(ranks), "ms"


# -- speed ------------------------------------------------------------------------------------------------


def other_books() -> dict[str, list[Entry]]:
    """The other systems, where their files are."""
    books: dict[str, list[Entry]] = {}
    if (path := DATA / "icd10pcs_order_2026.txt.xz").exists():
        import lzma

        with lzma.open(path) as stream:
            books["icd10pcs"] = list(order_file.parse(stream, "icd10pcs").entries)  # type: ignore[arg-type]
    for system, file, code, title in (
        ("hcpcs", "hcpcs_level2_2026_jan.tsv.gz", "code", "long_description"),
        ("msdrg", "msdrg_fy2026_table5.tsv.gz", "drg", "title"),
    ):
        if (DATA / file).exists():
            with gzip.open(DATA / file, "rt", encoding="utf-8") as lines:
                heads = next(lines).rstrip("\n").split("\t")
                rows = [dict(zip(heads, line.rstrip("\n").split("\t"), strict=False)) for line in lines]
            books[system] = [Entry("code", row[code], row[title], is_billable=True) for row in rows]
    return books


def speed(books: dict[str, list[Entry]]) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        engines = {}
        for system, entries in books.items():
            begun = time.process_time()
            index = build(entries)
            yield f"search_build_{system}", time.process_time() - begun, "s"
            (Path(folder) / system).write_bytes(index)
            yield f"search_file_{system}", len(index) / 2**20, "MB"
            engines[system] = Engine(Path(folder) / system)
        yield "search_codes", sum(map(len, books.values())), "codes in all systems"
        known = synonyms()
        typed = questions([entry.title for entries in books.values() for entry in entries])
        for kind, texts in typed.items():
            for system, engine in engines.items():
                yield from timed(f"search_{kind}_{system}", texts, {system: engine}, known, kind == "prefix")
            yield from timed(f"search_{kind}_all", texts, engines, known, kind == "prefix")
        yield from processes(folder, typed["words"])


def synonyms() -> Synonyms:
    rows = yaml.safe_load(SYNONYMS.read_text(encoding="utf-8")) if SYNONYMS.exists() else []
    return Synonyms((row["phrase"], row["means"]) for row in rows)


def questions(titles: list[str]) -> dict[str, list[str]]:
    """Beginnings, whole words and words with typing errors, out of titles of all systems."""
    chance = random.Random(1)
    typed: dict[str, list[str]] = {"prefix": [], "words": [], "typos": []}
    while len(typed["typos"]) < QUESTIONS:
        words = [word for word in chance.choice(titles).lower().split() if len(word) > 2 and word.isalpha()]
        if len(words) < 3:
            continue
        words = words[: chance.randint(2, 5)]
        last = words[-1][: chance.randint(1, len(words[-1]))]
        typed["prefix"] += [words[0][: chance.randint(2, len(words[0]))], " ".join([*words[:-1], last])]
        typed["words"].append(" ".join(words))
        typed["typos"].append(" ".join(misspelled(word, chance) for word in words))
    return typed


def misspelled(word: str, chance: random.Random) -> str:
    if len(word) < 5:
        return word
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + "e" + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def timed(
    name: str, texts: list[str], engines: dict[str, Engine], known: Synonyms, typing: bool
) -> Iterator[Line]:
    """Of several books, those that the question is about are searched, as the pages do."""
    spent = []
    for text in texts:
        begun = time.process_time()
        for system in asked_about(engines, text, synonyms=known, typing=typing):
            engines[system].search(text, synonyms=known, limit=LIMIT, typing=typing)
        spent.append((time.process_time() - begun) * 1000)
    yield f"{name}_cpu", sum(spent) / len(spent), "ms mean"
    yield f"{name}_p95", sorted(spent)[len(spent) * 95 // 100], "ms"


_COLD = """
import os, sys, time
begun = time.monotonic()
from pathlib import Path
from courses.codesets.engine import Engine
import psutil
engines = [Engine(path) for path in sorted(Path(sys.argv[1]).iterdir())]
for engine in engines: engine.search("broken hip")
print(time.monotonic() - begun)
if not (child := os.fork()):
    for text in sys.stdin.read().splitlines():
        for engine in engines: engine.search(text)
    maps = psutil.Process().memory_maps()
    print(sum(part.private_dirty for part in maps) / 2**20, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def processes(folder: str, texts: list[str]) -> Iterator[Line]:
    """A fresh process until its first answer of all systems, and what a forked worker has of its own."""
    command = [sys.executable, "-c", _COLD, folder]
    done = subprocess.run(
        command, cwd=ROOT, input="\n".join(texts), capture_output=True, text=True, check=True
    )
    cold, own = map(float, done.stdout.split())
    yield "search_cold_start", cold, "s to the first answer of all systems (budget 2)"
    yield "search_private", own, "MB private in a forked worker (budget 20)"
    yield "search_peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB peak while building"


# -- the peers --------------------------------------------------------------------------------------------


def rows(book: list[Entry], index: list[Phrase]) -> Iterator[tuple[str, str]]:
    """(code, all its text) of every code, those that differ in the 7th character once."""
    terms: dict[str, list[str]] = {}
    for phrase in index:
        stem = bare(phrase.code)[:6].rstrip("X") if len(bare(phrase.code)) == 7 else bare(phrase.code)
        terms.setdefault(stem, []).append(phrase.text)
    for entry in book:
        if entry.kind in ("category", "code") and not entry.seventh:
            notes = (note.text for note in entry.notes if note.kind in ("inclusion_term", "includes"))
            yield entry.code, " ".join([entry.title, *notes, *terms.get(bare(entry.code), ())])


def fts5(book: list[Entry], index: list[Phrase]) -> Search:
    from courses.codesets.engine import text

    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3
    database = sqlite3.connect(":memory:")
    database.execute("create virtual table book using fts5(code unindexed, words, tokenize='porter')")
    database.executemany("insert into book values (?, ?)", rows(book, index))
    asked = "select code from book where book match ? order by bm25(book) limit ?"

    def found(query: str) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in query.lower().split() if word.isalnum())
        words = words or " OR ".join(f'"{word}"' for word in text.words(query))
        return [row[0] for row in database.execute(asked, (words, LIMIT))] if words else []

    return found


def tantivy(book: list[Entry]) -> Search | None:
    from courses.codesets.engine import text

    try:
        import tantivy as peer
    except ImportError:
        print("search_peer_tantivy: skipped, not installed")
        return None
    schema = peer.SchemaBuilder()
    schema.add_text_field("code", stored=True, tokenizer_name="raw")
    schema.add_text_field("words", tokenizer_name="en_stem")
    index = peer.Index(schema.build())
    writer = index.writer()
    for code, words in rows(book, []):
        writer.add_document(peer.Document(code=[code], words=[words]))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def found(query: str) -> list[str]:
        parsed, _errors = index.parse_query_lenient(" ".join(text.words(query)), ["words"])
        return [searcher.doc(at)["code"][0] for _score, at in searcher.search(parsed, LIMIT).hits]

    return found


def lists(book: list[Entry]) -> Search:
    """An inverted index of Python lists, the words weighed by their rarity, with the engine's own stems."""
    import math
    from heapq import nlargest

    from courses.codesets.engine import text

    codes, postings = [], dict[str, list[int]]()
    for place, (code, words) in enumerate(rows(book, [])):
        codes.append(code)
        for stem in set(text.stems(words)):
            postings.setdefault(stem, []).append(place)

    def found(query: str) -> list[str]:
        score: dict[int, float] = {}
        for stem in set(text.stems(query)):
            having = postings.get(stem, ())
            rarity = math.log(1 + len(codes) / (len(having) + 1))
            for place in having:
                score[place] = score.get(place, 0.0) + rarity
        return [codes[place] for place in nlargest(LIMIT, score, key=lambda place: (score[place], -place))]

    return found
