"""Readers of instance files; each returns an `InstanceSet` or raises `InstanceError` naming file, line or field."""
