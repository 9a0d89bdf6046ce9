"""Pure functions: tables and arrays in, tables out."""
