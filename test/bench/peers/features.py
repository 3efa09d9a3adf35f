"""Keras' and tf.data's time from image files to saved features, once for each line of standard input.

The same backbone, the same crop, batches of 32. Arguments: backbone folder or mobilenet-v2, images folder, threads.
"""

import json
import os
import resource
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
directory, root, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
import keras
import numpy as np
import tensorflow as tf

from efficientnet_lite import build

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
SIZE = 224
if directory == "mobilenet-v2":
    model = keras.applications.MobileNetV2(weights=None, include_top=False, pooling="avg", input_shape=(SIZE, SIZE, 3))
    mean, std, resizing = 127.5, 127.5, "bilinear"
else:
    model = build(directory, 0, "none")
    mean, std, resizing = 127, 128, "bicubic"
paths = [os.path.join(root, name) for name in sorted(os.listdir(root))]


def load(path):
    image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    size = tf.cast(tf.round(shape * SIZE / tf.reduce_min(shape)), tf.int32)
    image = tf.image.resize(image, size, resizing, antialias=True)
    image = tf.image.resize_with_crop_or_pad(image, SIZE, SIZE)
    return (tf.clip_by_value(image, 0, 255) - mean) / std


def extract():
    batches = (
        tf.data.Dataset.from_tensor_slices(paths)
        .map(load, tf.data.AUTOTUNE)
        .batch(32)
        .prefetch(tf.data.AUTOTUNE)
    )
    return model.predict(batches, verbose=0)


for line in sys.stdin:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        features = extract()
        np.save(os.path.join(folder, "features.npy"), features)
        seconds = time.perf_counter() - start
    print(json.dumps({"imagesPerSecond": len(features) / seconds}), flush=True)
print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
