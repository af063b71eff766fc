import socket
import sys

import pytest
from pytest_socket import enable_socket

from local import ports
from local.stack_paths import LOOPBACK


@pytest.fixture(autouse=True)
def _sockets(_no_sockets: None) -> None:
    enable_socket()


def test_no_port_is_given_twice() -> None:
    given = [ports.find_any() for _ in range(50)]
    assert len(set(given)) == len(given)


def test_a_server_can_listen_on_a_port_that_was_given() -> None:
    port = ports.find_any()
    assert ports.is_free(port)
    with socket.create_server((LOOPBACK, port)):
        assert not ports.is_free(port)


def test_a_port_that_was_given_is_nobody_elses_where_that_can_be() -> None:
    assert _can_be_had(ports.find_any()) is (sys.platform != "linux")


def _can_be_had(port: int) -> bool:
    with socket.socket() as other:
        try:
            other.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
