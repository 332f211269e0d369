"""What the document looks like: format adapters, with no keys, no network and no writing of files."""
