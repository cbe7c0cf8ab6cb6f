"""Every figure by name, in the order in which they are measured."""

from __future__ import annotations

from bench import memory, project, relay, webhook
from bench.figure import Figure

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (project.FIGURE, relay.FIGURE, webhook.FIGURE, *memory.FIGURES)
}
