"""Charts drawn as SVG for the page: shapes at their places, which a template writes. No result is computed here."""
