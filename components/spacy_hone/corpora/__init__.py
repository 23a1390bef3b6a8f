"""From files to `.spacy` corpora: readers stream records, `schemes` decodes tags, `docs` writes DocBins."""
