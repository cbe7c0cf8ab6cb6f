import json
import subprocess
import sys

from chassis.errors import describe
from chassis.logs import allow_list

SPEAK = """
import logging, structlog
from chassis import logs
logs.configure("roster")
log = structlog.get_logger()
log.info("imported", count=3, email="zebulon@example.edu", name="Zebulon Canary")
try:
    raise ValueError("Zebulon Canary")
except ValueError:
    logging.getLogger("somebody").exception("failed for %s", "Zebulon Canary")
logging.getLogger("aiokafka.consumer").warning("Heartbeat failed")
"""


def test_a_log_line_is_json_and_holds_allowed_fields_only() -> None:
    done = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True, check=True)
    ours, strangers, kafka = (json.loads(line) for line in done.stderr.splitlines())
    assert (ours["event"], ours["service"], ours["count"]) == ("imported", "roster", 3)
    assert ours["dropped_fields"] == 2
    assert strangers["error"] == "ValueError"
    assert strangers["event"].startswith("somebody logged at")
    assert kafka["event"] == "Heartbeat failed"
    assert "dropped_fields" not in kafka
    assert "ebulon" not in done.stderr + done.stdout


def test_what_is_not_on_the_list_is_dropped_and_counted() -> None:
    event = {"event": "x", "person": "secret", "address": "secret"}
    assert allow_list(None, "", event) == {"event": "x", "dropped_fields": 2}


def test_an_error_is_described_without_its_text() -> None:
    assert describe(ValueError("Zebulon Canary")) == "ValueError"
