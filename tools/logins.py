"""Logins as applications make them, spoken over plain sockets: PostgreSQL (SCRAM), MariaDB, Redis, RabbitMQ (AMQP) and NATS.

    async with PostgresSession(port) as session:
        await session.log_in(user, password)    # raises Refused when the server does not take the credential
        await session.ping()
"""
import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import json
import os
import struct

# What a connection can break with, beside a refusal.
CUT = (OSError, EOFError)


class Refused(Exception):
    """The server does not accept the credential."""


class Session:
    """One connection to 127.0.0.1."""
    farewell = b""
    tries = 1  # of a refused login, as client libraries of the system make them

    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        with contextlib.suppress(OSError):
            self.writer.write(self.farewell)
            self.writer.close()


class PostgresSession(Session):
    farewell = b"X\0\0\0\4"

    def send(self, kind, body):
        self.writer.write(kind + struct.pack("!I", len(body) + 4) + body)

    async def message(self):
        kind, size = struct.unpack("!cI", await self.reader.readexactly(5))
        body = await self.reader.readexactly(size - 4)
        if kind == b"E":
            code = next(field[1:] for field in body.split(b"\0") if field[:1] == b"C").decode()
            raise Refused(code) if code.startswith("28") else ConnectionError(f"PostgreSQL: {code}")
        return kind, body

    async def until_ready(self):
        while (await self.message())[0] != b"Z":
            pass

    async def log_in(self, user, password, database="postgres"):
        hello = f"user\0{user}\0database\0{database}\0\0".encode()
        self.writer.write(struct.pack("!II", len(hello) + 8, 196608) + hello)
        if (await self.message())[1][:4] != b"\0\0\0\x0a":
            raise ConnectionError("PostgreSQL did not ask for SCRAM")
        bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()
        first = ("n,," + bare).encode()
        self.send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first)
        challenge = (await self.message())[1][4:].decode()
        parts = dict(part.split("=", 1) for part in challenge.split(","))
        final = f"c=biws,r={parts['r']}"
        key = salted_password(password, parts["s"], int(parts["i"]))
        said = f"{bare},{challenge},{final}".encode()
        proof = base64.b64encode(scram_proof(key, said)).decode()
        self.send(b"p", f"{final},p={proof}".encode())
        answer = (await self.message())[1][4:].decode()
        signature = hmac.digest(hmac.digest(key, b"Server Key", "sha256"), said, "sha256")
        if answer != "v=" + base64.b64encode(signature).decode():
            raise ConnectionError("this PostgreSQL does not know the password")
        await self.until_ready()

    async def ping(self):
        self.send(b"Q", b"SELECT 1\0")
        await self.until_ready()


@functools.lru_cache(64)  # 4096 rounds: a client that logs in often keeps it
def salted_password(password, salt, rounds):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), rounds)


def scram_proof(key, said):
    client = hmac.digest(key, b"Client Key", "sha256")
    return exclusive_or(client, hmac.digest(hashlib.sha256(client).digest(), said, "sha256"))


