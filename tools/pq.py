"""A small PostgreSQL client for the tests, on the libpq that the server needs anyway: text parameters, text answers."""
import ctypes
import ctypes.util

_pq = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
for _name, _answer in {"PQconnectdb": ctypes.c_void_p, "PQexecParams": ctypes.c_void_p, "PQgetvalue": ctypes.c_void_p,
                       "PQerrorMessage": ctypes.c_char_p, "PQresultErrorMessage": ctypes.c_char_p, "PQcmdTuples": ctypes.c_char_p}.items():
    getattr(_pq, _name).restype = _answer
_COMMAND_OK, _TUPLES_OK = 1, 2


class PqError(Exception):
    pass


class Pq:
    """One connection; used by one thread."""

    def __init__(self, url):
        self.connection = ctypes.c_void_p(_pq.PQconnectdb(url.encode()))
        if _pq.PQstatus(self.connection) != 0:
            raise PqError(_pq.PQerrorMessage(self.connection).decode())

    def ask(self, sql, *values):
        """The rows as lists of texts, or how many rows a change touched."""
        texts = [None if value is None else value if isinstance(value, bytes) else str(value).encode() for value in values]
        array = (ctypes.c_char_p * len(texts))(*texts)
        result = ctypes.c_void_p(_pq.PQexecParams(self.connection, sql.encode(), len(texts), None, array, None, None, 0))
        try:
            status = _pq.PQresultStatus(result)
            if status == _TUPLES_OK:
                return [[self._value(result, row, column) for column in range(_pq.PQnfields(result))] for row in range(_pq.PQntuples(result))]
            if status == _COMMAND_OK:
                return int(_pq.PQcmdTuples(result) or 0)
            raise PqError(_pq.PQresultErrorMessage(result).decode())
        finally:
            _pq.PQclear(result)

    def one(self, sql, *values):
        return self.ask(sql, *values)[0][0]

    @staticmethod
    def _value(result, row, column):
        if _pq.PQgetisnull(result, row, column):
            return None
        return ctypes.string_at(_pq.PQgetvalue(result, row, column)).decode()

    def close(self):
        if self.connection:
            _pq.PQfinish(self.connection)
        self.connection = None
