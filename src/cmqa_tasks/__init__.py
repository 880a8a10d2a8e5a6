"""Does a multimodal model reason across modalities, or follow one of them? Tasks, models and metrics for the harnesses."""

__version__ = "0.5.0"
