"""Several replicas behind a router: what it sees, the event loop, its replay."""
