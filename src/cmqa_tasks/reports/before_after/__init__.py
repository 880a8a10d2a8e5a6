"""A checkpoint before and after training, on ordinary benchmarks and on ours, in one table of paired differences.

request = Request({"before": "org/model", "after": "runs/tuned"}, Path("runs/pair"))
files.write(table(request, run(request)), request)
"""
