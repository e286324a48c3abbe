"""A server: the page of web/, and a JSON API whose requests are answered in batches."""
