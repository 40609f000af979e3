"""Files of questions in, a `Report` of how well they are found and answered out. Nothing else in `rag` knows of it."""
