"""Who is in reports."""

# True of an `obligation o` that is: nobody on hold, and every human under one id. Person and
# obligation tell of both, in either order; the first word counts.
REPORTED = """(NOT o.hold AND o.rule <> 'merged'
    AND NOT EXISTS (SELECT FROM person p WHERE p.person_id = o.person_id
                    AND (p.hold OR p.merged_into IS NOT NULL))
    AND (o.person_id, o.cycle, o.occurrence) NOT IN (
        SELECT unnest(s.merged_from), s.cycle, s.occurrence FROM obligation s
        WHERE s.merged_from <> '{}'))"""
