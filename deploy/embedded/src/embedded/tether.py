"""Become another program, tied to the life of the process that started this one.

Run by its path as `tether.py PARENT COMMAND...`. A separate program, because the kernel's bond has
to be made between fork and exec, where a Python process with threads must not run Python code.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Die with the parent (Linux only), then exec the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # It may have died before the line above.
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
