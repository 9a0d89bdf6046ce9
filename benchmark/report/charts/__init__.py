"""Charts as data: what is drawn, decided once, and computed before; renderers (SVG, Matplotlib) know these alone."""
