"""What the benchmark scripts share: data, scores, result files."""
