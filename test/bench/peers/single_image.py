"""Keras' time from one image file to its answer, warm: Pillow and predict_on_batch. One line of standard input, all files once.

Arguments: backbone folder, images folder, threads.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
directory, root, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
import numpy as np
import tensorflow as tf
from PIL import Image

from efficientnet_lite import build

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
SIZE = 224
CLASSES = 10
model = build(directory, CLASSES, "none")
paths = [os.path.join(root, name) for name in sorted(os.listdir(root))][:100]


def answer(path):
    with Image.open(path) as file:
        image = file.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    image = image.resize((SIZE, SIZE), Image.BILINEAR, box=(left, top, left + side, top + side))
    batch = ((np.asarray(image, "float32") - 127) / 128)[None]
    return int(model.predict_on_batch(batch).argmax())


for line in sys.stdin:
    times = []
    for path in paths:
        begin = time.perf_counter()
        answer(path)
        times.append(time.perf_counter() - begin)
    print(json.dumps({"milliseconds": 1000 * float(np.median(times))}), flush=True)
print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
