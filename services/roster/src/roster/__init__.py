"""People, appointments, leave and departments: who is asked to train."""
