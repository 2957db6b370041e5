"""Glue's Python shell jobs, as far as MiniStack's differ: arguments, the job's role, and the limit of concurrent runs."""

import contextvars
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import glue, s3, sts

from emulator.additions import service_calls

UNDER_WAY = ("STARTING", "RUNNING", "STOPPING")
ERROR_CHARACTERS = 2000

_lock = threading.RLock()


def add() -> None:
    _keep_execution_property()
    plain = glue._start_job_run

    def start(request: dict) -> tuple:
        with _lock:
            job = glue._jobs.get(request.get("JobName"))
            if job and _under_way(job) >= most(job):
                return error_response_json("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}", 400)
            if not job or job["Command"].get("Name") != "pythonshell":
                return plain(request)
            return json_response({"JobRunId": _begin(job, request)})

    glue._start_job_run = start


def most(job: dict) -> int:
    return (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", 1)


def _under_way(job: dict) -> int:
    return sum(run["JobRunState"] in UNDER_WAY for run in glue._job_runs.get(job["Name"], []))


def _keep_execution_property() -> None:
    create, update = glue._create_job, glue._update_job

    def create_job(request: dict) -> tuple:
        answer = create(request)
        if answer[0] == 200:
            _keep(glue._jobs[request["Name"]], request)
        return answer

    def update_job(request: dict) -> tuple:
        answer = update(request)
        if answer[0] == 200:
            _keep(glue._jobs[request["JobName"]], request.get("JobUpdate", {}))
        return answer

    glue._create_job, glue._update_job = create_job, update_job


def _keep(job: dict, request: dict) -> None:
    if "ExecutionProperty" in request:
        job["ExecutionProperty"] = request["ExecutionProperty"]


def _begin(job: dict, request: dict) -> str:
    run = {
        "Id": f"jr_{new_uuid()}",
        "JobName": job["Name"],
        "JobRunState": "RUNNING",
        "Arguments": {**job["DefaultArguments"], **request.get("Arguments", {})},
        "Attempt": 0,
        # In milliseconds, as AWS says them.
        "StartedOn": round(time.time(), 3),
        "MaxCapacity": job["MaxCapacity"],
        "Timeout": job["Timeout"],
    }
    glue._job_runs[job["Name"]].append(run)
    threading.Thread(target=contextvars.copy_context().run, args=(_go, job, run), daemon=True).start()
    return run["Id"]


def _go(job: dict, run: dict) -> None:
    state, why = _run(job, run)
    with _lock:
        run["CompletedOn"] = run["LastModifiedOn"] = round(time.time(), 3)
        run["ExecutionTime"] = int(run["CompletedOn"] - run["StartedOn"])
        run.update({"ErrorMessage": why} if why else {})
        run["JobRunState"] = state


def _run(job: dict, run: dict) -> tuple[str, str]:
    """The job's own script, as a process of its own that is the job's role."""
    bucket, _, key = job["Command"]["ScriptLocation"].removeprefix("s3://").partition("/")
    if not service_calls.role_may(job["Role"], "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
        return "FAILED", f"{job['Role']} may not read {job['Command']['ScriptLocation']}"
    status, _, script = s3._get_object(bucket, key, {}, {})
    if status != 200:
        return "FAILED", f"There is no {job['Command']['ScriptLocation']}"
    with tempfile.TemporaryDirectory(prefix="glue-") as directory:
        path = Path(directory) / "script.py"
        path.write_bytes(bytes(script))
        arguments = [part for pair in run["Arguments"].items() for part in pair]
        # In the emulator's own process group, so that it ends with it.
        process = subprocess.Popen(
            [sys.executable, str(path), *arguments],
            cwd=directory,
            env={**os.environ, **_credentials(job)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=job["Timeout"] * 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return "TIMEOUT", f"Job run exceeded its timeout of {job['Timeout']} minutes"
    glue.logger.info("Glue: %s of %s said:\n%s", run["Id"], job["Name"], output)
    return ("SUCCEEDED", "") if process.returncode == 0 else ("FAILED", output[-ERROR_CHARACTERS:])


def _credentials(job: dict) -> dict[str, str]:
    """A session of the job's role, as MiniStack makes one for a function."""
    account, name = job["Role"].split(":")[4], job["Role"].rsplit("/", 1)[1]
    digest = hashlib.sha256(job["Role"].encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest[24:]
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/GlueJobRunnerSession",
        "UserId": f"{name}:GlueJobRunnerSession",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, session)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
