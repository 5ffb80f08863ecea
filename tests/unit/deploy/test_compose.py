"""The compose files, as far as they can be judged without a container: every node is set up, from files that exist."""

from typing import Any, cast

import yaml

from tests.processes import REPOSITORY

ONE_NODE = REPOSITORY / "docker-compose.yml"
CLUSTER = REPOSITORY / "deploy" / "docker-compose.cluster.yml"


def services(*names: str) -> dict[str, dict[str, Any]]:
    """Read services; those of the cluster are laid over those of one node."""
    one = cast("dict[str, Any]", yaml.safe_load(ONE_NODE.read_text()))["services"]
    over = cast("dict[str, Any]", yaml.safe_load(CLUSTER.read_text()))["services"]
    return {name: {**one.get(name, {}), **over[name]} for name in names}


def test_each_node_of_the_cluster_has_a_name_that_the_others_know_a_store_and_the_cluster_file() -> None:
    routes = (REPOSITORY / "deploy" / "nats-cluster.conf").read_text()
    one_node = cast("dict[str, Any]", yaml.safe_load(ONE_NODE.read_text()))["services"]["nats"]
    nodes = services("nats", "nats-2", "nats-3")
    for number, node in enumerate(nodes.values(), 1):
        assert node["command"][-2:] == ["--name", f"nats-{number}"]
        assert f'"nats://nats-{number}:6222"' in routes
        assert "NATS_STORE_DIR=/data" in node["environment"]
        assert "./deploy/nats-cluster.conf:/etc/nats/stagecast.conf:ro" in node["volumes"]
    assert "nats-1" in nodes["nats"]["networks"]["default"]["aliases"]
    assert any(volume.endswith(":/data") for volume in one_node["volumes"])  # compose joins the lists by their target


def test_the_services_of_the_cluster_reach_every_node_and_keep_three_copies() -> None:
    for service in services("gateway", "runner").values():
        assert "STAGECAST_LOG_REPLICAS=3" in service["environment"]
        assert "STAGECAST_NATS_URL=nats://nats-1:4222,nats://nats-2:4222,nats://nats-3:4222" in service["environment"]


def test_the_one_node_waits_for_its_disk_and_its_store_is_on_the_volume() -> None:
    node = cast("dict[str, Any]", yaml.safe_load(ONE_NODE.read_text()))["services"]["nats"]
    assert "NATS_STORE_DIR=/data" in node["environment"]
    assert "broker:/data" in node["volumes"]
    assert 'sync_interval: "always"' in (REPOSITORY / "deploy" / "nats.conf").read_text()
