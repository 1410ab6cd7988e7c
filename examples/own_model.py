"""Converts with a model of one's own: weights, or the card that `model quantize` made.

python examples/own_model.py in.mp4 out.mp4 trained/network.json
"""

import sys

import videnhance


def main(source: str, target: str, model: str) -> None:
    """A card's TorchScript is a program, so it must be trusted; weights need not be."""
    try:
        report = videnhance.convert(
            source, target, model=model, trust_model=True, overwrite=True
        )
    except videnhance.ModelError as error:
        sys.exit(str(error))
    print(f"{report.engine}: {report.target}")
    for name, digest in report.model_files.items():
        print(f"{name}: sha256 {digest}")


if __name__ == "__main__":
    main(*sys.argv[1:])
