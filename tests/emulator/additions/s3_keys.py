"""Keys as S3 writes them in notifications and inventories: as in a web form, but for the slash.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html names the form's encoding, and no table;
https://github.com/minio/minio/pull/7360 compared with AWS: * and / are left, ~ is encoded.
"""

import urllib.parse


def encoded(key: str) -> str:
    return urllib.parse.quote_plus(key, safe="/*").replace("~", "%7E")
