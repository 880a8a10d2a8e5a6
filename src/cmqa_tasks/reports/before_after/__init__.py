"""A checkpoint before and after training, on ordinary benchmarks and on ours, in one table of paired differences."""
