#!/usr/bin/env python3
"""Applications that log in all the time. As a program: one whose credentials come from a file that an agent renders.

    login_load.py FILE PID_FILE HEALTH_PORT CONNECTIONS

FILE has a URL a line: postgres://user:password@127.0.0.1:5432. SIGHUP makes it read FILE again; GET / at HEALTH_PORT answers 200 when
what FILE says now is accepted. At SIGTERM it stops, tries every credential that it ever had before, and prints what it counted as JSON.
"""
import asyncio
import json
import os
import signal
import sys
import time
import urllib.parse
from collections import Counter

from logins import CUT, Refused, accepts, logged_in

PERIOD, HOLD = 0.05, 0.02  # seconds from one login to the next, and that a session lasts


class Tally:
    """What one or more clients counted, by system. `cut`: connections that ended on their own."""

    def __init__(self):
        self.logins, self.refused, self.cut = Counter(), Counter(), Counter()
        self.notes = []

    def note(self, counter, system, what):
        counter[system] += 1
        self.notes = [*self.notes, f"{system}: {what!r}"][:20]

    def shown(self):
        return {"logins": self.logins, "refused": self.refused, "cut": self.cut, "notes": self.notes}


async def client(tally, system, credential, stopping, period=PERIOD, hold=HOLD):
    """Logs in once in a period with what credential() says then, and uses the session at its end once more."""
    while not stopping():
        port, user, password = await credential(system)
        began = time.monotonic()
        try:
            async with logged_in(system, port, user, password) as session:
                tally.logins[system] += 1
                await asyncio.sleep(hold)
                await session.ping()
        except Refused as refused:
            tally.note(tally.refused, system, refused)
        except CUT as cut:
            tally.note(tally.cut, system, cut)
        await asyncio.sleep(max(0.0, began + period - time.monotonic()))


class Application:
    def __init__(self, path):
        self.path, self.present, self.past = path, {}, {}
        self.stopping = asyncio.Event()

    def load(self):
        with open(self.path, encoding="utf-8") as file:
            for line in file.read().split():
                url = urllib.parse.urlsplit(line)
                login = (url.port, urllib.parse.unquote(url.username), urllib.parse.unquote(url.password))
                if self.present.get(url.scheme) != login:
                    self.past.setdefault(url.scheme, []).append(login)
                self.present[url.scheme] = login

    def reload(self):
        try:
            self.load()
        except FileNotFoundError:
            pass  # the agent has not been here yet

    async def credential(self, system):
        return self.present[system]

    async def well(self):
        self.reload()
        try:
            return bool(self.present) and all([await accepts(system, *login) for system, login in self.present.items()])
        except CUT:
            return False

    async def answer(self, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        status = "200 OK" if await self.well() else "503 Service Unavailable"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    async def dead_and_alive(self):
        """How many of the credentials that went are refused, and how many are not."""
        found = {"dead": Counter(), "alive": Counter()}
        for system, logins in self.past.items():
            for login in logins:
                if login != self.present[system]:
                    found["alive" if await accepts(system, *login) else "dead"][system] += 1
        return found

    async def run(self, health_port, connections):
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        server = await asyncio.start_server(self.answer, "127.0.0.1", health_port)
        while not self.present and not self.stopping.is_set():
            self.reload()
            await asyncio.sleep(0.05)
        tally = Tally()
        await asyncio.gather(*(client(tally, system, self.credential, self.stopping.is_set) for system in self.present for _ in range(connections)))
        server.close()
        return {**tally.shown(), **await self.dead_and_alive()}


async def main(path, pid_file, health_port, connections):
    application = Application(path)
    with open(pid_file, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    return await application.run(int(health_port), int(connections))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
