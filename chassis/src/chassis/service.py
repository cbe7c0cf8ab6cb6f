"""One service: its parts declared, then put together, started, watched and stopped here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from chassis import calendars, collector, health, http, logs, tracing
from chassis.clock import SteppedCalendar, SystemCalendar
from chassis.consumer import Consumer, Handler, Reader
from chassis.errors import NotReady, Stop, describe, is_transient
from chassis.kafka import broker_for, is_kafka_error, require_topics
from chassis.migrations import require_current
from chassis.plain import PlainFirst
from chassis.postgres import Connection, Pool, open_pool
from chassis.relay import Relay
from chassis.schedule import DueHandler, DueWorker
from chassis.settings import ServiceSettings
from chassis.site import Site
from chassis.watchdog import Watchdog
from schemas.topics import TOPICS, topics_written_by

EXIT_STALLED = 70
WAIT_S = 0.5

log = structlog.get_logger(__name__)

Task = Callable[["Runtime"], Coroutine[Any, Any, None]]
Pending = Callable[[Connection], Awaitable[Mapping[str, int]]]


async def _nothing_pending(_: Connection) -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Service:
    """What a service consists of.

    `handlers` by topic and `due` by kind run in transactions of the chassis; `readers` by topic
    read what others than the platform write. `routers` and `routes` are its HTTP side; `tasks` run
    beside them until it stops, and one that ends early ends the process. `pending` counts work
    under way that no table of the chassis shows. `site` is what a service with signed-in people
    says of its pages.
    """

    name: str
    settings: ServiceSettings
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    readers: Mapping[str, Reader] = field(default_factory=dict)
    due: Mapping[str, DueHandler] = field(default_factory=dict)
    routers: Sequence[APIRouter] = ()
    routes: Sequence[Route] = ()
    tasks: Sequence[Task] = ()
    pending: Pending = _nothing_pending
    site: Site | None = None


class Runtime:
    """A running service: what its handlers, tasks and routes may use."""

    pool: Pool
    relay: Relay
    due_worker: DueWorker

    def __init__(
        self, service: Service, *, exit_process: Callable[[int], object] = os._exit
    ) -> None:
        self.service = service
        self.settings = service.settings
        stepped = service.settings.calendar == "stepped"
        self.calendar: SystemCalendar | SteppedCalendar = (
            SteppedCalendar() if stepped else SystemCalendar()
        )
        self.consumer: Consumer | None = None
        self.phase = "starting"
        self.running = False
        self.wakers: list[Callable[[], None]] = []
        self._exit = exit_process
        self._tasks: list[asyncio.Task[None]] = []
        self._broker = broker_for(service.name, service.settings.kafka_bootstrap)

    def wake(self) -> None:
        """Work may be waiting: a transaction committed or the calendar moved."""
        self.relay.wake()
        self.due_worker.wake()
        for waker in self.wakers:
            waker()

    def end(self, reason: str) -> None:
        """End the process at once: all state is in Postgres; a fresh start mends what is stuck."""
        self.phase = reason
        self.running = False
        log.critical("process_ends", reason=reason)
        self._exit(EXIT_STALLED)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until the service stops; the process ends if it ends before."""
        self._tasks.append(asyncio.create_task(self._guard(name, work), name=name))

    async def start(self) -> None:
        """Wait for what is needed, saying what for, and start every part."""
        name, settings = self.service.name, self.settings
        dsn = settings.database_url.get_secret_value()
        self.pool = await self._wait("Postgres", lambda: open_pool(dsn, name=name))
        await self._wait("Postgres", self._check_database)
        wanted = [TOPICS[topic] for topic in self.service.handlers]
        wanted += [topic for topic in topics_written_by(name) if topic not in wanted]
        await self._wait("Kafka", lambda: require_topics(settings.kafka_bootstrap, wanted))
        self.relay = Relay(self.pool, service=name, bootstrap=settings.kafka_bootstrap)
        self.due_worker = DueWorker(self.pool, self.calendar, self.service.due)
        self.due_worker.after_commit = self.wake
        self.spawn("relay", self.relay.run())
        if self.service.due:
            self.spawn("due work", self.due_worker.run())
        await self._start_consumer()
        for task in self.service.tasks:
            self.spawn(getattr(task, "__name__", "task"), task(self))
        self.spawn("watchdog", Watchdog(self).run())
        self.spawn("giving back memory", collector.give_back())
        self.phase, self.running = "running", True
        log.info("service_running")

    async def stop(self) -> None:
        """Let the batch at hand finish, then stop every part; nothing is held in memory."""
        self.phase, self.running = "stopping", False
        await self._broker.stop()
        for task in reversed(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if hasattr(self, "pool"):
            await self.pool.close()

    async def _start_consumer(self) -> None:
        if not self.service.handlers:
            return
        service = self.service
        self.consumer = Consumer(self.pool, service.name, service.handlers, service.readers)
        self.consumer.after_commit = self.wake
        self.consumer.on_stop = self.end
        self.consumer.attach(self._broker)
        await self._wait("Kafka", self._broker.start)
        self.spawn("position hints", self.consumer.hint())

    async def _check_database(self) -> None:
        async with self.pool.acquire() as connection:
            await require_current(connection, self.service.name)
            if isinstance(self.calendar, SteppedCalendar):
                await calendars.restore(connection, self.calendar)

    async def _wait(self, what: str, attempt: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await attempt()
            except Stop:
                raise
            except Exception as error:
                if not (
                    isinstance(error, NotReady) or is_transient(error) or is_kafka_error(error)
                ):
                    raise
                phase = f"waiting for {what}: {describe(error)}"
                if phase != self.phase:
                    log.warning("service_waits", phase=phase)
                self.phase = phase
                await asyncio.sleep(WAIT_S)

    async def _guard(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
            self.end(f"{name} ended")
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.end(f"{name} failed: {describe(error)}")


def build_app(service: Service) -> FastAPI:
    """The service as an ASGI app: it answers probes at once and starts in the background."""
    runtime = Runtime(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        logs.configure(service.name, service.settings.log_level)
        tracing.configure(service.name)
        starting = asyncio.create_task(_start(runtime))
        try:
            yield
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await runtime.stop()

    app = PlainFirst(
        service.routes,
        title=f"Rollcall {service.name}",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.runtime = runtime
    http.install(app)
    app.include_router(health.router)
    if service.settings.calendar == "stepped":
        app.include_router(calendars.router)
    for router in service.routers:
        app.include_router(router)
    return app


def run(service: Service) -> None:
    """Serve until SIGTERM or SIGINT."""
    app = build_app(service)
    collector.settle()
    uvicorn.run(
        app,
        host=service.settings.http_host,
        port=service.settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the peer stays the TCP peer: see chassis.proxies
        timeout_graceful_shutdown=10,
    )


async def _start(runtime: Runtime) -> None:
    try:
        await runtime.start()
    except asyncio.CancelledError:
        raise
    except Exception as error:
        runtime.end(f"could not start: {describe(error)}")
