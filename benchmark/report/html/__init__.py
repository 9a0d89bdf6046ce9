"""The report as one page of HTML: what analysis computed, laid out to be read, sorted and printed."""
