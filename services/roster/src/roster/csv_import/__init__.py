"""CSV files of people and departments: read in a stream, every mistake found, none applied."""

from roster.csv_import.errors import CsvError, InvalidFile
from roster.csv_import.source import DepartmentsSource, PeopleSource, departments_from, people_from

__all__ = [
    "CsvError",
    "DepartmentsSource",
    "InvalidFile",
    "PeopleSource",
    "departments_from",
    "people_from",
]
