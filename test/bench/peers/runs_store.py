"""Writes synthetic runs (see programs/synthetic-points.ts) with a peer's own library: KIND POINTS TARGET.

KIND is mlflow, tensorboard or aim. Prints how many points a second were written.
"""
import json
import os
import sys
import time

import numpy as np


def runs_of(folder):
    """Each run with its series as (name, [(step, value), …])."""
    values = np.memmap(os.path.join(folder, "points.f32"), dtype="<f4", mode="r")
    at = 0
    with open(os.path.join(folder, "runs.json")) as file:
        for run in json.load(file):
            curves = []
            for series in run["series"]:
                own = np.asarray(values[at : at + series["steps"]], dtype=np.float64).tolist()
                at += series["steps"]
                curves.append((series["name"], [(series["stride"] * (place + 1), value) for place, value in enumerate(own)]))
            yield run, curves


def write_mlflow(folder, target):
    """Into SQLite: by the store that its server is made of, but for the points, which go into its table in bulk."""
    from mlflow.entities import Metric, Param, RunStatus, RunTag
    from mlflow.store.tracking.dbmodels.models import SqlMetric
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    os.makedirs(target, exist_ok=True)
    store = SqlAlchemyStore(f"sqlite:///{target}/mlflow.db", os.path.join(target, "artifacts"))
    experiment = store.create_experiment("synthetic")
    written = 0
    for run, curves in runs_of(folder):
        at = run["createdAt"]
        run_id = store.create_run(experiment, "bench", at, [], run["name"]).info.run_id
        params = [Param(key, str(value)) for key, value in run["settings"].items()]
        lasts = [Metric(name, points[-1][1], at + points[-1][0], points[-1][0]) for name, points in curves]
        tested = Metric("test_accuracy", run["test"]["accuracy"], at, 0)
        store.log_batch(run_id, [*lasts, tested], params, [RunTag("tag", tag) for tag in run["tags"]])
        rows = [
            {"key": name, "value": value, "timestamp": at + step, "step": step, "is_nan": False, "run_uuid": run_id}
            for name, points in curves
            for step, value in points[:-1]
        ]
        with store.engine.begin() as connection:
            connection.execute(SqlMetric.__table__.insert(), rows)
        store.update_run_info(run_id, RunStatus.FINISHED, at + 50_000, None)
        written += len(rows) + len(lasts)
    return written


def write_tensorboard(folder, target):
    """Event files, by the writer of TensorFlow that its summaries are written with; settings by the HParams plugin's own."""
    from tensorboard.compat.proto import event_pb2
    from tensorboard.plugins.hparams import summary as hparams
    from tensorflow.python.client import _pywrap_events_writer

    written = 0
    for run, curves in runs_of(folder):
        place = os.path.join(target, run["name"])
        os.makedirs(place, exist_ok=True)
        writer = _pywrap_events_writer.EventsWriter(os.path.join(place, "events").encode())
        event = event_pb2.Event(wall_time=run["createdAt"] / 1000)
        event.summary.ParseFromString(hparams.session_start_pb(run["settings"]).SerializeToString())
        writer._WriteSerializedEvent(event.SerializeToString())
        event = event_pb2.Event()
        value = event.summary.value.add()
        for name, points in curves:
            value.tag = name
            for step, number in points:
                event.step = step
                event.wall_time = (run["createdAt"] + step) / 1000
                value.simple_value = number
                writer._WriteSerializedEvent(event.SerializeToString())
            written += len(points)
        writer.Close()
    return written


def write_aim(folder, target):
    from aim import Run

    os.makedirs(target, exist_ok=True)
    written = 0
    for run, curves in runs_of(folder):
        own = Run(repo=target, experiment="synthetic", system_tracking_interval=None, log_system_params=False)
        own.name = run["name"]
        own["settings"] = run["settings"]
        for tag in run["tags"]:
            own.add_tag(tag)
        for name, points in curves:
            for step, number in points:
                own.track(number, name=name, step=step)
            written += len(points)
        own.track(run["test"]["accuracy"], name="test_accuracy")
        own.close()
    return written


def main():
    kind, folder, target = sys.argv[1:4]
    write = {"mlflow": write_mlflow, "tensorboard": write_tensorboard, "aim": write_aim}[kind]
    begun = time.perf_counter()
    written = write(folder, target)
    seconds = time.perf_counter() - begun
    print(json.dumps({"points": written, "seconds": seconds}))


main()
