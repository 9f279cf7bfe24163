"""Amazon Route 53: public zones and plain records in them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sandbox.plugins.aws.cloud import Aws, RefusedError, pairs, retag, unpaired
from sandbox.plugins.compare import same
from sandbox.plugins.table import FORCE_NEW, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties, Value

_COMMENT = "Managed by Pulumi"
"""What the official plug-in writes when the program gives no comment."""
_OF_THE_ZONE = ("NS", "SOA")
"""Types of the records at a zone's top, which live and die with it."""


def _create_zone(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("route53").create_hosted_zone(
        Name=inputs["name"],
        CallerReference=str(uuid4()),
        HostedZoneConfig={"Comment": inputs.get("comment", _COMMENT)},
    )
    return answer["HostedZone"]["Id"].rpartition("/")[2]


def _tag_zone(aws: Aws, zone: str, inputs: Properties) -> None:
    _retag_zone(aws, zone, {}, inputs)


def _retag_zone(aws: Aws, zone: str, state: Properties, inputs: Properties) -> None:
    change = aws.client("route53").change_tags_for_resource
    retag(
        state,
        inputs,
        lambda tags: change(ResourceType="hostedzone", ResourceId=zone, AddTags=pairs(tags)),
        lambda names: change(ResourceType="hostedzone", ResourceId=zone, RemoveTagKeys=names),
    )


def describe_zone(aws: Aws, zone: str) -> Properties:
    """Give the properties of a zone, by its id."""
    route53 = aws.client("route53")
    answer = route53.get_hosted_zone(Id=zone)
    about, servers = answer["HostedZone"], answer.get("DelegationSet", {}).get("NameServers", [])
    tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)["ResourceTagSet"]["Tags"]
    return {
        "arn": f"arn:aws:route53:::hostedzone/{zone}",
        "zoneId": zone,
        "name": about["Name"].rstrip("."),
        "comment": about.get("Config", {}).get("Comment"),
        "nameServers": sorted(servers),
        "primaryNameServer": servers[0] if servers else None,
        "callerReference": about["CallerReference"],
        "privateZone": about.get("Config", {}).get("PrivateZone", False),
        "resourceRecordSetCount": about.get("ResourceRecordSetCount", 0),
        **aws.tagged(unpaired(tags)),
    }


def _read_zone(aws: Aws, zone: str) -> Properties | None:
    only_looked_up = ("callerReference", "privateZone", "resourceRecordSetCount")
    return {name: value for name, value in describe_zone(aws, zone).items() if name not in only_looked_up}


def _update_zone(aws: Aws, zone: str, state: Properties, inputs: Properties) -> None:
    aws.client("route53").update_hosted_zone_comment(Id=zone, Comment=inputs.get("comment", _COMMENT))
    _retag_zone(aws, zone, state, inputs)


def _delete_zone(aws: Aws, zone: str, state: Properties) -> None:
    route53 = aws.client("route53")
    if state.get("forceDestroy"):
        for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone):
            for record in page["ResourceRecordSets"]:
                if record["Type"] not in _OF_THE_ZONE:
                    _change(aws, zone, "DELETE", record)
    route53.delete_hosted_zone(Id=zone)


def get_zone(aws: Aws, arguments: Properties) -> Properties:
    """Look a zone up by its id or by its name."""
    identifier: str | None = arguments.get("zoneId")
    if identifier is None:
        name = f"{arguments.get('name', '').rstrip('.')}."
        found = aws.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]
        identifier = next((zone["Id"] for zone in found if zone["Name"] == name), None)
        if identifier is None:
            raise RefusedError(f"no Route 53 zone is named {name!r}")
    zone = identifier.rpartition("/")[2]
    about = describe_zone(aws, zone)
    return {**{name: value for name, value in about.items() if name != "tagsAll"}, "id": zone}


def _change(aws: Aws, zone: str, action: str, record: dict[str, Any]) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    aws.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def _full_name(aws: Aws, zone: str, name: str) -> str:
    """Give a record's whole name; the official plug-in takes one within the zone as well."""
    origin = aws.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"].rstrip(".")
    bare = name.rstrip(".").lower()
    return bare if bare == origin or bare.endswith(f".{origin}") else f"{bare}.{origin}".lstrip(".")


def _record_set(aws: Aws, inputs: Properties) -> dict[str, Any]:
    values = [{"Value": value} for value in inputs.get("records", [])]
    name = _full_name(aws, inputs["zoneId"], inputs["name"])
    return {"Name": name, "Type": inputs["type"], "TTL": inputs.get("ttl", 0), "ResourceRecords": values}


def _create_record(aws: Aws, inputs: Properties) -> str:
    zone = inputs["zoneId"]
    _change(aws, zone, "UPSERT" if inputs.get("allowOverwrite") else "CREATE", _record_set(aws, inputs))
    return f"{zone}_{inputs['name'].rstrip('.').lower()}_{inputs['type']}"


def _find_record(aws: Aws, identifier: str) -> dict[str, Any] | None:
    zone, _, rest = identifier.partition("_")
    name, _, kind = rest.rpartition("_")
    name = _full_name(aws, zone, name)
    found = aws.client("route53").list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=name, StartRecordType=kind
    )
    for record in found["ResourceRecordSets"]:
        if record["Name"].rstrip(".").replace("\\052", "*") == name and record["Type"] == kind:
            return record
    return None


def _read_record(aws: Aws, identifier: str) -> Properties | None:
    record = _find_record(aws, identifier)
    if record is None:
        return None
    name = record["Name"].rstrip(".").replace("\\052", "*")
    return {
        "zoneId": identifier.partition("_")[0],
        "name": name,
        "fqdn": name,
        "type": record["Type"],
        "ttl": record.get("TTL"),
        "records": [value["Value"] for value in record.get("ResourceRecords", [])],
    }


def _update_record(aws: Aws, _id: str, _state: Properties, inputs: Properties) -> None:
    _change(aws, inputs["zoneId"], "UPSERT", _record_set(aws, inputs))


def _delete_record(aws: Aws, identifier: str, _state: Properties) -> None:
    record = _find_record(aws, identifier)
    if record is not None:
        _change(aws, identifier.partition("_")[0], "DELETE", record)


def _same_domain(one: Value, other: Value) -> bool:
    """A domain name is the same in any case, and with or without its closing dot."""
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip(".").lower() == other.rstrip(".").lower()
    return same(one, other)


def _same_record_name(one: Value, other: Value) -> bool:
    """A record's name may leave the zone's name out."""
    if isinstance(one, str) and isinstance(other, str):
        left, right = one.rstrip(".").lower(), other.rstrip(".").lower()
        return left == right or left.startswith(f"{right}.") or right.startswith(f"{left}.")
    return same(one, other)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:route53/zone:Zone",
        properties={
            "name": Property(replaces=True, same=_same_domain),
            "comment": Property(default=_COMMENT),
            "forceDestroy": KEPT,
            **TAGS,
        },
        create=_create_zone,
        settle=_tag_zone,
        read=_read_zone,
        update=_update_zone,
        delete=_delete_zone,
    ),
    Row(
        type="aws:route53/record:Record",
        properties={
            "zoneId": FORCE_NEW,
            "name": Property(replaces=True, same=_same_record_name),
            "type": FORCE_NEW,
            "ttl": PLAIN,
            "records": PLAIN,
            "allowOverwrite": KEPT,
        },
        create=_create_record,
        read=_read_record,
        update=_update_record,
        delete=_delete_record,
    ),
)
