"""Many people at the serving process at once: how many answers it gives, how soon, and what memory it takes."""
