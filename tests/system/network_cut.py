"""A network between the server and a system, that is cut: at a piece of data by chance everybody loses the connection, and for a moment
nobody gets a new one."""
import asyncio
import contextlib
import threading

PIECES, MOMENT, CUTS = 30, 0.3, 3  # pieces between two cuts and seconds that one lasts, at most; how many there are


class Network:
    def __init__(self, rng):
        self.rng, self.cuts, self.down_until, self.connections = rng, 0, 0.0, set()
        self.pieces = rng.randint(1, PIECES)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def leading_to(self, port):
        """The port of a way to `port` of this machine."""
        async def listen():
            return await asyncio.start_server(lambda *near: self.carry(port, *near), "127.0.0.1", 0)
        return asyncio.run_coroutine_threadsafe(listen(), self.loop).result(20).sockets[0].getsockname()[1]

    async def carry(self, port, reader, writer):
        if self.loop.time() < self.down_until:
            return writer.transport.abort()
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        ends = {writer, far_writer}
        self.connections |= ends
        with contextlib.suppress(OSError):
            await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        self.connections -= ends
        for end in ends:
            end.close()

    async def pump(self, reader, writer):
        while data := await reader.read(1 << 16):
            self.pieces -= 1
            if self.pieces <= 0 and self.cuts < CUTS:
                self.cut()
                return
            writer.write(data)
        with contextlib.suppress(OSError):
            writer.write_eof()

    def cut(self):
        self.cuts += 1
        self.pieces = self.rng.randint(1, PIECES)
        self.down_until = self.loop.time() + self.rng.uniform(0, MOMENT)
        for end in self.connections:
            end.transport.abort()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
