"""What a program may contain."""
