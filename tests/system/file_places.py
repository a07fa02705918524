"""Places of credentials on this machine: a file that a system reads, a program that speaks for one, keys of SSH and of GnuPG."""
import glob
import importlib.util
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from credential_places import Place, lines_of
from credential_servers import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


class FolderPlace(Place):
    """A folder where the system keeps what it accepts; the connector writes below it."""
    program, admin, first = "true", None, {"username": "app_a", "password": "first-password"}

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kwcs-")
        self.system, self.account = {"root": self.folder}, {"name": "app"}
        try:
            self.prepare()
        except BaseException:
            self.stop()
            raise

    @classmethod
    def installed(cls):
        return shutil.which(cls.program) is not None

    @property
    def connectors(self):
        return {"file_roots": [self.folder]}

    path, write = Server.path, Server.write

    def stop(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class FilePlace(FolderPlace):
    connector = "file"

    def prepare(self):
        self.account.update(path="users", line="{username}:{password}", style="list")
        self.write("users", "# of others\nother:keep\napp_a:first-password\n")

    def takes(self, fields):
        return f"{fields['username']}:{fields['password']}\n" in self.names()

    def names(self):
        return lines_of(self.path("users"), "app")


class FileSwapPlace(FilePlace):
    swaps, without = True, ("set_rollout", "disable_old")

    def prepare(self):
        super().prepare()
        self.account.update(style="swap", name="app_a", consent="swap")


class ExecPlace(FolderPlace):
    """The system of examples/exec_connector, by the program that is shown there."""
    connector, program = "exec", "/usr/bin/python3"
    script = str(ROOT / "examples/exec_connector/user_list.py")

    def prepare(self):
        self.system = {"program": "user_list", "settings": self.path("users.json"), "slots": "2", "principals": "per_version", "soft_disable": "yes"}
        self.users().put("app_a", b"first-password")

    @property
    def connectors(self):
        return {"programs": {"user_list": {"path": self.program, "arguments": ["-B", self.script]}}}

    def users(self):
        found = importlib.util.spec_from_file_location("user_list", self.script)
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module.Users(self.path("users.json"))

    def takes(self, fields):
        return self.users().accepts(fields["username"], fields["password"].encode())

    def names(self):
        return list(self.users().all)


class SshPlace(Place, Server):
    """An sshd of our own. What it accepts is tried as a client does, by a login."""
    program, admin = "sshd", None
    options = ("-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
               "-o", "UserKnownHostsFile=/dev/null", "-o", "ControlPath=none")

    def prepare(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # where sshd gives up its privileges
        self.user_name = pwd.getpwuid(os.geteuid()).pw_name
        for name in ("host", "first", "nobody"):
            self.keygen("-q", "-t", "ed25519", "-N", "", "-C", "keywright-app-v1", "-f", self.path(name))
        # Without a readable list sshd refuses every key.
        self.keygen("-q", "-k", "-f", self.path("revoked"), self.path("nobody.pub"))
        for name in ("authorized_keys", "trusted"):
            self.write(name, "# of others\n")
        with open(self.path("first"), encoding="utf-8") as key, open(self.path("first.pub"), encoding="utf-8") as public:
            self.first = key.read()
            self.write(self.file, "# of others\n" + public.read())
        self.system = {"root": self.folder}
        self.write("config", f"ListenAddress 127.0.0.1:{self.port}\nHostKey {self.path('host')}\nAuthorizedKeysFile {self.path('authorized_keys')}\n"
                             f"TrustedUserCAKeys {self.path('trusted')}\nRevokedKeys {self.path('revoked')}\nStrictModes no\nUsePAM no\n"
                             "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\nPermitRootLogin prohibit-password\n")

    def keygen(self, *words):
        subprocess.run(["ssh-keygen", *words], check=True, capture_output=True, timeout=60)

    def words(self):
        return ["/usr/sbin/sshd", "-D", "-e", "-f", self.path("config")]

    @property
    def connectors(self):
        return {"file_roots": [self.folder]}

    @property
    def body(self):
        return {"text": self.first}

    def takes(self, key):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "key")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(key)
            done = subprocess.run(["ssh", *self.options, "-p", str(self.port), "-i", self.identity(path), f"{self.user_name}@127.0.0.1", "true"],
                                  capture_output=True, timeout=60, check=False)
        return done.returncode == 0

    def names(self):
        with open(self.path(self.file), encoding="utf-8") as file:
            return [line for line in file if " keywright-app-v" in line]


class SshUserKeyPlace(SshPlace):
    connector, file = "ssh_user_key", "authorized_keys"

    def prepare(self):
        super().prepare()
        self.account = {"path": "authorized_keys", "name": "app"}

    def identity(self, key):
        return key


class SshCaPlace(SshPlace):
    """Logs in with a certificate that the authority signs at that moment."""
    connector, file = "ssh_ca", "trusted"

    def prepare(self):
        super().prepare()
        self.system.update(trusted="trusted", revoked="revoked")

    def identity(self, key):
        user = key + "-user"
        self.keygen("-q", "-t", "ed25519", "-N", "", "-f", user)
        self.keygen("-q", "-s", key, "-I", "user", "-n", self.user_name, "-V", "+1h", user + ".pub")
        return user


class GnupgPlace(FolderPlace):
    """A key of GnuPG and the keyring that clients fetch: they verify what a consumer signs."""
    connector, program, without = "gnupg", "gpg", ("disable_old",)

    def prepare(self):
        home = self.path("home")
        os.mkdir(home, 0o700)
        self.gpg(home, "--quick-generate-key", "Release <r@example.org>", "ed25519", "cert", "never")
        key = self.fingerprints(self.gpg(home, "--list-secret-keys"), "sec")[0]
        self.gpg(home, "--quick-add-key", key, "ed25519", "sign", "2y")
        subkey = self.fingerprints(self.gpg(home, "--list-secret-keys"), "ssb")[0]
        self.first = {"username": subkey, "password": self.gpg(home, "--armor", "--export-secret-subkeys", subkey + "!").decode()}
        with open(self.path("published.gpg"), "wb") as file:
            file.write(self.gpg(home, "--export", key))
        self.system.update(home="home", published="published.gpg")
        self.account = {"key": key}

    @property
    def connectors(self):
        return {"file_roots": [self.folder], "programs": {"gpg": {"path": "/usr/bin/gpg", "arguments": []}}}

    @staticmethod
    def gpg(home, *words, data=None, check=True):
        return subprocess.run(["gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "",
                               "--with-colons", "--status-fd", "1" if "--verify" in words else "2", *words],
                              input=data, check=check, capture_output=True, timeout=60).stdout

    @staticmethod
    def fingerprints(listing, kind):
        """Of the keys of that kind that are neither revoked nor expired."""
        found, usable = [], False
        for line in listing.decode().splitlines():
            words = line.split(":")
            if words[0] in ("pub", "sub", "sec", "ssb"):
                usable = words[0] == kind and words[1] not in "re"
            elif words[0] == "fpr" and usable:
                found.append(words[9])
        return found

    def takes(self, fields):
        with tempfile.TemporaryDirectory(prefix="kwgpg-") as home:
            self.gpg(home, "--import", self.path("published.gpg"))
            # What comes with the secret would be believed as well.
            if fields["username"] not in self.fingerprints(self.gpg(home, "--list-keys"), "sub"):
                return False
            self.gpg(home, "--import", data=fields["password"].encode())
            signature = os.path.join(home, "signature")
            with open(signature, "wb") as file:
                file.write(self.gpg(home, "--local-user", fields["username"] + "!", "--detach-sign", data=b"a text"))
            said = self.gpg(home, "--verify", signature, "-", data=b"a text", check=False)
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True, capture_output=True, timeout=60)
        return b"[GNUPG:] GOODSIG " in said

    def names(self):
        known = set()
        for listing in (self.gpg(self.path("home"), "--list-secret-keys"), self.gpg(self.path("home"), "--show-keys", self.path("published.gpg"))):
            known.update(self.fingerprints(listing, "ssb"), self.fingerprints(listing, "sub"))
        return sorted(known)

    def stop(self):
        for home in glob.glob(self.path("home")):
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True, timeout=60)
        super().stop()
