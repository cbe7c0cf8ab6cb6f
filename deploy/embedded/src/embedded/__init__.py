"""The whole platform on one machine: no Docker, Java or Postgres to install."""
