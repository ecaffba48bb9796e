"""The replicas behind a router and their steps, compiled."""
