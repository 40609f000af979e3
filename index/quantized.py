"""A sentence-transformers model in, the same reckoned in int8 by OpenVINO out: faster, nearly the same vectors.

The weights are rounded once, with a scale for each row, and kept in the cache folder; what a layer is given is rounded
while it runs, with a scale for each `GROUP` numbers of a token, which asks for no sample of texts beforehand.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index import models
from index.errors import ModelError
from index.fetch import one_at_a_time
from index.vectors import INT8, SentenceEncoder

if TYPE_CHECKING:
    import openvino
    import torch
    from sentence_transformers import SentenceTransformer

GROUP = 128
RECIPE = f"int8 weights by row, activations by {GROUP}, 1"
"""What is done to the weights; another recipe makes other vectors, so it is in the digest."""

_FILES = ("model.xml", "model.bin")
_STAMP = "derived.json"


class QuantizedEncoder(SentenceEncoder):
    """A model whose layers run in int8; its digest is its own, so its vectors are never compared with float32's."""

    @classmethod
    def from_name(cls, name: str, offline: bool = False) -> "QuantizedEncoder":
        """Return the int8 form of the model that the name before `-int8` stands for.

        Raises:
            ModelError: The model cannot be had, or OpenVINO is not installed.
        """
        base = name.removesuffix(INT8)
        folder = models.fetch(base, offline=offline)
        _library()
        digest = hashlib.sha256(f"{RECIPE} of {models.weights_digest(folder)}".encode()).hexdigest()
        return cls(name, folder, digest)

    @property
    def derived(self) -> Path:
        """The folder of the rounded weights."""
        return models.cache_folder() / f"{self._folder.name}-{self.digest[:12]}{INT8}"

    def _load(self, device: str | None = "cpu") -> "SentenceTransformer":
        """Return the model with its layers put in the place of the float32 ones, derived where they are not there."""
        model = super()._load(device)
        layers: Any = model[0].model
        try:
            with one_at_a_time(self.derived.with_suffix(".lock"), progress=True):
                if not _whole(self.derived):
                    _derive(layers, self.derived)
        except OSError as error:
            raise ModelError(
                f"Cannot write {self.derived}: {error}. Make room, or set PAPERCHAT_CACHE to a folder of yours."
            ) from error
        model[0].model = _compiled(self.derived / _FILES[0], layers.config)
        return model


def _library() -> None:
    """See that OpenVINO can be imported, and that it reports to nobody.

    Raises:
        ModelError: It is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # what is not there sends nothing
    try:
        import openvino  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"int8 needs OpenVINO ({error}). Install it: pip install 'paperchat[int8]'; "
            f"or choose the encoder without {INT8}."
        ) from error


def _whole(folder: Path) -> bool:
    """Tell whether the files are there and hash to what was noted when they were made."""
    try:
        noted = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
        return bool(noted == {name: models.digest(folder / name) for name in _FILES})
    except (OSError, ValueError):
        return False


def _derive(layers: "torch.nn.Module", folder: Path) -> None:
    """Round the weights of a model's layers and write them; the folder appears when it is complete."""
    import openvino
    import torch

    example = torch.ones((2, 9), dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: the shapes that it warns of stay free
        graph = openvino.convert_model(
            _hidden_states(layers), example_input={"input_ids": example, "attention_mask": example}
        )
    _round(graph)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as temporary:
        made = Path(temporary) / "made"
        made.mkdir()
        openvino.save_model(graph, made / _FILES[0], compress_to_fp16=False)
        stamp = {name: models.digest(made / name) for name in _FILES}
        (made / _STAMP).write_text(json.dumps(stamp), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(made, folder)


def _round(graph: "openvino.Model") -> None:
    """Put in the place of each constant matrix of float32 its rows in int8, times the scale of each row."""
    from openvino import opset13 as operations

    for node in graph.get_ordered_ops():
        if node.get_type_name() != "MatMul" or node.input_value(1).get_node().get_type_name() != "Constant":
            continue
        weights = node.input_value(1).get_node().data
        summed_over = -1 if node.get_attributes()["transpose_b"] else -2
        scales = np.maximum(np.abs(weights).max(axis=summed_over, keepdims=True), 1e-12) / np.float32(127)
        rows = operations.constant(np.round(weights / scales).astype(np.int8))
        product = operations.multiply(operations.convert(rows, "f32"), operations.constant(scales))
        node.input(1).replace_source_output(product.output(0))


def _hidden_states(layers: "torch.nn.Module") -> "torch.nn.Module":
    """Return the part of a transformer that is run: token ids and their mask in, last hidden states out."""
    import torch

    class HiddenStates(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.layers(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return states

    return HiddenStates().eval()


def _compiled(file: Path, config: object) -> "torch.nn.Module":
    """Return layers that run in OpenVINO, on as many threads as torch would take, in the shape of a transformers model.

    What is not rounded is reckoned in float32, also where the processor has something shorter, so that machines agree.
    """
    import openvino
    import torch

    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})  # a file that is cut short under a running process would end it
    request = core.compile_model(
        file,
        "CPU",
        {
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(GROUP),
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        },
    ).create_infer_request()

    class Compiled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = config

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **others: object
        ) -> dict[str, torch.Tensor]:
            found = request.infer({"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()})
            return {"last_hidden_state": torch.from_numpy(found[0].copy())}

    return Compiled()
