"""S3's ListObjectVersions with encoding-type=url, which MiniStack ignores: Terraform could not empty a bucket with % in a key."""

import re
import urllib.parse
from xml.sax.saxutils import escape, unescape

from ministack.services import s3

_ENCODED = re.compile(r"<(Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>([^<]*)</\1>")


def add() -> None:
    plain = s3._list_object_versions

    def list_object_versions(bucket: str, query: dict) -> tuple:
        status, headers, body = plain(bucket, query)
        wanted = query.get("encoding-type", "")
        if status != 200 or "url" not in wanted:
            return status, headers, body
        text = body.decode() if isinstance(body, bytes) else body
        text = _ENCODED.sub(_encode, text).replace("<MaxKeys>", "<EncodingType>url</EncodingType><MaxKeys>", 1)
        return status, {name: value for name, value in headers.items() if name.lower() != "content-length"}, text.encode()

    s3._list_object_versions = list_object_versions


def _encode(match: re.Match) -> str:
    return f"<{match[1]}>{escape(urllib.parse.quote(unescape(match[2]), safe='/'))}</{match[1]}>"
