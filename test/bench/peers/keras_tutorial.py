"""The recipe of TensorFlow's tutorial 'Transfer learning and fine-tuning' in Keras, on the given backbone, split and seed.

Augmentation by flips and rotations, ten epochs of the head on the frozen backbone with Adam at 1e-4, then ten more with the
layers from the hundredth up at 1e-5 with RMSprop; batch-norm in inference mode. Its own range and resizing to the input's size
are the backbone's. Arguments: backbone folder, split (JSON: {train, validation, test: [[path, label], …]}), seed, threads.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
directory, split_file, seed, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
import keras
import tensorflow as tf

from efficientnet_lite import build

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
keras.utils.set_random_seed(seed)
SIZE = 224
EPOCHS = 10
# Of the tutorial's 154 layers, those from the hundredth up learn.
FROM_LAYER = 100 / 154

with open(split_file, encoding="utf-8") as file:
    split = json.load(file)
names = sorted({label for part in split.values() for _, label in part})


def load(path, label):
    image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    image = keras.ops.image.resize(tf.cast(image, "float32"), (SIZE, SIZE), crop_to_aspect_ratio=True)
    return image, label


def pictures(part, shuffle=False):
    paths = [path for path, _ in split[part]]
    labels = [names.index(label) for _, label in split[part]]
    dataset = tf.data.Dataset.from_tensor_slices((paths, labels))
    dataset = dataset.map(load, tf.data.AUTOTUNE).cache()
    if shuffle:
        dataset = dataset.shuffle(len(paths), seed=seed)
    return dataset.batch(32).prefetch(tf.data.AUTOTUNE)


base = build(directory, 0, "all")
image = keras.Input((SIZE, SIZE, 3))
augmented = keras.layers.RandomRotation(0.2, seed=seed)(keras.layers.RandomFlip("horizontal", seed=seed)(image))
features = base((augmented - 127) / 128, training=False)
logits = keras.layers.Dense(len(names))(keras.layers.Dropout(0.2)(features))
model = keras.Model(image, logits)
train, validation, test = pictures("train", shuffle=True), pictures("validation"), pictures("test")
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

base.trainable = False
model.compile(keras.optimizers.Adam(1e-4), loss, metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=EPOCHS, verbose=0)

base.trainable = True
for layer in base.layers[: int(FROM_LAYER * len(base.layers))]:
    layer.trainable = False
model.compile(keras.optimizers.RMSprop(1e-5), loss, metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=EPOCHS, verbose=0)
print(json.dumps({"accuracy": model.evaluate(test, verbose=0)[1]}))
