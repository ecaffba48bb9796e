"""Programs that compute with whole arrays: written out, compiled, and what their functions mean."""
