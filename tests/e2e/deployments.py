"""The example deploy-pipeline, deployed as runs of GitHub Actions do it: by its script, with the roles of deploy-roles."""

import base64
import dataclasses
import functools
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import roots
from build import operators, targets
from demo.executions import Execution
from emulator.aws import Aws
from one_pipeline import Pipeline
from program import processes
from sites import Site
from tools.terraform import Terraform

EXAMPLE = roots.EXAMPLES / "deploy-pipeline"
NAME = "deployed"
PULL_REQUEST, BRANCH, ENVIRONMENT = "pull_request", "ref:refs/heads/main", "environment:production"
# A plan takes no lock, and the tests' applies need not wait for each other.
QUICK = {"TF_CLI_ARGS_apply": "-no-color -parallelism=100", "TF_CLI_ARGS_destroy": "-no-color -parallelism=100"}


def token(subject: str, repository: str = roots.REPOSITORY) -> str:
    """As GitHub's, but for the signature."""
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{repository}:{subject}",
    }
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"])


def credentials(site: Site, role: str, subject: str, repository: str = roots.REPOSITORY) -> dict:
    arn = site.roots[roots.DEPLOY_ROLES].outputs[f"{role}_role_arn"]
    identity = token(subject, repository)
    return site.aws().sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName=f"run-{role}", WebIdentityToken=identity)[
        "Credentials"
    ]


@dataclasses.dataclass
class Deployed:
    site: Site

    @functools.cached_property
    def terraform(self) -> Terraform:
        """The working copy, initialised."""
        own = {
            "architecture": targets.host_architecture(),
            "handlers_directory": str(self.site.handlers),
            "name": NAME,
            "permissions_boundary": self.site.roots[roots.DEPLOY_ROLES].outputs["permissions_boundary"],
            "protect": False,
            "retry": {"max_attempts": 5, "backoff_seconds": [0]},
            "schedule": {"enabled": False, "tick_seconds": 5},
        }
        terraform = self.site.copy.root(EXAMPLE, self.site.emulator, own)
        terraform.init()
        return terraform

    @property
    def directory(self) -> Path:
        return self.site.copy.directory / EXAMPLE

    def aws(self, role: str, subject: str) -> Aws:
        found = credentials(self.site, role, subject)
        return Aws(self.site.emulator.endpoint, found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def environment(self, role: str, subject: str) -> dict[str, str]:
        found = credentials(self.site, role, subject)
        return {
            **self.terraform.environment,
            **QUICK,
            "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
            "AWS_SESSION_TOKEN": found["SessionToken"],
            "SPILLWAY": str(operators.program()),
        }

    def run(self, *arguments: str, role: str, subject: str, **settings: str) -> subprocess.CompletedProcess:
        """The example's script."""
        command = [str(self.directory / "deploy.sh"), *arguments]
        environment = {**self.environment(role, subject), **settings}
        return processes.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def apply(self, **settings: str) -> subprocess.CompletedProcess:
        return self.run("apply", role="apply", subject=ENVIRONMENT, **settings)

    def empty(self) -> None:
        """Deletes the objects in the bucket, as its owner: no role that deploys can."""
        s3, bucket = self.site.aws().s3, self.pipeline.bucket
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])

    def destroy(self) -> None:
        environment = self.environment("apply", ENVIRONMENT)
        command = ["terraform", f"-chdir={self.directory}", "destroy", "-auto-approve", "-input=false"]
        ended = processes.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert ended.returncode == 0, ended.stdout[-4000:]

    @functools.cached_property
    def pipeline(self) -> Pipeline:
        outputs = self.terraform.outputs()
        return Pipeline(NAME, self.site.emulator, self.site.aws(), outputs["spillway"], outputs["bucket"])

    def routes(self) -> dict[str, int]:
        """The versions that the alias sends starts to: the share of each version, by its number."""
        alias = self.pipeline.outputs["start_arn"]
        found = self.site.aws().stepfunctions.describe_state_machine_alias(stateMachineAliasArn=alias)
        return {route["stateMachineVersionArn"].rsplit(":", 1)[1]: route["weight"] for route in found["routingConfiguration"]}

    def workflow(self, state: dict) -> None:
        """The workflow's next version has this one state."""
        definition = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": state}}
        (self.directory / "workflow.asl.json").write_text(json.dumps(definition))

    @contextmanager
    def changed(self, state: dict) -> Iterator[None]:
        """The workflow has this one state meanwhile."""
        path = self.directory / "workflow.asl.json"
        before = path.read_bytes()
        self.workflow(state)
        try:
            yield
        finally:
            path.write_bytes(before)

    @contextmanager
    def busy(self, prefix: str) -> Iterator[list]:
        """Uploads and ticks, one after another, for as long as this lasts. Yields the uploaded objects."""
        over, uploads, faults = threading.Event(), [], []

        def upload() -> None:
            try:
                while not over.wait(0.1):
                    uploads.append(self.pipeline.put(f"{prefix}{len(uploads)}"))
            except Exception as fault:  # told below: a thread has nobody to tell
                faults.append(fault)

        thread = threading.Thread(target=upload, daemon=True)
        with self.pipeline.ticking():
            thread.start()
            try:
                yield uploads
            finally:
                over.set()
                thread.join()
        assert faults == []

    def runs(self, prefix: str) -> list[Execution]:
        return self.pipeline.runs(prefix)
