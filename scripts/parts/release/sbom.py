"""The parts of a release's programs, as CycloneDX: each crate that is compiled into one, with licence and hash.

Written by CycloneDX's own library, which knows the format and checks it.
"""

import datetime
import uuid
from collections.abc import Iterator

from tools import venvs

from release import workspace

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org")


def text(version: str, day: datetime.date, triple: str, packages: list[str]) -> str:
    """`packages`: those of the workspace with released programs."""
    venvs.use("release")
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import LicenseExpression
    from cyclonedx.output.json import JsonV1Dot6
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from packageurl import PackageURL

    def component(package: dict, kind: ComponentType = ComponentType.LIBRARY) -> Component:
        name, number = package["name"], package["version"]
        purl = PackageURL("cargo", name=name, version=number)
        digest = checksums.get((name, number))
        return Component(
            type=kind,
            name=name,
            version=number,
            bom_ref=str(purl),
            purl=purl if digest else None,
            licenses=[LicenseExpression(package["license"].replace("/", " OR "))] if package["license"] else [],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else [],
        )

    checksums = workspace.checksums()
    metadata = workspace.metadata(triple)
    by_id = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    roots = [package["id"] for package in metadata["packages"] if package["name"] in packages and package["source"] is None]
    reached = _reached(nodes, roots)
    bom = Bom(serial_number=uuid.uuid5(_SPACE, f"spillway {version} {triple}"))
    bom.metadata.timestamp = datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc)
    whole = Component(type=ComponentType.APPLICATION, name="spillway", version=version, bom_ref="spillway")
    whole.properties.add(Property(name="cargo:target", value=triple))
    bom.metadata.component = whole
    components = {
        id_: component(by_id[id_], ComponentType.APPLICATION if id_ in roots else ComponentType.LIBRARY) for id_ in reached
    }
    for each in components.values():
        bom.components.add(each)
    bom.register_dependency(whole, [components[root] for root in roots])
    for id_, each in components.items():
        bom.register_dependency(each, [components[other] for other in _compiled_in(nodes[id_])])
    written = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(written):
        raise ValueError(f"CycloneDX refuses the SBOM, which is a fault of scripts/parts/release: {wrong}")
    return written


def _compiled_in(node: dict) -> Iterator[str]:
    """Without the packages that only tests or build scripts use."""
    for dependency in node["deps"]:
        if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
            yield dependency["pkg"]


def _reached(nodes: dict[str, dict], roots: list[str]) -> list[str]:
    found, left = set(), list(roots)
    while left:
        id_ = left.pop()
        if id_ not in found:
            found.add(id_)
            left += _compiled_in(nodes[id_])
    return sorted(found)
