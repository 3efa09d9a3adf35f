"""A folder of labelled pictures to a trained head, as a Keras script does it; prints its seconds of work and the accuracy.

Features of the frozen backbone computed once, then a dense layer on them. Arguments: backbone folder, images folder, threads.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
directory, root, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
import keras
import numpy as np
import tensorflow as tf

from efficientnet_lite import build

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
SIZE = 224
EPOCHS = 60
keras.utils.set_random_seed(1)
model = build(directory, 0, "none")
dataset = keras.utils.image_dataset_from_directory(
    root, image_size=(SIZE, SIZE), batch_size=32, shuffle=False, crop_to_aspect_ratio=True, verbose=False
)
classes = dataset.class_names
labels = np.concatenate([batch.numpy() for _, batch in dataset.map(lambda image, label: (0, label))])
features = model.predict(dataset.map(lambda image, label: (image - 127) / 128).prefetch(tf.data.AUTOTUNE), verbose=0)

order = np.random.default_rng(1).permutation(len(labels))
test, validation, train = np.split(order, [int(0.15 * len(order)), int(0.3 * len(order))])
head = keras.Sequential([keras.Input(features.shape[1:]), keras.layers.Dropout(0.2), keras.layers.Dense(len(classes))])
head.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
head.fit(
    features[train], labels[train], batch_size=64, epochs=EPOCHS, verbose=0,
    validation_data=(features[validation], labels[validation]),
)
accuracy = head.evaluate(features[test], labels[test], verbose=0)[1]
print(json.dumps({"accuracy": accuracy}))
