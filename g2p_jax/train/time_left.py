"""How long a run still takes: its steps, its evaluations, and what is compiled for them."""

MEMORY = 0.9  # weight of what was measured before, at each new measurement


class TimeLeft:
    """An estimate that changes slowly.

    A step takes as long as steps have taken lately, without the time that they waited for programs
    to be compiled. An evaluation takes as long as the shortest so far; the first one waits for
    programs as long as the steps did.

    Args:
      epochs, size: of the run: an evaluation follows each epoch, which has this size.
      dev_size: of the data that are evaluated, until an evaluation was measured.
    """

    def __init__(self, epochs: int, size: int, dev_size: int):
        self._epochs, self._size, self._dev_size = epochs, size, dev_size
        self._seconds = self._done = self._waited = 0.0
        self._evaluations: list[float] = []

    def add(self, size: float, seconds: float, waited: float) -> None:
        """Counts steps of this size, and the seconds of them that were waiting for programs."""
        self._seconds = MEMORY * self._seconds + seconds - waited
        self._done = MEMORY * self._done + size
        self._waited += waited

    def add_evaluation(self, seconds: float) -> None:
        self._evaluations.append(seconds)

    def after(self, epochs: float) -> float:
        """Seconds from the moment when so many epochs are complete, as in 2.5."""
        pace = self._seconds / max(self._done, 1e-9)
        evaluation = min([self._dev_size * pace, *self._evaluations])
        to_compile = 0.0 if self._evaluations else self._waited
        steps = (self._epochs - epochs) * self._size * pace
        return steps + (self._epochs - int(epochs)) * evaluation + to_compile
