"""`bin-packing`, `bin-packing-n` and `bin-packing-stateless`: rules that see levels."""
