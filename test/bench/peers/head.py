"""Time of a Keras softmax layer on cached features: the same sizes, batches and epochs. Arguments: images, features, classes, epochs."""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
images, features, classes, epochs = map(int, sys.argv[1:5])
import keras
import numpy as np

random = np.random.default_rng(1)
centres = random.normal(size=(classes, features))


def draw(count):
    labels = np.arange(count) % classes
    return np.maximum(0, centres[labels] + 2 * random.normal(size=(count, features))).astype("float32"), labels


(x, y), validation = draw(images), draw(round(images / 5))
for line in sys.stdin:
    model = keras.Sequential([keras.Input((features,)), keras.layers.Dropout(0.5), keras.layers.Dense(classes)])
    model.compile(
        keras.optimizers.AdamW(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start = time.perf_counter()
    history = model.fit(x, y, batch_size=64, epochs=epochs, validation_data=validation, verbose=0)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "accuracy": history.history["val_accuracy"][-1]}), flush=True)
print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
