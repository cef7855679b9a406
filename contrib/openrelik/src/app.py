# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""The Celery application: one broker, one queue (the name up to the first dot of the tasks')."""
import os

from celery.app import Celery

REDIS_URL = os.getenv("REDIS_URL", "redis://localhost:6379/0")
celery = Celery(broker=REDIS_URL, backend=REDIS_URL, include=["src.tasks"])
# A task counts as done when it has ended, so that one whose worker is killed goes to another.
celery.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1,
                   broker_transport_options={
                       "visibility_timeout": int(os.getenv("SHELLTREE_REDELIVER_SECONDS", "86400"))})
