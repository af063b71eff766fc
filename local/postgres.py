"""A local PostgreSQL 18 server: TCP only, scram passwords, without Docker or a system installation."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil
from pg8000.native import Connection, DatabaseError, InterfaceError, identifier, literal

from local.binaries import find_installation, reachable_directory, server_account
from local.processes import kill
from local.stack_paths import LOOPBACK, LocalStackError

OWNER: Final = "autopulse"
"""Role that owns the databases. Like the master user of RDS, it is no superuser but may create databases and roles."""
FUNCTIONS: Final = "autopulse_calls"
"""Role of the consumers and other functions; the migrations grant its privileges."""
READER: Final = "autopulse_reader"
"""Role of the read API; it may only read."""
WRITER: Final = "autopulse_writer"
"""Role that changes follow-ups and saved views."""
CALLER: Final = "autopulse_caller"
"""Role of the function that answers Vapi's synchronous messages."""
ERASER: Final = "autopulse_eraser"
"""Role that erases calls."""
_SUPERUSER: Final = "postgres"
_START_SECONDS: Final = 60
_PORT_LINE: Final = 3
_HOST_LINE: Final = 5
"""Line numbers in postmaster.pid, counted from 0."""
_HBA: Final = "host all all all scram-sha-256\n"
"""listen_addresses decides which clients can connect."""
_SETTINGS_OF_ROLES: Final = """
    SELECT setrole::regrole::text, split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
    FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) AS setting
    WHERE datname = :template AND setrole <> 0
"""
_QUICK: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresServer:
    """One server with its data below `directory`; every method can be repeated after an interruption."""

    def __init__(
        self, directory: Path, *, durable: bool = True, settings: Iterable[str] = (), own_passwords: bool = False
    ) -> None:
        """Keep the settings; with `durable` off a power failure may lose data, and tests run faster.

        With `own_passwords` each role has a password of its own, so that knowing one gives access to that role only.
        Otherwise, as on test servers, all roles share one.
        """
        self._directory = directory
        self._own_passwords = own_passwords
        self._durable = durable
        self._settings = (*(() if durable else _QUICK), *settings)

    def password(self, role: str) -> str:
        """Return the password of a role, generated on first use."""
        shared = role == _SUPERUSER or not self._own_passwords
        file = self._directory / ("password" if shared else f"password-{role}")
        if not file.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            _write_private(file, secrets.token_urlsafe(24))
        return file.read_text()

    def database_url(self, database: str, port: int, user: str = OWNER) -> str:
        """Return the connection string of a database, by default for its owner; `psql` accepts it too."""
        return f"postgresql://{user}:{self.password(user)}@{LOOPBACK}:{port}/{database}"

    def find(self) -> psutil.Process | None:
        """Return the running server process, or None; it is found even if its data directory was deleted."""
        # A forked child looks like its parent for a moment.
        return min(self._find_all(), key=psutil.Process.create_time, default=None)

    def find_address(self) -> tuple[str, int] | None:
        """Return host and port that the running server listens on."""
        lines = self._read_pid_file()
        return (lines[_HOST_LINE], int(lines[_PORT_LINE])) if self.find() and len(lines) > _HOST_LINE else None

    def start(self, port: int, host: str = LOOPBACK) -> None:
        """Create the data if there is none, and start the server; a server on another address is restarted."""
        self._initialise()
        if self.find_address() not in (None, (host, port)):
            self.stop()
        self._start_until_it_answers(port, host)
        self._create_roles(port)

    def stop(self) -> None:
        """Stop the server if it runs; its data stays."""
        if self.find():
            self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "-t", "20", "stop")
        kill(self._find_all)

    def remove(self) -> None:
        """Stop the server and delete all of its files."""
        self.stop()
        for directory in (reachable_directory(self._directory), self._directory):
            shutil.rmtree(directory, ignore_errors=True)

    def create_database(self, name: str, port: int, template: str | None = None) -> None:
        """Create a database for the owner, unless it exists; a copy also has the role settings of its template."""
        with self.connect(_SUPERUSER, "postgres", port) as connection:
            if not connection.run("SELECT 1 FROM pg_database WHERE datname = :name", name=name):
                source = f" TEMPLATE {identifier(template)}" if template else ""
                # STRATEGY FILE_COPY takes half the time, but its checkpoints wait for the disk.
                strategy = "" if self._durable else " STRATEGY FILE_COPY"
                connection.run(f"CREATE DATABASE {identifier(name)} OWNER {OWNER}{source}{strategy}")
                for role, setting, value in connection.run(_SETTINGS_OF_ROLES, template=template):
                    connection.run(f"ALTER ROLE {role} IN DATABASE {identifier(name)} SET {setting} = {literal(value)}")

    def drop_database(self, name: str, port: int) -> None:
        """Drop a database, ending its connections."""
        with self.connect(_SUPERUSER, "postgres", port) as connection:
            connection.run(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")

    def connect(self, user: str, database: str, port: int) -> Connection:
        """Return a connection, to be used in a `with` statement."""
        return Connection(
            user,
            host=LOOPBACK,
            port=port,
            database=database,
            password=self.password(user),
            ssl_context=False,  # otherwise pg8000 reads all certificates of the machine for each connection
            timeout=20,
        )

    @property
    def _data(self) -> Path:
        return reachable_directory(self._directory) / "data"

    @property
    def _log(self) -> Path:
        return self._data.with_name("postgres.log")

    def _options(self, port: int, host: str) -> str:
        settings = (
            f"port={port}",
            f"listen_addresses={host}",
            "unix_socket_directories=",
            "timezone=UTC",
            *self._settings,
        )
        return " ".join(f"-c {setting}" for setting in settings)

    def _initialise(self) -> None:
        if self._data.exists():
            return
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _make_for_server(unfinished)
        password_file = unfinished.with_name("initial-password")
        _write_private(password_file, self.password(_SUPERUSER))
        _give_to_server(password_file)
        made = self._run(
            "initdb",
            "-D",
            unfinished,
            "-U",
            _SUPERUSER,
            "--pwfile",
            password_file,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        )
        password_file.unlink()
        if made.returncode:
            raise LocalStackError(f"initdb failed:\n{made.stderr}")
        (unfinished / "pg_hba.conf").write_text(_HBA)
        _make_log(self._log)
        unfinished.rename(self._data)

    def _start_until_it_answers(self, port: int, host: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers(port):
            # The first start may fail, because children of a killed server keep its shared memory for a moment.
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"Postgres does not answer on port {port}; the end of {self._log}:\n{self._last_log_lines()}"
                )
            if self.find() is None:
                # After a reboot another program may have the recorded pid, and the server would refuse to start.
                (self._data / "postmaster.pid").unlink(missing_ok=True)
                self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-o", self._options(port, host), "start")
            time.sleep(0.1)

    def _answers(self, port: int) -> bool:
        if self.find() is None:
            return False
        try:
            self.connect(_SUPERUSER, "postgres", port).close()
        except (InterfaceError, DatabaseError, OSError):  # it is starting or stopping
            return False
        return True

    def _create_roles(self, port: int) -> None:
        with self.connect(_SUPERUSER, "postgres", port) as connection:
            self._create_role(connection, OWNER)
            connection.run(f"ALTER ROLE {OWNER} CREATEDB CREATEROLE")
            for role in (FUNCTIONS, READER, WRITER, CALLER, ERASER):
                self._create_role(connection, role)
                connection.run(f"GRANT {role} TO {OWNER} WITH ADMIN OPTION")

    def _create_role(self, connection: Connection, name: str) -> None:
        if not connection.run("SELECT 1 FROM pg_roles WHERE rolname = :name", name=name):
            connection.run(f"CREATE ROLE {name} LOGIN")
        connection.run(f"ALTER ROLE {name} PASSWORD {literal(self.password(name))}")

    def _run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        installation = find_installation(self._directory)
        account = server_account()
        # The server inherits pg_ctl's output streams, so a pipe would never reach its end.
        with (self._data.parent / f"{program}.out").open("w+") as output:
            done = subprocess.run(
                [installation / "bin" / program, *arguments],
                cwd=self._data.parent,
                env=self._environment(installation),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=account[0] if account else None,
                group=account[1] if account else None,
                extra_groups=[] if account else None,
                text=True,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, stderr=output.read())

    def _environment(self, installation: Path) -> dict[str, str]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return keep | {"LD_LIBRARY_PATH": str(installation / "lib"), "LC_ALL": "C"}

    def _read_pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _find_all(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._serves_our_data(process)]

    def _serves_our_data(self, process: psutil.Process) -> bool:
        try:
            return process.name() == "postgres" and str(self._data) in process.cmdline()  # a zombie has no command line
        except psutil.Error:
            return False

    def _last_log_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)


def _make_for_server(directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700)
    _give_to_server(directory)


def _make_log(log: Path) -> None:
    log.touch()
    _give_to_server(log)


def _give_to_server(path: Path) -> None:
    if account := server_account():
        os.chown(path, *account)
