"""`python -m chassis topics create|check`: the platform's topics, as declared in the contracts."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from chassis.cli import fail
from chassis.errors import ChassisError, describe
from chassis.kafka import create_topics, require_topics
from schemas.topics import TOPICS

Bootstrap = Annotated[str, typer.Option(envvar="KAFKA_BOOTSTRAP", help="host:port of a broker.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Rollcall's chassis.")
topics = typer.Typer(no_args_is_help=True, help="Kafka topics, as declared.")
app.add_typer(topics, name="topics")


@topics.command()
def create(bootstrap: Bootstrap) -> None:
    """Create the topics that are missing; those that exist are left as they are."""
    try:
        created = asyncio.run(create_topics(bootstrap))
    except (ChassisError, KafkaError, OSError) as error:
        raise fail(f"Not created: {describe(error)}") from None
    print("\n".join(created) or "Nothing to do.")


@topics.command()
def check(bootstrap: Bootstrap) -> None:
    """Leave with status 1 when a topic is missing or has another partition count."""
    try:
        asyncio.run(require_topics(bootstrap, TOPICS.values()))
    except (ChassisError, KafkaError, OSError) as error:
        raise fail(describe(error)) from None
    print(f"{len(TOPICS)} topics are as declared.")


if __name__ == "__main__":
    app()
