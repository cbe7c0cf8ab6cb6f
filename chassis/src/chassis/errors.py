"""The exception tree decides what becomes of the work at hand: retry it, park it, or stop."""

from __future__ import annotations

import asyncpg


class ChassisError(Exception):
    """Base of the chassis's own errors. Messages never hold personal data."""


class Reject(ChassisError):
    """This record can never be handled; it is parked with this reason, a short sentence."""


class Fenced(ChassisError):
    """Another process moved the position or took the lease; start over from the store."""


class Stop(ChassisError):
    """Going on would do harm; the process must end and a human must look."""


class NotReady(ChassisError):
    """Something this service needs is not there yet; the message says what."""


_TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut while it was being reset
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidCachedStatementError,  # a migration changed a table under a prepared statement
    asyncpg.ReadOnlySQLTransactionError,  # the server became a standby
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)


def is_transient(error: BaseException) -> bool:
    """Whether trying the same again later may succeed: connection, lock and resource troubles."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, asyncpg.ClientConfigurationError)


def describe(error: BaseException) -> str:
    """What may be stored or logged of any error: its type and SQLSTATE, never its text.

    Driver and validation messages quote the values they choke on, and those may be names.
    """
    if isinstance(error, ChassisError):
        return str(error)
    sqlstate = getattr(error, "sqlstate", None)
    name = type(error).__name__
    return f"{name} (SQLSTATE {sqlstate})" if sqlstate else name
