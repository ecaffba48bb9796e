"""One replica that serves a language model: what a scheduler sees, the event loop, its replay."""
