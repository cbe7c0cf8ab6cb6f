"""One module per way in which learning systems speak: from raw bytes to a `domain.Report`."""
