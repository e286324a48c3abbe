"""What is measured while a model trains, and how it is shown."""

import dataclasses
import math
import time

from g2p_jax.train.step import Metrics


@dataclasses.dataclass
class Meter:
    """Sums over some steps; wall time from its creation to the last step added."""

    nats: float = 0.0
    phonemes: float = 0.0
    size: float = 0.0  # words, or characters of a text
    gradient: float = 0.0  # norm at the last step
    seconds: float = 0.0
    started: float = dataclasses.field(default_factory=time.monotonic)

    def add(self, metrics: Metrics, counted: str) -> None:
        """Adds a step; `counted` names the metric that is its size."""
        self.nats += float(metrics["loss"])
        self.phonemes += float(metrics["count"])
        self.gradient = float(metrics.get("gradient", 0.0))
        self.size += float(metrics[counted])
        self.seconds = time.monotonic() - self.started

    def merged(self, other: "Meter") -> "Meter":
        return Meter(
            self.nats + other.nats,
            self.phonemes + other.phonemes,
            self.size + other.size,
            other.gradient,
            self.seconds + other.seconds,
            self.started,
        )

    def loss(self) -> float:
        """Cross entropy in nats per phoneme."""
        return self.nats / max(self.phonemes, 1.0)

    def speed(self) -> float:
        """Pronunciations, or characters of a text, per second."""
        return self.size / max(self.seconds, 1e-9)


def format_loss(loss: float) -> str:
    """0.693 -> loss 0.693 (1.000 bits, perplexity 2.00)."""
    perplexity = math.exp(min(loss, 99.0))
    return f"loss {loss:.3f} ({loss / math.log(2):.3f} bits, perplexity {perplexity:.2f})"


def format_duration(seconds: float) -> str:
    """75 -> 1:15."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
