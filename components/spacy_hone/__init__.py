"""spacy-hone: converters, losses, heads and encoders that spaCy's configs are made of."""

__version__ = "0.1.0"
