"""Online bin packing: instances, reader, scoring and figures of all its problems."""
