"""The compose files, as far as they can be judged without a container: every node is set up, from files that exist.

What the configuration files themselves make a broker do is tested with the broker: `integration/test_roles.py`.
"""

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.nats_cluster import NODE_CONFIG
from tests.nats_server import ONE_NODE as ONE_NODE_CONFIG
from tests.nats_server import ROLES
from tests.processes import REPOSITORY

ONE_NODE = REPOSITORY / "docker-compose.yml"
CLUSTER = REPOSITORY / "deploy" / "docker-compose.cluster.yml"
NODES = ["nats", "nats-2", "nats-3"]
CONFIG_DIRECTORY = "/etc/nats"
_DEFAULT = re.compile(r"\$\{\w+:-(?P<value>\w+)\}")


def read(file: Path) -> dict[str, dict[str, Any]]:
    return cast("dict[str, Any]", yaml.safe_load(file.read_text()))["services"]


def services(*names: str) -> dict[str, dict[str, Any]]:
    """Read services; those of the cluster are laid over those of one node, as compose does it."""
    one, over = read(ONE_NODE), read(CLUSTER)
    merged = {name: {**one.get(name, {}), **over[name]} for name in names}
    for name, service in merged.items():
        both = [*one.get(name, {}).get("volumes", []), *over[name].get("volumes", [])]
        service["volumes"] = list({volume.split(":")[1]: volume for volume in both}.values())
        both = [*one.get(name, {}).get("environment", []), *over[name].get("environment", [])]
        service["environment"] = list({line.split("=")[0]: line for line in both}.values())
    return merged


def environment(service: dict[str, Any]) -> dict[str, str]:
    """Return a service's environment where nothing is set for compose."""
    lines = [line.partition("=") for line in service["environment"]]
    return {name: _DEFAULT.sub(lambda found: found["value"], value) for name, _, value in lines}


def configuration(node: dict[str, Any]) -> dict[str, Path]:
    """Return the files in the node's configuration directory, by name there; each is one of ours."""
    mounted = [volume.split(":") for volume in node["volumes"]]
    return {place.rsplit("/", 1)[1]: REPOSITORY / file for file, place, *_ in mounted if CONFIG_DIRECTORY in place}


def brokers() -> list[tuple[dict[str, Any], Path]]:
    """Return every node of both forms, and the configuration that the tests run."""
    return [(read(ONE_NODE)["nats"], ONE_NODE_CONFIG), *((node, NODE_CONFIG) for node in services(*NODES).values())]


@pytest.mark.parametrize(("node", "config"), brokers())
def test_each_node_runs_the_configuration_that_is_tested_with_all_that_it_reads(
    node: dict[str, Any], config: Path
) -> None:
    files = configuration(node)
    assert node["command"][:2] == ["--config", f"{CONFIG_DIRECTORY}/stagecast.conf"]
    assert files["stagecast.conf"] == config
    text = "\n".join(file.read_text() for file in files.values())
    included = re.findall(r'^include "(.+)"', text, re.MULTILINE)
    assert included == [ROLES]
    assert files[ROLES] == config.with_name(ROLES)
    variables = set(re.findall(r"^[^#\n]*\$(NATS_[A-Z_]+)", text, re.MULTILINE))
    assert {"NATS_STORE_DIR", "NATS_GATEWAY_PASSWORD"} <= variables
    assert variables == environment(node).keys()


@pytest.mark.parametrize(("node", "config"), brokers())
def test_each_node_keeps_its_log_on_a_volume_waits_for_its_disk_and_publishes_nothing(
    node: dict[str, Any], config: Path
) -> None:
    assert environment(node)["NATS_STORE_DIR"] == "/data"
    assert any(volume.endswith(":/data") for volume in node["volumes"])
    assert 'sync_interval: "always"' in config.read_text()
    assert "ports" not in node  # the passwords that are used when none are set are no secret


@pytest.mark.parametrize("role", ["gateway", "runner"])
def test_each_service_is_its_own_user_with_the_password_that_every_node_knows(role: str) -> None:
    for service in (read(ONE_NODE)[role], services(role)[role]):
        ours = environment(service)
        assert ours["STAGECAST_NATS_USER"] == role
        for node, _ in brokers():
            # In quotes: a password of digits alone would be read as a number.
            assert environment(node)[f"NATS_{role.upper()}_PASSWORD"] == f"'{ours['STAGECAST_NATS_PASSWORD']}'"
    variable = f"STAGECAST_NATS_{role.upper()}_PASSWORD"
    for text in (ONE_NODE.read_text(), CLUSTER.read_text()):
        assert len(set(re.findall(rf"\$\{{{variable}[^}}]*\}}", text))) == 1


def test_no_two_roles_share_a_password() -> None:
    for node, _ in brokers():
        passwords = [value for name, value in environment(node).items() if name.endswith("_PASSWORD")]
        assert len(passwords) == len(set(passwords)) >= 3


def test_each_node_of_the_cluster_has_a_name_that_the_others_know_and_the_password_to_be_one_of_them() -> None:
    for number, node in enumerate(services(*NODES).values(), 1):
        ours = environment(node)
        password = ours["NATS_ROUTE_PASSWORD"].strip("'")
        assert node["command"][-2:] == ["--name", f"nats-{number}"]
        assert json.loads(ours["NATS_ROUTES"]) == [f"nats://route:{password}@nats-{n}:6222" for n in (1, 2, 3)]
    assert "nats-1" in services("nats")["nats"]["networks"]["default"]["aliases"]


def test_the_services_of_the_cluster_reach_every_node_and_keep_three_copies() -> None:
    for service in services("gateway", "runner").values():
        ours = environment(service)
        assert ours["STAGECAST_LOG_REPLICAS"] == "3"
        assert ours["STAGECAST_NATS_URL"] == "nats://nats-1:4222,nats://nats-2:4222,nats://nats-3:4222"


def test_the_gateway_asks_nobody_only_because_it_is_published_on_loopback_and_keeps_its_tokens_on_a_volume() -> None:
    gateway = read(ONE_NODE)["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in gateway["ports"])
    assert "STAGECAST_AUTH=${STAGECAST_AUTH:-off}" in gateway["environment"]
    assert "STAGECAST_ALLOWED_HOSTS=${STAGECAST_ALLOWED_HOSTS:-gateway}" in gateway["environment"]
    (file,) = [line for line in gateway["environment"] if line.startswith("STAGECAST_TOKENS_FILE=")]
    (volume,) = [line for line in gateway["volumes"] if line.startswith("tokens:")]
    assert file.partition("=")[2].startswith(volume.partition(":")[2] + "/")
