"""The embedded backbone as a Keras model, out of the same TF.js LayersModel files that Whetstone reads."""

import json
import os

import keras
import numpy as np


def read_weights(directory, manifest):
    """Every weight by name, as float32: shards are one stream of bytes, float16 where the manifest says so."""
    weights = {}
    for group in manifest:
        stream = b"".join(open(os.path.join(directory, path), "rb").read() for path in group["paths"])
        offset = 0
        for spec in group["weights"]:
            dtype = spec.get("quantization", {}).get("dtype", spec["dtype"])
            count = int(np.prod(spec["shape"], dtype=np.int64))
            values = np.frombuffer(stream, dtype, count, offset)
            offset += values.nbytes
            weights[spec["name"]] = values.astype("float32").reshape(spec["shape"])
    return weights


def build(directory, classes, unfreeze):
    """From the picture to class logits.

    unfreeze: how many of the last blocks learn, or 'all', or 'none'. Batch-norm runs in inference mode throughout, as Keras'
    own guide to fine-tuning says; its gamma and beta learn where their block does.
    """
    with open(os.path.join(directory, "model.json"), encoding="utf-8") as file:
        document = json.load(file)
    weights = read_weights(directory, document["weightsManifest"])
    values = {}
    blocks = []
    pooled = None
    for layer in document["modelTopology"]["config"]["layers"]:
        name, config = layer["config"]["name"], layer["config"]
        sources = [values[source[0]] for source in layer["inbound_nodes"][0]] if layer["inbound_nodes"] else []
        kind = layer["class_name"]
        if kind == "InputLayer":
            values[name] = image = keras.Input(config["batch_input_shape"][1:], name=name)
            continue
        if kind in ("Dropout", "Dense"):
            break
        block = name.split("_")[0]
        if kind != "GlobalAveragePooling2D" and (not blocks or blocks[-1][0] != block):
            blocks.append((block, []))
        if kind == "Conv2D":
            made = keras.layers.Conv2D(
                config["filters"], config["kernel_size"], config["strides"], config["padding"],
                use_bias=config["use_bias"], name=name,
            )
        elif kind == "DepthwiseConv2D":
            made = keras.layers.DepthwiseConv2D(
                config["kernel_size"], config["strides"], config["padding"], use_bias=config["use_bias"], name=name
            )
        elif kind == "BatchNormalization":
            made = keras.layers.BatchNormalization(epsilon=config["epsilon"], name=name)
        elif kind == "ReLU":
            made = keras.layers.ReLU(max_value=config["max_value"], name=name)
        elif kind == "Add":
            made = keras.layers.Add(name=name)
        elif kind == "GlobalAveragePooling2D":
            made = keras.layers.GlobalAveragePooling2D(name=name)
        else:
            raise ValueError(f"layer {name} is a {kind}")
        if kind == "BatchNormalization":
            values[name] = made(sources[0], training=False)
        else:
            values[name] = made(sources if kind == "Add" else sources[0])
        suffixes = {
            "Conv2D": ["kernel"],
            "DepthwiseConv2D": ["depthwise_kernel"],
            "BatchNormalization": ["gamma", "beta", "moving_mean", "moving_variance"],
        }.get(kind, [])
        if config.get("use_bias"):
            suffixes = suffixes + ["bias"]
        if suffixes:
            made.set_weights([weights[f"{name}/{suffix}"] for suffix in suffixes])
        if kind == "GlobalAveragePooling2D":
            pooled = values[name]
        else:
            blocks[-1][1].append(made)
    learning = {"all": len(blocks), "none": 0}.get(unfreeze, None)
    learning = int(unfreeze) if learning is None else learning
    for index, (_, layers) in enumerate(blocks):
        for made in layers:
            made.trainable = index >= len(blocks) - learning
    features = keras.Model(image, pooled)
    if classes == 0:
        return features
    logits = keras.layers.Dense(classes, name="classes")(keras.layers.Dropout(0.2)(pooled))
    return keras.Model(image, logits)
