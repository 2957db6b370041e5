"""Clients for the emulator's AWS."""

import functools

from emulator import REGION

# Access key and secret of the account that the emulator has without being told of any.
EMULATORS_OWN = "test"


@functools.cache
def _models():
    """Botocore's data about the services, read once: that is most of the time to make a client."""
    import botocore.loaders

    return botocore.loaders.create_loader()


class Aws:
    def __init__(
        self, endpoint: str, key: str = EMULATORS_OWN, secret: str = EMULATORS_OWN, token: str | None = None, attempts: int = 4
    ) -> None:
        """`key`: an access key, or an account's id to act as its root user. `attempts`: how often a call is made at the most."""
        # Not at the top of the file: scripts/demo has begun before it is installed.
        import botocore.session
        from botocore.config import Config

        session = botocore.session.Session()
        session.register_component("data_loader", _models())
        settings = {
            "region_name": REGION,
            "endpoint_url": endpoint,
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
            "aws_session_token": token,
            "config": Config(
                s3={"addressing_style": "path"},
                proxies={},
                max_pool_connections=32,
                read_timeout=120,
                retries={"mode": "standard", "total_max_attempts": attempts},
            ),
        }
        self.cloudwatch = session.create_client("cloudwatch", **settings)
        self.dynamodb = session.create_client("dynamodb", **settings)
        self.events = session.create_client("events", **settings)
        self.glue = session.create_client("glue", **settings)
        self.iam = session.create_client("iam", **settings)
        self.kms = session.create_client("kms", **settings)
        self.lambda_ = session.create_client("lambda", **settings)
        self.logs = session.create_client("logs", **settings)
        self.s3 = session.create_client("s3", **settings)
        self.sns = session.create_client("sns", **settings)
        self.sqs = session.create_client("sqs", **settings)
        self.stepfunctions = session.create_client("stepfunctions", **settings)
        self.sts = session.create_client("sts", **settings)
