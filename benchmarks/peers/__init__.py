"""The systems that are compared, each as `train(part, settings) -> Outcome`."""
