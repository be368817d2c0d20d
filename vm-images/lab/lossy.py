# SPDX-License-Identifier: GPL-2.0
"""A bad way between vswitch and controller: frames are lost, doubled, late, and out of order."""
import asyncio
import collections
import random
import threading

PACKET_IN, PACKET_OUT = 10, 13          # in OpenFlow 1.0 and 1.3
HEADER = 8
RATE = 0.2                              # of each mischief
LATE = 0.3                              # seconds at most; what comes behind overtakes


class LossyWay:
    """
    An OpenFlow proxy; a context manager.  All but PACKET_IN and PACKET_OUT passes whole and
    at once, as TCP has it.  done: how often which mischief was done.
    """

    def __init__(self, port, controller_port, seed):
        self.port, self.controller_port = port, controller_port
        self.random = random.Random(seed)
        self.done = collections.Counter()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connected, "127.0.0.1", self.port), self.loop).result(5)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    @staticmethod
    async def _end():
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader, writer):
        theirs = await asyncio.open_connection("127.0.0.1", self.controller_port)
        try:
            await asyncio.gather(self._pump(reader, theirs[1], PACKET_IN), self._pump(theirs[0], writer, PACKET_OUT))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            theirs[1].close()
            writer.close()

    async def _pump(self, reader, writer, victim):
        while True:
            head = await reader.readexactly(HEADER)
            message = head + await reader.readexactly(int.from_bytes(head[2:4], "big") - HEADER)
            for delay in self._fate() if head[1] == victim else [0]:
                if delay:
                    self.loop.call_later(delay, self._write, writer, message)
                else:
                    writer.write(message)
            await writer.drain()

    @staticmethod
    def _write(writer, message):
        if not writer.is_closing():
            writer.write(message)

    def _fate(self):
        """When copies of a frame arrive: none, one or two."""
        def delay():
            late = self.random.random() < RATE
            self.done["late"] += late
            return self.random.uniform(0, LATE) if late else 0

        self.done["frames"] += 1
        if self.random.random() < RATE:
            self.done["lost"] += 1
            return []
        if self.random.random() < RATE:
            self.done["doubled"] += 1
            return [delay(), delay()]
        return [delay()]
