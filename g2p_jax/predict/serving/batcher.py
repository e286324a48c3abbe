"""Words of many requests, answered in batches by one thread."""

import asyncio
import collections
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

MOST_WAITING = 4096  # words
MOST_CHARACTERS = 1000  # of the words of a batch: they have at most 500 parts
BUSY, PAUSE = 8, 0.003  # words of a batch after which the next one waits for so many seconds
MOST_REMEMBERED = 20_000  # answers


class Full(Exception):
    """More words wait already than the server accepts."""


class Item(NamedTuple):
    word: str
    how: Hashable
    answer: "asyncio.Future[Any]"


class Batcher:
    """Answers words: what arrives while a batch is answered is the next batch.

    It remembers the latest answers, so a common word is answered at once.
    """

    def __init__(self, pronounce: Callable[[Sequence[str], Any], Sequence[Any]]):
        """pronounce: returns an answer for each word, given what `answer` was given as `how`."""
        self._pronounce = pronounce
        self._items: collections.deque[Item] = collections.deque()
        self._remembered: collections.OrderedDict[Hashable, Any] = collections.OrderedDict()
        self._thread = ThreadPoolExecutor(1)
        self._work: asyncio.Task[None] | None = None
        self.batches = self.remembered = self.words = 0

    @property
    def waiting(self) -> int:
        """Number of words that wait for their batch."""
        return len(self._items)

    async def answer(self, words: Sequence[str], how: Hashable) -> list[Any]:
        """Returns the answers; raises Full where too many words wait."""
        self.words += len(words)
        found = {word: self._recall((word, how)) for word in words}
        new = [word for word, answer in found.items() if answer is None]
        self.remembered += len(found) - len(new)
        if new:
            if len(self._items) + len(new) > MOST_WAITING:
                raise Full
            loop = asyncio.get_running_loop()
            items = [Item(word, how, loop.create_future()) for word in new]
            self._items.extend(items)
            if self._work is None:
                self._work = loop.create_task(self._answer_all())
            try:
                found |= zip(new, await asyncio.gather(*(x.answer for x in items)), strict=True)
            finally:  # of a request that is given up nothing is computed
                for item in items:
                    item.answer.cancel()
        return [found[word] for word in words]

    def _recall(self, key: Hashable) -> Any:
        answer = self._remembered.get(key)
        if answer is not None:
            self._remembered.move_to_end(key)
        return answer

    async def _answer_all(self) -> None:
        """Answers batch after batch, until no word waits."""
        try:
            while batch := self._next_batch():
                how, words = batch[0].how, list(dict.fromkeys(item.word for item in batch))
                found = await self._answer_batch(words, how)
                for item in filter(lambda item: not item.answer.done(), batch):
                    answer = found[item.word]
                    if isinstance(answer, Exception):
                        item.answer.set_exception(answer)
                    else:
                        self._remembered[item.word, how] = answer
                        item.answer.set_result(answer)
                while len(self._remembered) > MOST_REMEMBERED:
                    self._remembered.popitem(last=False)
                if len(batch) >= BUSY:  # whoever was answered asks again: one batch, not two halves
                    await asyncio.sleep(PAUSE)
        finally:
            self._work = None

    async def _answer_batch(self, words: list[str], how: Hashable) -> dict[str, Any]:
        """Returns an answer or an exception for each word: one word spoils no other's answer."""
        self.batches += 1
        run = asyncio.get_running_loop().run_in_executor
        try:
            answers = await run(self._thread, self._pronounce, words, how)
        except Exception as error:
            if len(words) == 1:
                return {words[0]: error}
            halves = words[: len(words) // 2], words[len(words) // 2 :]
            first, second = [await self._answer_batch(half, how) for half in halves]
            return first | second
        return dict(zip(words, answers, strict=True))

    def _next_batch(self) -> list[Item]:
        """Takes the words that come first and are to be answered alike."""
        batch, later, characters = list[Item](), list[Item](), 0
        while self._items and characters < MOST_CHARACTERS:
            item = self._items.popleft()
            if item.answer.done():
                continue
            if batch and item.how != batch[0].how:
                later.append(item)
                continue
            characters += len(item.word) + 1
            if batch and characters > MOST_CHARACTERS:
                later.append(item)
            else:
                batch.append(item)
        self._items.extendleft(reversed(later))
        return batch
