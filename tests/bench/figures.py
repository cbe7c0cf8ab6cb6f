"""Every figure by name, in the order in which they are measured."""

from __future__ import annotations

from bench import imports, memory, project, relay, scim, webhook
from bench.figure import Figure

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        project.FIGURE,
        relay.FIGURE,
        webhook.FIGURE,
        scim.FIGURE,
        *imports.FIGURES,
        *memory.FIGURES,
    )
}
