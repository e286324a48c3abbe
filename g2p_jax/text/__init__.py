"""Texts in, tokens with their pronunciations out: pieces, their words, and these pronounced."""
