"""Turn a trained network into what ships: `python -m bench.training.export --out FOLDER`, FOLDER as in bench.training.

Writes the encoder as ONNX with int8 weights (dynamic quantisation of onnxruntime), the heads and the tokenizer into
`rag/judges/reader` and prints their digests, which go into `rag/judges/reader.py`.
"""

import argparse
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from bench.training.network import Network, heads
from index import models
from rag.judges.reader import DIGESTS, FOLDER


class _Encoder(torch.nn.Module):
    """The encoder for a single pair: without padding there is nothing to mask, which saves a third of the time."""

    def __init__(self, encoder: Any) -> None:  # noqa: ANN401 - transformers has no type for it
        super().__init__()
        self._encoder = encoder

    def forward(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self._encoder.embeddings(input_ids=input_ids, token_type_ids=token_type_ids)
        for layer in self._encoder.encoder.layer:
            states = layer(states)
        return states


def main() -> None:
    """Export the network of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    source = models.fetch("all-MiniLM-L6-v2", offline=True)
    network = Network(source)
    network.load_state_dict(torch.load(options.out / "checkpoint.pt", weights_only=True)["network"])
    network.eval()
    network.encoder.set_attn_implementation("eager")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain, shaped = Path(folder) / "plain.onnx", Path(folder) / "shaped.onnx"
        names = ["input_ids", "token_type_ids"]
        example = tuple(torch.ones(1, 16, dtype=torch.long) for _ in names)
        torch.onnx.export(
            _Encoder(network.encoder),
            example,
            str(plain),
            input_names=names,
            output_names=["states"],
            dynamic_axes={name: {1: "tokens"} for name in [*names, "states"]},
            dynamo=False,
        )
        quant_pre_process(str(plain), str(shaped), skip_symbolic_shape=True)
        quantize_dynamic(shaped, FOLDER / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
    onnx.checker.check_model(str(FOLDER / "encoder.onnx"))
    np.savez(FOLDER / "heads.npz", **heads(network))
    shutil.copyfile(source / "tokenizer.json", FOLDER / "tokenizer.json")
    for name in DIGESTS:
        content = (FOLDER / name).read_bytes()
        print(f'    "{name}": "{hashlib.sha256(content).hexdigest()}",  # {len(content) / 2**20:.1f} MiB')


if __name__ == "__main__":
    main()
