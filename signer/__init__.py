"""Who holds the key: signer backends, with no knowledge of documents and no network."""
