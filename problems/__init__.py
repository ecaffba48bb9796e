"""Problems: statement, contract, simulator, instance splits, baselines and readers of the field's formats."""
