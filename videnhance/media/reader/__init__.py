"""Video files in: from packets to frames with a time, and what is known of them."""

__all__: list[str] = []
