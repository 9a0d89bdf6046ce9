"""Draw what analysis computed: tables, figures, and the page that holds them."""
