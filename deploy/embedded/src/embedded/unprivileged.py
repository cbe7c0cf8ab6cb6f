"""Postgres refuses to run as root, so root runs it as an account that owns nothing else."""

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

_ACCOUNT = "nobody"


def unprivileged(argv: Sequence[str | Path]) -> list[str]:
    """The command itself for an ordinary user; for root, the same command as another account.

    The account keeps only the right to walk through root's folders, because a checkout or a
    virtual environment under root's home would be out of its reach.

    Raises:
        RuntimeError: we are root and util-linux's `setpriv` is missing.
    """
    command = [str(part) for part in argv]
    if os.geteuid() != 0:
        return command
    if shutil.which("setpriv") is None:
        raise RuntimeError("Postgres cannot run as root here: install util-linux, or use a user")
    account = pwd.getpwnam(_ACCOUNT)
    capabilities = "-all,+dac_override"
    return [
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        f"--inh-caps={capabilities}",
        f"--ambient-caps={capabilities}",
        "--pdeathsig=KILL",
        "--",
        *command,
    ]


def hand_over(folder: Path) -> None:
    """Make the folder belong to whoever `unprivileged` commands run as."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(_ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
