"""`bin-packing-array` and `bin-packing-array-fresh`: programs over arrays of bins."""
