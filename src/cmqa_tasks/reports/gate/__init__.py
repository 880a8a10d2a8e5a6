"""The gate for continuous integration: does a model still answer as it did? Fine, regressed, or cannot tell, and why.

regress(Job(Path("model.reference.jsonl"), Path("runs/new"))).status
"""
