"""The areas of the 2023-24 cycle and the departments under them."""

from itertools import cycle, islice

from embedded.university.model import Department

PILOT = ("human-resources", "ist")
RESEARCH = "vp-research"
SCHOOLS = (
    "school-architecture",
    "school-engineering",
    "school-humanities",
    "school-science",
    "school-management",
    "college-computing",
)
CENTRAL = (
    "president",
    "provost",
    "chancellor",
    "evp-treasurer",
    "finance",
    "facilities",
    "libraries",
    "student-life",
    "medical",
    "alumni",
    "resource-development",
)
LINCOLN = "lincoln-laboratory"
WITHOUT_AREA = "new-initiatives"

AREA_NAMES = {
    "human-resources": "Human Resources",
    "ist": "Information Systems and Technology",
    RESEARCH: "Office of the VP for Research",
    "school-architecture": "School of Architecture",
    "school-engineering": "School of Engineering",
    "school-humanities": "School of Humanities and Arts",
    "school-science": "School of Science",
    "school-management": "School of Management",
    "college-computing": "College of Computing",
    "president": "Office of the President",
    "provost": "Office of the Provost",
    "chancellor": "Office of the Chancellor",
    "evp-treasurer": "Executive VP and Treasurer",
    "finance": "VP for Finance",
    "facilities": "Facilities",
    "libraries": "Libraries",
    "student-life": "Student Life",
    "medical": "Medical",
    "alumni": "Alumni Association",
    "resource-development": "Resource Development",
    LINCOLN: "Lincoln Laboratory",
}

_SMALLEST = 30
_PEOPLE_PER_DEPARTMENT = 50
_TEACHING_UNITS = ("Headquarters", "Program", "Laboratory", "Center", "Institute", "Studio")
_OFFICE_UNITS = ("Headquarters", "Services", "Planning", "Operations", "Support", "Administration")

# Where the next department goes once every area has one: schools and research have the most.
_GROWTH = (*SCHOOLS, RESEARCH, *SCHOOLS, RESEARCH, *CENTRAL, *PILOT, LINCOLN)


def found_departments(people: int) -> list[Department]:
    """Departments for that many people, in order of id within each area; no officers yet."""
    count = max(_SMALLEST, people // _PEOPLE_PER_DEPARTMENT)
    grown = islice(cycle(_GROWTH), count - 1 - len(AREA_NAMES))
    seen: dict[str, int] = {}
    found = []
    for area in (*AREA_NAMES, *grown):
        seen[area] = number = seen.get(area, 0) + 1
        found.append(_department(area, number))
    found.append(Department(WITHOUT_AREA, "New Initiatives", None, None))
    return found


def _department(area: str, number: int) -> Department:
    units = _TEACHING_UNITS if area in {*SCHOOLS, RESEARCH, LINCOLN} else _OFFICE_UNITS
    lap, unit = divmod(number - 1, len(units))
    name = f"{AREA_NAMES[area]}, {units[unit]}" + (f" {lap + 1}" if lap else "")
    return Department(f"{area}-{number:02d}", name, area, AREA_NAMES[area])
