"""Component resources, one a file: what is there once, and what each partner gets."""
