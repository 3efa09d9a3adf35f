"""Keras' time and memory for one training step of the embedded backbone, batch by batch on request.

Reads one line from standard input for each step to time and answers with one JSON line: {"ms", "loss"}; on end of input,
{"peakBytes"}. So that the two programs can take turns on the machine.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
directory, unfreeze, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
import keras
import numpy as np
import tensorflow as tf

from efficientnet_lite import build

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
CLASSES = 10
model = build(directory, CLASSES, unfreeze)
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
