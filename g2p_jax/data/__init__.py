"""From text lines to padded batches: no JAX, so that errors in the data come at once."""