def exclusive_or(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


class MariadbSession(Session):
    farewell = b"\1\0\0\0\1"
    number = 0

    def send(self, body):
        self.writer.write(len(body).to_bytes(3, "little") + bytes([self.number]) + body)

    async def packet(self):
        head = await self.reader.readexactly(4)
        body = await self.reader.readexactly(int.from_bytes(head[:3], "little"))
        self.number = (head[3] + 1) & 255
        if body[0] == 0xff:
            code = int.from_bytes(body[1:3], "little")
            raise Refused(code) if code in (1045, 1698, 4151) else ConnectionError(f"MariaDB: {code}")
        return body

    async def log_in(self, user, password):
        greeting = await self.packet()
        at = greeting.index(b"\0") + 5
        salt = greeting[at:at + 8] + greeting[at + 27:at + 39]
        # Protocol 4.1, 20 bytes of proof, the method's name; two passwords on one account: it asks again.
        head = struct.pack("<IIB23x", 0x1 | 0x200 | 0x8000 | 0x80000, 1 << 24, 45)
        self.send(head + user.encode() + b"\0\x14" + native_proof(password, salt) + b"mysql_native_password\0")
        while (answer := await self.packet())[0] == 0xfe:
            self.send(native_proof(password, answer.split(b"\0", 1)[1][:20]))

    async def ping(self):
        self.number = 0
        self.send(b"\x0e")
        await self.packet()


def native_proof(password, salt):
    once = hashlib.sha1(password.encode()).digest()
    return exclusive_or(once, hashlib.sha1(salt + hashlib.sha1(once).digest()).digest())


class RedisSession(Session):
    async def ask(self, *words):
        packed = b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
        self.writer.write(b"*%d\r\n" % len(words) + packed)
        answer = (await self.reader.readuntil(b"\n")).decode().strip()
        if answer.startswith("-"):
            code = answer[1:].split(" ")[0]
            raise Refused(code) if code in ("WRONGPASS", "NOAUTH") else ConnectionError(f"Redis: {code}")
        return answer

    async def log_in(self, user, password):
        await self.ask("AUTH", user, password)

    async def ping(self):
        await self.ask("PING")


def short_text(text):
    return bytes([len(text)]) + text.encode()


def long_text(data):
    return struct.pack("!I", len(data)) + data


class RabbitmqSession(Session):
    # Connection.Close: 200, no text, no method.
    farewell = struct.pack("!BHIHHHBHHB", 1, 0, 11, 10, 50, 200, 0, 0, 0, 0xce)

    def send(self, channel, method, body=b""):
        self.writer.write(struct.pack("!BHIHH", 1, channel, len(body) + 4, *method) + body + b"\xce")

    async def expect(self, method):
        while True:
            kind, _, size = struct.unpack("!BHI", await self.reader.readexactly(7))
            body = (await self.reader.readexactly(size + 1))[:-1]
            if kind != 8:  # a heartbeat
                break
        found = struct.unpack("!HH", body[:4])
        if found == (10, 50):
            code = struct.unpack("!H", body[4:6])[0]
            raise Refused(code) if code in (403, 530) else ConnectionError(f"RabbitMQ: {code}")
        if found != method:
            raise ConnectionError(f"RabbitMQ answered {found}")
        return body[4:]

    async def log_in(self, user, password):
        self.writer.write(b"AMQP\0\0\x09\1")
        await self.expect((10, 10))
        # Without this capability a refusal is silence.
        capability = short_text("authentication_failure_close") + b"t\1"
        properties = long_text(short_text("capabilities") + b"F" + long_text(capability))
        self.send(0, (10, 11), properties + short_text("PLAIN") + long_text(f"\0{user}\0{password}".encode()) + short_text("en_US"))
        tune = await self.expect((10, 30))
        self.send(0, (10, 31), tune[:6] + b"\0\0")  # no heartbeats
        self.send(0, (10, 40), short_text("/") + b"\0\0")
        await self.expect((10, 41))

    async def ping(self):
        self.send(1, (20, 10), b"\0")
        await self.expect((20, 11))
        self.send(1, (20, 40), struct.pack("!HBHH", 200, 0, 0, 0))
        await self.expect((20, 41))


class NatsSession(Session):
    tries = 4  # while the server reads its users again it refuses what is right: docs/connectors/nats.md

    async def log_in(self, user, password):
        await self.reader.readuntil(b"\n")
        login = json.dumps({"user": user, "pass": password, "verbose": False, "pedantic": False})
        self.writer.write(f"CONNECT {login}\r\n".encode())
        await self.ping()

    async def ping(self):
        self.writer.write(b"PING\r\n")
        while not (line := await self.reader.readuntil(b"\n")).startswith(b"PONG"):
            if line.startswith(b"-ERR"):
                raise Refused("NATS") if b"uthori" in line or b"uthent" in line else ConnectionError(line.decode().strip())
            if line.startswith(b"PING"):
                self.writer.write(b"PONG\r\n")


SESSIONS = {"postgres": PostgresSession, "mariadb": MariadbSession, "redis": RedisSession, "rabbitmq": RabbitmqSession, "nats": NatsSession}


@contextlib.asynccontextmanager
async def logged_in(system, port, user, password):
    """A session that is logged in and answers. Raises Refused, or one of CUT."""
    kind = SESSIONS[system]
    for attempt in range(kind.tries):
        async with kind(port) as session:
            try:
                await session.log_in(user, password)
                await session.ping()
            except Refused:
                if attempt == kind.tries - 1:
                    raise
            else:
                yield session
                return
        await asyncio.sleep(0.03 * 2**attempt)


async def accepts(system, port, user, password):
    """Whether the credential is accepted; without an answer one of CUT is raised."""
    try:
        async with logged_in(system, port, user, password):
            return True
    except Refused:
        return False
