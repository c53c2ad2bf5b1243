"""How well a model ranks after so many seconds of training; what measuring takes is not counted."""

import time


class TrainingClock:
    def __init__(self):
        # Seconds on the clock, seconds of CPU, HR@10.
        self.curve = []
        self.started, self.started_cpu = time.perf_counter(), time.process_time()

    def seconds(self):
        return time.perf_counter() - self.started

    def note(self, measure):
        """Adds a point to the curve; `measure()` tells HR@10."""
        trained, trained_cpu = time.perf_counter(), time.process_time()
        self.curve.append((trained - self.started, trained_cpu - self.started_cpu, measure()))
        self.started += time.perf_counter() - trained
        self.started_cpu += time.process_time() - trained_cpu
