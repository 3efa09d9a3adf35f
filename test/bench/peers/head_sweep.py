"""Time of scikit-learn's LogisticRegression over the same 45 penalties on the same features, centred and brought to one scale as
Whetstone does. Arguments: images, features, classes, and the folder with `features.f32` and `labels.i32`."""

import json
import os
import resource
import sys
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

warnings.filterwarnings("ignore")
images, width = int(sys.argv[1]), int(sys.argv[2])
folder = sys.argv[4]
values = np.fromfile(os.path.join(folder, "features.f32"), dtype="float32").reshape(-1, width)
labels = np.fromfile(os.path.join(folder, "labels.i32"), dtype="int32")
for line in sys.stdin:
    start, cpu = time.perf_counter(), time.process_time()
    mean = values[:images].mean(axis=0)
    scale = 1 / np.sqrt(((values[:images] - mean) ** 2).mean())
    x, held = (values[:images] - mean) * scale, (values[images:] - mean) * scale
    y, truth = labels[:images], labels[images:]
    best = (np.inf, 0.0)
    # Strongest first and each from the one before: what makes a path cheap in scikit-learn as well.
    model = LogisticRegression(solver="lbfgs", warm_start=True)
    for penalty in np.logspace(5, -6, 45):
        model.set_params(C=1 / penalty).fit(x, y)
        probabilities = model.predict_proba(held)
        loss = log_loss(truth, probabilities, labels=model.classes_)
        best = min(best, (loss, -float((model.classes_[probabilities.argmax(axis=1)] == truth).mean())))
    answer = {"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu, "accuracy": -best[1]}
    print(json.dumps(answer), flush=True)
print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
