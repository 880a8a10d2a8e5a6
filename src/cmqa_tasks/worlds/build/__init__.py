"""Draw facts, render their evidence, and freeze the result as a release."""
