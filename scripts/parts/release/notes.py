"""The release notes: how to install, the changes, how to check a download."""

from collections.abc import Iterator

from release.addresses import Addresses


def text(addresses: list[Addresses], sums: dict[str, str], news: str) -> str:
    """`addresses`: one for each architecture, the usual one first. `sums`: SHA-256 by file."""
    return "\n".join(_lines(addresses, sums, news)) + "\n"


def _lines(addresses: list[Addresses], sums: dict[str, str], news: str) -> Iterator[str]:
    yield from ("## Install", "", "The functions are inside. One of these lines:")
    for each in addresses:
        archive = each.archive
        yield from ("", f"{each.architecture}, by HTTPS, with a checksum; or by git, from the module's own repository:", "")
        yield from ("```hcl", f'source = "{each.asset(archive)}//terraform?checksum=sha256:{sums[archive]}"')
        yield from (f'source = "{each.source()}"', "```")
    yield from ("", "## Changes", "", news, "", "## Check a download", "", "```sh")
    yield "sha256sum --check --ignore-missing SHA256SUMS"
    yield f"gh attestation verify {addresses[0].archive} --repo {addresses[0].repository}"
    yield "```"
