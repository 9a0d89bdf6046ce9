"""The chapters of a report: tables and charts of its material, before any format draws them."""
