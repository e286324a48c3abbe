"""HTTP of uvicorn, which drops clients that send without end, or wait without reading."""

import asyncio

from uvicorn.protocols.http.auto import AutoHTTPProtocol

MOST_BYTES = 1 << 16  # of a request before its body
TIMEOUT = 10.0  # seconds for them
STALLED = 30.0  # seconds in which a client reads nothing of its answer


class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """A connection; `cycle` is its latest request, from the end of its headers on."""

    _bytes = 0  # of the headers of the next request
    _late: asyncio.TimerHandle | None = None  # ends what waits for headers
    _stalled: asyncio.TimerHandle | None = None  # ends what waits for the client to read

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._late = self.loop.call_later(TIMEOUT, transport.close)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or (before and not before.response_complete):
            self._bytes = 0
            self._cancel("_late")
            return
        self._bytes += len(data)
        self._late = self._late or self.loop.call_later(TIMEOUT, self.transport.close)
        if self._bytes > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The request has too many headers, or too long ones.")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(STALLED, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._cancel("_stalled")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._cancel("_late", "_stalled")

    def _cancel(self, *timers: str) -> None:
        for name in timers:
            if timer := getattr(self, name):
                timer.cancel()
            setattr(self, name, None)
