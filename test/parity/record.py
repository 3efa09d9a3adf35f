"""Keras models for the parity tests. For each line of JSON on standard input, builds the model that it names with seeded
random weights, writes it in the formats that are asked for, together with what each of some layers makes of one picture, and
answers with a line of JSON.

Request:  {"name", "factory", "arguments": {...}, "size", "layers": [...], "formats": ["h5", "keras", ...]}
Answer:   {"layers": [those that the model has], "files": {format: path}}
"""

import json
import os
import re
import struct
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np  # noqa: E402
import keras  # noqa: E402

FOLDER = sys.argv[1]


def settle(model, images, random):
    """Scales and biases at random, then statistics that fit the model's own activations, so that these stay near 1."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            layer.adapt(images / 255)
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    for variable in model.variables:
        if variable.path.split("/")[-2].endswith("layer_scale"):
            variable.assign(random.uniform(0.1, 0.5, variable.shape))
        elif variable.name == "gamma":
            # A residual branch ends gently, as in a trained network; else sums grow, and their rounding with them.
            gentle = 0.3 if re.search("(_3|project)_bn$", variable.path.split("/")[-2], re.IGNORECASE) else 1.0
            variable.assign(gentle * random.uniform(0.6, 1.4, variable.shape))
        elif variable.name in ("beta", "bias"):
            variable.assign(random.normal(0, 0.1, variable.shape))
    model(images, training=True)


def pictures(count, size, low, high, random):
    """Soft shapes of many brightnesses: of noise, the first layers would make one grey."""
    coarse = random.uniform(low, high, (count, 6, 6, 3)).astype("float32")
    images = np.asarray(keras.ops.image.resize(coarse, (size, size), interpolation="bicubic"))
    return np.clip(images + random.normal(0, (high - low) / 20, images.shape), low, high).astype("float32")


def variable_name(variable):
    """layer/variable. Layer scale's has no name of its own in Keras."""
    layer, name = variable.path.split("/")[-2:]
    return f"{layer}/{'gamma' if layer.endswith('layer_scale') else name}"


def save_tensors(path, tensors):
    """https://github.com/huggingface/safetensors#format"""
    header, offset = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            file.write(value.tobytes())


def save_model(model, name, formats):
    files = {}
    for kind in formats:
        path = os.path.join(FOLDER, name + {"h5": ".h5", "keras": ".keras", "weights": ".weights.h5"}.get(kind, ""))
        if kind == "saved-model":
            model.export(path, verbose=False)
        elif kind == "weights":
            model.save_weights(path)
        else:
            model.save(path)
        files[kind] = path
    return files


def record(name, factory, arguments, size, layers, formats):
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    random = np.random.default_rng(7)
    model = getattr(keras.applications, factory)(
        weights=None, classifier_activation=None, input_shape=(size, size, 3), **arguments
    )
    rescales = any(isinstance(x, (keras.layers.Rescaling, keras.layers.Normalization)) for x in model.layers)
    images = pictures(16, size, *((0, 255) if rescales else (-1, 1)), random)
    settle(model, images, random)
    known = {layer.name for layer in model.layers}
    present = [layer for layer in layers if layer in known]
    probe = keras.Model(model.input, [model.get_layer(layer).output for layer in present] + [model.output])
    values = [np.asarray(value)[0] for value in keras.tree.flatten(probe(images[:1], training=False))]
    tensors = {f"weight:{variable_name(v)}": np.asarray(v, "float32") for v in model.variables if "seed" not in v.path and v.name != "count"}
    tensors["input"] = images[0]
    tensors["output"] = values[-1]
    tensors.update({f"layer:{layer}": value for layer, value in zip(present, values)})
    files = {"tensors": os.path.join(FOLDER, name + ".safetensors"), **save_model(model, name, formats)}
    save_tensors(files["tensors"], {key: np.ascontiguousarray(value, "<f4") for key, value in tensors.items()})
    return {"layers": present, "files": files}


# Keras prints; the answers have standard output for themselves.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for line in sys.stdin:
    answers.write(json.dumps(record(**json.loads(line))) + "\n")
    answers.flush()
