"""Charts drawn by Matplotlib, each as PNG and PDF. Nothing is computed here but places."""
