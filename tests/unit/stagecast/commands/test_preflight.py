"""What is checked before anything starts, with real sockets, files and locks."""

import socket
from pathlib import Path

import pytest

from stagecast.commands.preflight import (
    CannotStart,
    address_of,
    check_broker,
    check_services,
    claim_nats_port,
    claim_port,
    find_nats_server,
    locked,
)
from tests.processes import free_port


def test_port_0_is_replaced_by_a_free_one():
    port = claim_port("127.0.0.1", 0)
    assert claim_port("127.0.0.1", port) == port


def test_a_port_in_use_is_told_in_a_sentence():
    told = r"Cannot listen on 127\.0\.0\.1 port \d+: Address already in use.*--port"
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotStart, match=told):
        claim_port("127.0.0.1", taken.getsockname()[1])


def test_a_host_of_another_machine_is_told_in_a_sentence():
    with pytest.raises(CannotStart, match=r"Cannot listen on 192\.0\.2\.1"):
        claim_port("192.0.2.1", 0)


def test_a_broker_port_that_was_asked_for_is_not_replaced():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotStart):
        claim_nats_port(taken.getsockname()[1])


def test_a_broker_that_does_not_answer_is_told_before_anything_starts():
    with pytest.raises(CannotStart, match="--nats"):
        check_broker(f"nats://127.0.0.1:{free_port()},127.0.0.1:{free_port()}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_broker(f"nats://127.0.0.1:{free_port()}, nats://user:pass@127.0.0.1:{server.getsockname()[1]}")


def test_a_data_directory_is_held_by_one_at_a_time(tmp_path: Path):
    directory = tmp_path / "data"
    with locked(directory), pytest.raises(CannotStart, match=r"already up in .*process \d+"), locked(directory):
        pass
    with locked(directory):
        pass


def test_a_data_directory_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used"), locked(tmp_path / "file" / "data"):
        pass


def test_a_service_behind_any_address_is_reached_by_the_loopback_one():
    assert address_of("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert address_of("::", 80) == "http://[::1]:80"
    assert address_of("127.0.0.1", 8000) == "http://127.0.0.1:8000"
    assert address_of("0.0.0.0", 443, scheme="https") == "https://127.0.0.1:443"


def test_the_broker_and_the_services_of_this_environment_are_found():
    assert Path(find_nats_server()).is_file()
    check_services()
