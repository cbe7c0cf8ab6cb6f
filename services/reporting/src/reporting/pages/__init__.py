"""The pages people read: drawn on the server, in one language, without scripts."""

from __future__ import annotations

from reporting.pages import departments, own, sign_in

ROUTERS = (sign_in.router, departments.router, own.router)
