"""The Kafka broker's jars: fetched once from Maven, checked against committed digests."""

import hashlib
import os
import sys
from importlib.resources import files
from pathlib import Path

from embedded.cache import cache_folder
from embedded.locks import exclusive

KAFKA_VERSION = "4.1.1"
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"


def kafka_classpath() -> list[Path]:
    """The broker's jars on this machine, downloaded on the first call (43 MB).

    Raises:
        RuntimeError: a downloaded jar is missing or is not the one that was released.
    """
    folder = cache_folder()
    listing = folder / f"kafka-{KAFKA_VERSION}.classpath"
    with exclusive(listing.with_suffix(".lock")):
        if jars := _listed(listing):
            return jars
        print(f"downloading Kafka {KAFKA_VERSION} (43 MB, once)", file=sys.stderr, flush=True)
        jars = _download(folder)
        _verify(jars)
        partial = listing.with_suffix(".partial")
        partial.write_text("\n".join(map(str, jars)))
        partial.replace(listing)
        return jars


def _listed(listing: Path) -> list[Path]:
    if not listing.exists():
        return []
    jars = [Path(line) for line in listing.read_text().splitlines()]
    return jars if all(jar.exists() for jar in jars) else []


def _download(folder: Path) -> list[Path]:
    # jgo takes half a second to import and is needed once per machine.
    import jgo  # noqa: PLC0415

    environment = jgo.build(COORDINATES, cache_dir=folder / "jars", update=True)
    return sorted(Path(os.path.realpath(jar)) for jar in environment.all_jars)


def _verify(jars: list[Path]) -> None:
    lines = files("embedded").joinpath("kafka_jars.sha256").read_text().splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    if found != expected:
        wrong = sorted({name for name, _ in found.items() ^ expected.items()})
        raise RuntimeError(f"Kafka's jars differ from kafka_jars.sha256: {', '.join(wrong)}")
