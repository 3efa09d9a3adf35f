"""PyTorch's time from image files to saved features, once for each line of standard input: the faster of float32 and bfloat16.

torchvision's MobileNetV2, or timm's EfficientNet-Lite0, both without trained weights (the time is the same), channels last.
Arguments: mobilenet-v2 or efficientnet-lite0, images folder, threads, mean, std, BILINEAR or BICUBIC.
"""

import itertools
import json
import os
import resource
import sys
import tempfile
import time

import numpy as np
import torch
from PIL import Image

name, root, threads, mean, std = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
resizing = Image.Resampling[sys.argv[6]]
SIZE = 224
BATCH = 32
# Batches on which the faster type is found.
TRIAL = 8
torch.set_num_threads(threads)


def build():
    if name == "mobilenet-v2":
        import torchvision

        model = torchvision.models.mobilenet_v2(weights=None)
        model.classifier = torch.nn.Identity()
        return model
    import timm

    return timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)


class Pictures(torch.utils.data.Dataset):
    def __init__(self):
        self.paths = [os.path.join(root, file) for file in sorted(os.listdir(root))]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as file:
            image = file.convert("RGB")
        side = min(image.size)
        left, top = (image.width - side) / 2, (image.height - side) / 2
        image = image.resize((SIZE, SIZE), resizing, box=(left, top, left + side, top + side))
        return torch.from_numpy((np.asarray(image, "float32") - mean) / std).permute(2, 0, 1)


model = build().eval().to(memory_format=torch.channels_last)
loader = torch.utils.data.DataLoader(Pictures(), BATCH, num_workers=threads, persistent_workers=True)


def extract(dtype, batches=None):
    rows = []
    with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        for batch in itertools.islice(loader, batches):
            rows.append(model(batch.to(memory_format=torch.channels_last)).float().numpy())
    return np.concatenate(rows)


def seconds(dtype, batches=None):
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        rows = extract(dtype, batches)
        np.save(os.path.join(folder, "features.npy"), rows)
        return time.perf_counter() - begin


fastest = None
for line in sys.stdin:
    if fastest is None:
        times = {dtype: min(seconds(dtype, TRIAL) for _ in range(2)) for dtype in (torch.float32, torch.bfloat16)}
        fastest = min(times, key=times.get)
    print(json.dumps({"imagesPerSecond": len(loader.dataset) / seconds(fastest)}), flush=True)
print(json.dumps({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
