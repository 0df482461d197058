"""The statutory tables: cells, their arithmetic, and the prose about them."""
