"""Where a suite's rows fail, drawn: tables, and a page on which the tracks can be heard."""
