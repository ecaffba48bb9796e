"""Every run, model call, program and evaluation in SQL, immutable once finished; queries and exporters."""
