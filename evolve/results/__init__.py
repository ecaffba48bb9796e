"""What a run ends in: the champion, comparisons, rankings."""
