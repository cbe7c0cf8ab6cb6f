"""The whole platform on one machine, from wheels and jars: no Docker, Java or Postgres to install."""
