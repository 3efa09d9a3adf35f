"""What TensorBoard's own loader and MLflow's own client read of a folder, and folders that they wrote themselves."""

import json
import math
import os
import sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


def number(value):
    return value if math.isfinite(value) else None


def read_tensorboard(root):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2

    runs = {}
    for folder, _, files in os.walk(root):
        if not any("tfevents" in name for name in files):
            continue
        loaded = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
        loaded.Reload()
        scalars = {
            tag: [[event.step, number(event.value), event.wall_time] for event in loaded.Scalars(tag)]
            for tag in loaded.Tags()["scalars"]
        }
        content = loaded.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
        settings = {
            key: getattr(value, value.WhichOneof("kind")) if value.WhichOneof("kind") != "null_value" else None
            for key, value in start.hparams.items()
        }
        runs[os.path.relpath(folder, root)] = {"scalars": scalars, "settings": settings, "group": start.group_name}
    return runs


def read_mlflow(root):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri="file://" + root)
    runs = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            history = {
                key: [[point.step, number(point.value), point.timestamp] for point in client.get_metric_history(run.info.run_id, key)]
                for key in run.data.metrics
            }
            runs[run.info.run_name] = {
                "experiment": experiment.name,
                "status": run.info.status,
                "params": run.data.params,
                "tags": {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")},
                "history": history,
            }
    return runs


def write_tensorboard(root):
    """Both ways in which scalars are written: as TensorFlow 2 does, as tensors, and as TensorFlow 1 and PyTorch do."""
    import numpy as np
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.plugins.hparams import plugin_data_pb2, summary_v2
    from tensorboard.plugins.scalar import metadata
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util

    def write(folder, events):
        writer = EventFileWriter(os.path.join(root, folder))
        for event in events:
            writer.add_event(event)
        writer.close()

    def tensor(tag, step, value, dtype):
        content = tensor_util.make_tensor_proto(np.array(value, dtype=dtype))
        own = metadata.create_summary_metadata(display_name="", description="")
        entry = summary_pb2.Summary.Value(tag=tag, tensor=content, metadata=own)
        return event_pb2.Event(wall_time=1700000000 + step, step=step, summary=summary_pb2.Summary(value=[entry]))

    def simple(tag, step, value):
        entry = summary_pb2.Summary.Value(tag=tag, simple_value=value)
        return event_pb2.Event(wall_time=1700000000 + step, step=step, summary=summary_pb2.Summary(value=[entry]))

    settings = summary_v2.hparams_pb({"rate": 0.125, "optimizer": "adam", "flip": True})
    start = event_pb2.Event(wall_time=1700000000, summary=settings)
    write("old", [start] + [simple("loss", step, 1 / (step + 1)) for step in range(50)])
    write("new/train", [tensor("epoch_loss", step, 0.5 + step, "float32") for step in range(20)])
    write("new/validation", [tensor("epoch_loss", step, 0.25 + step, "float64") for step in range(20)])


def write_mlflow(root):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri="file://" + root)
    experiment = client.create_experiment("pictures of cats")
    run = client.create_run(experiment, run_name="first", tags={"good": "true"}, start_time=1700000000000)
    identity = run.info.run_id
    client.log_param(identity, "rate", 0.125)
    client.log_param(identity, "optimizer", "adam")
    client.log_param(identity, "flip", True)
    for step in range(50):
        client.log_metric(identity, "validation/loss", 1 / (step + 1), timestamp=1700000000000 + step, step=step)
    client.log_metric(identity, "diverged", float("nan"), timestamp=1700000000000, step=3)
    client.set_terminated(identity, "FAILED", end_time=1700000001000)


if __name__ == "__main__":
    work, root = sys.argv[1:]
    answer = {
        "read-tensorboard": read_tensorboard,
        "read-mlflow": read_mlflow,
        "write-tensorboard": write_tensorboard,
        "write-mlflow": write_mlflow,
    }[work](root)
    json.dump(answer, sys.stdout)
