"""The search: prompts, model clients, proposers, population, constant tuning, budget and the loop."""
