"""The loop and what it holds: rounds, population, mix, budget."""
