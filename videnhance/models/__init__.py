"""Networks: cards, running, training and quantizing. The only home of torch."""

__all__: list[str] = []
