"""The demo from an empty folder to its summary."""

import asyncio
import base64
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as civil_time
from pathlib import Path
from typing import Any

import httpx

from embedded import university
from embedded.demo import kills
from embedded.demo.calendar import Driver, instant
from embedded.demo.checks import (
    Check,
    check_all,
    check_kills,
    check_nights,
    digest_of,
    read_mails,
)
from embedded.demo.doors import InboundDoor
from embedded.demo.outside import Outside, Secrets
from embedded.demo.patience import persist
from embedded.demo.records import people_of
from embedded.demo.rest import Observer
from embedded.demo.show import Show, table
from embedded.fleet import Fleet
from embedded.locks import emptied
from embedded.platform import Platform
from embedded.services import SERVICES, on_free_ports

CYCLE = "2023-24"
BEGINS = instant(date(2023, 9, 1), civil_time(7))
ENDS = instant(date(2024, 4, 2), civil_time(0))
_WEBHOOKS = "webhooks of the campus learning system"


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. `recount` is the folder that holds the recount, to run it after."""

    folder: Path
    people: int = 3000
    seed: int = 1
    kill: bool = False
    recount: Path | None = None
    stay: bool = False


class Demo:
    """Runs the cycle on a platform of its own; `run` returns the exit status."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._folder = options.folder
        self._show = Show()
        self._started = time.monotonic()
        self._platform = Platform(options.folder)
        services = [
            replace(service, extra=_extra(options.folder).get(service.name, {}))
            for service in on_free_ports(SERVICES)
        ]
        self._fleet = Fleet(self._platform, services, stepped=True)
        self._services = {service.name: service for service in self._fleet.services}
        self._killer = kills.Killer(self._platform, self._fleet)
        self._university = university.build(options.people, options.seed)

    def run(self) -> int:
        """Start everything, run the cycle, check it, stop everything."""
        with ExitStack() as stack:
            stack.callback(self._platform.stop)
            stack.callback(self._fleet.stop)
            self._start()
            return asyncio.run(self._drive())

    def _start(self) -> None:
        self._show.say(
            f"Starting Kafka, Postgres, a mail server and five services in {self._folder}"
        )
        self._platform.start(self._services)
        self._write_sources()
        self._fleet.prepare()
        self._fleet.start()

    def _write_sources(self) -> None:
        secret = self._platform.secrets.of(_WEBHOOKS).encode()
        courses = "\n".join(
            f'psh23-{option.lower()} = {{ cycle = "{CYCLE}", option = "{option}" }}'
            for option in "ABC"
        )
        (self._folder / "sources.toml").write_text(
            f"[sources.{university.SOURCE}]\n"
            f'secrets = ["whsec_{base64.b64encode(secret).decode()}"]\n'
            f"[sources.{university.SOURCE}.courses]\n{courses}\n"
            'psh21-3 = { cycle = "2021", option = "3" }\n'
        )

    async def _drive(self) -> int:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=30.0))
            bootstrap = self._platform.broker.bootstrap
            observer = await stack.enter_async_context(
                Observer(client, self._fleet.services, bootstrap)
            )
            inbound = await stack.enter_async_context(InboundDoor(bootstrap))
            webhooks = self._platform.secrets.of(_WEBHOOKS).encode()
            secrets = Secrets(self._token, self._scim_token(), webhooks)
            outside = Outside(client, self._services, inbound=inbound, secrets=secrets)
            driver = Driver(client, self._fleet.services, observer, outside, token=self._token)
            with self._show:
                await self._run_cycle(client, driver)
            return await self._finish(client, observer, driver)

    async def _run_cycle(self, client: httpx.AsyncClient, driver: Driver) -> None:
        self._university.write(self._folder)
        await driver.step(BEGINS)
        apply = ("rollout", "cycle", "apply", CYCLE, "--actor", "training-office")
        await asyncio.to_thread(self._command, *apply)

        async def watch(now: datetime) -> None:
            if self._show.wants(now):
                self._show.update(now, await self._figures(client))

        midway = self._killer.midway if self._options.kill else kills.spare
        await driver.run(self._university.happenings, until=ENDS, watch=watch, midway=midway)

    async def _finish(self, client: httpx.AsyncClient, observer: Observer, driver: Driver) -> int:
        editions = self._folder / "editions"
        await asyncio.to_thread(
            self._command, "reporting", "editions", "export", "--out", str(editions)
        )
        figures, ledger = await self._figures(client), await self._ledger(client)
        parked = {each.service: each.body["parked"] for each in await observer.rest()}
        mails = read_mails(self._platform.mail.journal)
        count, digest = digest_of(editions)
        checks = check_all(figures, ledger, parked, mails, unseen=self._unseen())
        checks.append(check_nights(editions, BEGINS.date(), ENDS.date() - timedelta(days=1)))
        if self._options.kill:
            checks.append(check_kills([each for _, each in self._killer.done], kills.VICTIMS))
        if self._options.recount is not None:
            checks.append(await asyncio.to_thread(self._recount, self._options.recount, editions))
        troubles = [f"{check.sentence}: {check.trouble}" for check in checks if check.trouble]
        summary = {
            "ok": not troubles,
            "troubles": troubles,
            "people": self._options.people,
            "seed": self._options.seed,
            "seconds": round(time.monotonic() - self._started, 1),
            "calendar_steps": driver.steps,
            "groups": figures,
            "cases": {case: len(who) for case, who in self._university.cases.items()},
            "doors": self._told(),
            "mails": {name: count for name, count in ledger.items() if type(count) is int},
            "editions": count,
            "editions_sha256": digest,
            "killed": [[now.isoformat(), victim] for now, victim in self._killer.done],
            "checks": [check.sentence for check in checks],
            "pages": self._pages(),
        }
        self._report(summary, checks)
        if self._options.stay:
            await self._stay()
        return 1 if troubles else 0

    def _report(self, summary: Mapping[str, Any], checks: list[Check]) -> None:
        say = self._show.say
        self._show.console.print(table(summary["groups"], f"The {CYCLE} cycle"))
        for check in checks:
            say(
                f"[red]no[/]  {check.sentence}: {check.trouble}"
                if check.trouble
                else f"yes {check.sentence}"
            )
        say(f"{summary['editions']:,} editions, {summary['mails']['accepted']:,} mails")
        for name, address in summary["pages"].items():
            say(f"{name}: {address}")
        line = json.dumps(summary)
        (self._folder / "summary.json").write_text(line + "\n")
        print(line, flush=True)

    def _recount(self, tests: Path, editions: Path) -> Check:
        cycle = self._folder / "cycle.yaml"
        cycle.write_text(self._command("rollout", "cycle", "show", CYCLE))
        command = [sys.executable, "-m", "recount"]
        command += ["--bootstrap", self._platform.broker.bootstrap]
        command += ["--imports", str(self._folder / "imports"), "--cycle", str(cycle)]
        command += ["--journal", str(self._platform.mail.journal), "--editions", str(editions)]
        done = subprocess.run(command, cwd=tests, capture_output=True, text=True, check=False)
        (self._folder / "recount.txt").write_text(done.stdout + done.stderr)
        for line in done.stdout.splitlines():
            self._show.say(f"recount: {line}")
        trouble = f"see {self._folder / 'recount.txt'}" if done.returncode else ""
        return Check(
            "The recount from the log, the files and the mails finds no difference", trouble
        )

    def _command(self, name: str, *arguments: str) -> str:
        """Run a service's own command, as an operator would; returns what it printed.

        Raises:
            RuntimeError: it failed; holds what it said.
        """
        service = self._services[name]
        done = subprocess.run(
            service.command(*arguments),
            env=self._fleet.environment(service),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    async def _figures(self, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = await self._get(client, "reporting", f"/figures/{CYCLE}")
        return groups

    async def _ledger(self, client: httpx.AsyncClient) -> dict[str, int]:
        ledger: dict[str, int] = await self._get(client, "notifier", "/ledger")
        return ledger

    async def _get(self, client: httpx.AsyncClient, name: str, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self._services[name].url}{path}"
        return (await persist(lambda: client.get(url, headers=headers))).json()

    def _scim_token(self) -> str:
        made = self._command(
            "roster", "scim", "token", "create", "campus-hr", "--source", "hr", "--json"
        )
        token: str = json.loads(made)["token"]
        return token

    def _told(self) -> dict[str, int]:
        """How many records of people came through each door."""
        told: Counter[str] = Counter()
        for each in self._university.happenings:
            if each.kind == "people_csv":
                told[each.door] += sum(1 for _ in people_of(each.payload))
        return dict(told)

    def _unseen(self) -> int:
        """How many had their mail but may stand in no figure: merged into others, or on hold."""
        acts = [json.loads(e.payload) for e in self._university.happenings if e.kind == "office"]
        return len({each["person_id"] for each in acts})

    @property
    def _token(self) -> str:
        return self._platform.secrets.of("machine token")

    def _pages(self) -> dict[str, str]:
        return {
            "departments and own page (sign in)": f"{self._services['reporting'].url}/sign-in",
            "the office's roster (sign in)": f"{self._services['roster'].url}/sign-in",
        }

    async def _stay(self) -> None:
        self._show.say("Everything stays up until Ctrl-C.")
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stopping.set)
        await stopping.wait()


def _extra(folder: Path) -> dict[str, dict[str, str]]:
    return {
        "completion": {"SOURCES_FILE": str(folder / "sources.toml")},
        "notifier": {"ENVELOPE_DOMAIN": "example.edu", "RETRY_AFTER_S": "1", "CONTACT_WAIT_S": "0"},
        "roster": {"DEMO_SIGN_IN": "true"},
        "reporting": {"DEMO_SIGN_IN": "true"},
    }


def run_demo(options: Options) -> int:
    """Run the demo in an emptied folder; 0 when every check holds, 1 with the reasons otherwise.

    Raises:
        RuntimeError: the folder holds what no demo left there, or another demo uses it.
    """
    with emptied(options.folder):
        return Demo(options).run()
