"""How long a run still takes: its steps, its evaluations, and what is compiled for them."""

MEMORY = 0.9  # weight of what was measured before, at each new measurement


class TimeLeft:
    """An estimate that changes slowly.

    A step takes as long as steps have taken lately, an evaluation as long as the shortest so far.
    The first evaluation also waits for its programs to be compiled.

    Args:
      epochs, size: of the run: an evaluation follows each epoch, which has this size.
      dev_size: of the data that are evaluated, until an evaluation was measured.
    """

    def __init__(self, epochs: int, size: int, dev_size: int):
        self._epochs, self._size, self._dev_size = epochs, size, dev_size
        self._seconds = self._done = 0.0
        self._evaluations: list[float] = []

    def add(self, size: float, seconds: float) -> None:
        """Counts steps of this size, which did not share the machine with a compiler."""
        self._seconds = MEMORY * self._seconds + seconds
        self._done = MEMORY * self._done + size

    def add_evaluation(self, seconds: float) -> None:
        self._evaluations.append(seconds)

    def after(self, epochs: float, to_compile: float = 0.0) -> float | None:
        """Seconds from the moment when so many epochs are complete, as in 2.5; None: not known yet.

        to_compile: seconds that the first evaluation waits for programs.
        """
        if not self._done:
            return None
        pace = self._seconds / self._done
        evaluation = min([self._dev_size * pace, *self._evaluations])
        steps = (self._epochs - epochs) * self._size * pace
        first = 0.0 if self._evaluations else to_compile
        return steps + (self._epochs - int(epochs)) * evaluation + first
