"""An application at a PostgreSQL table, in a process of its own so that nothing else of the test delays it: reads a row and touches it,
again and again, until its input ends. Then it prints when each pair began, by the monotonic clock, and how long it took, in seconds."""
import random
import sys
import threading
import time

from pq import Pq

BETWEEN = 0.002


def main():
    url, table, column, rows, seed = sys.argv[1:]
    sql, rng, times, ended = Pq(url), random.Random(int(seed)), [], threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print("ready", flush=True)
    while not ended.is_set():
        number = rng.randint(1, int(rows))
        began = time.monotonic()
        sql.ask(f"SELECT {column} FROM {table} WHERE id = $1::bigint", number)
        sql.ask(f"UPDATE {table} SET serial = serial + 1 WHERE id = $1::bigint", number)
        times.append((began, time.monotonic() - began))
        time.sleep(BETWEEN)
    print("\n".join(f"{began:.6f} {took:.6f}" for began, took in times))


if __name__ == "__main__":
    main()
