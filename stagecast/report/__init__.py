"""Reports: a run's result as a page or a text that a person wants to read. Pure: nothing is read or written here."""
