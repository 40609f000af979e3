"""How an index grows: build, search and memory at 10 thousand, 100 thousand and a million abstracts."""
