"""Executors: how individuals answer. The loop hands over request batches and gets answers back.

RequestBatch, Executor, Alone   the protocol, and one engine in this process (executor.py)
RayExecutor               one engine a worker of a Ray cluster; in `acdc.executors.ray_executor`, imported there only
RayEngine                 an engine that lives in a worker, for one asker; in `acdc.executors.ray_engine`
hosted                    the Ray cluster of a command (cluster.py)
"""

from acdc.executors.cluster import hosted
from acdc.executors.executor import Alone, Executor, RequestBatch

__all__ = ["Alone", "Executor", "RequestBatch", "hosted"]
