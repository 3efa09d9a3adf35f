"""Keras' time and memory for one training step, batch by batch on request.

Arguments: folder of the embedded backbone, network, first layer to learn or 'all' (of the embedded one: how many blocks), batch,
threads.

Reads one line from standard input for each step to time and answers with one JSON line: {"ms", "loss"}; on end of input,
{"peakBytes"}. So that the two programs can take turns on the machine.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
directory, network, first, batch, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
import keras
import numpy as np
import tensorflow as tf

from efficientnet_lite import build

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
CLASSES = 10


def mobilenet_v2():
    """As the guide to transfer learning has it: batch-norm in inference mode."""
    base = keras.applications.MobileNetV2(
        input_shape=(224, 224, 3), include_top=False, pooling="avg", weights=None
    )
    learns = first == "all"
    for layer in base.layers:
        learns = learns or layer.name.startswith(first)
        layer.trainable = learns
    image = keras.Input((224, 224, 3))
    pooled = base(image, training=False)
    return keras.Model(image, keras.layers.Dense(CLASSES)(keras.layers.Dropout(0.2)(pooled)))


model = build(directory, CLASSES, first) if network == "efficientnet-lite0" else mobilenet_v2()
model.compile(
    keras.optimizers.AdamW(1e-4, weight_decay=0.05, clipnorm=None, global_clipnorm=1.0),
    keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    metrics=["accuracy"],
    jit_compile=False,
)
images = np.random.default_rng(1).uniform(-1, 1, (batch, 224, 224, 3)).astype("float32")
labels = np.eye(CLASSES, dtype="float32")[np.arange(batch) % CLASSES]
for line in sys.stdin:
    start = time.perf_counter()
    loss = float(np.asarray(model.train_on_batch(images, labels)).ravel()[0])
    print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "loss": loss}), flush=True)
print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
