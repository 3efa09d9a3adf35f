"""ONNX Runtime's and Pillow's time from image files to saved features, in two processes, once for each line of standard input.

Arguments: model (.onnx, NHWC float32), images folder, processes, mean, std, BILINEAR or BICUBIC.
"""

import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time

import numpy as np
import onnxruntime
from PIL import Image

model, root, processes, mean, std = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
resizing = Image.Resampling[sys.argv[6]]
SIZE = 224
BATCH = 8
session = None


def start():
    global session
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def load(path):
    with Image.open(path) as file:
        image = file.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    image = image.resize((SIZE, SIZE), resizing, box=(left, top, left + side, top + side))
    return (np.asarray(image, "float32") - mean) / std


def features(paths):
    batch = np.stack([load(path) for path in paths])
    return session.run(None, {session.get_inputs()[0].name: batch})[0]


if __name__ == "__main__":
    paths = [os.path.join(root, name) for name in sorted(os.listdir(root))]
    chunks = [paths[start : start + BATCH] for start in range(0, len(paths), BATCH)]
    with multiprocessing.Pool(processes, start) as pool:
        for line in sys.stdin:
            with tempfile.TemporaryDirectory() as folder:
                begin = time.perf_counter()
                rows = np.concatenate(list(pool.imap(features, chunks)))
                np.save(os.path.join(folder, "features.npy"), rows)
                seconds = time.perf_counter() - begin
            print(json.dumps({"imagesPerSecond": len(rows) / seconds}), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + processes * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"peakBytes": peak * 1024}), flush=True)
