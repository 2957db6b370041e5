"""The job of the example glue-job, on its sample files and without AWS: as a process, as Glue runs it."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program.paths import ROOT

EXAMPLE = ROOT / "terraform/examples/glue-job"


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE / "samples", tmp_path / "buckets"))


def run(buckets: Path, manifest: str = "sample") -> subprocess.CompletedProcess:
    places = ["--manifest", f"s3://work/manifests/{manifest}.json", "--result", f"s3://work/results/{manifest}.json"]
    # Glue gives a script arguments of its own too.
    own = ["--job-language", "python", "--scriptLocation", "s3://work/scripts/job.py"]
    command = [sys.executable, str(EXAMPLE / "job.py"), *own, *places, "--table", "s3://work/reports/", "--local", str(buckets)]
    return subprocess.run(command, capture_output=True, text=True)


def result(buckets: Path, manifest: str = "sample") -> dict:
    return json.loads((buckets / f"work/results/{manifest}.json").read_text())


def table(buckets: Path, manifest: str = "sample") -> list[dict]:
    lines = gzip.decompress((buckets / f"work/reports/{manifest}.json.gz").read_bytes()).decode().splitlines()
    return [json.loads(line) for line in lines]


def with_objects(buckets: Path, manifest: str, keys: list[str]) -> None:
    objects = [{"id": f"id-{key}", "bucket": "uploads", "key": f"status/{key}.json", "versionId": None} for key in keys]
    path = buckets / f"work/manifests/{manifest}.json"
    path.write_text(json.dumps({"attempt": 1, "objects": objects}))


def test_the_samples_become_one_file_and_what_could_not_be_read_is_named(buckets: Path) -> None:
    done = run(buckets)
    assert done.returncode == 0, done.stderr
    answer = result(buckets)
    assert [failed["itemIdentifier"] for failed in answer["batchItemFailures"]] == ["id-no-day", "id-cut-off", "id-gone"]
    assert "time is none" in answer["reasons"]["id-no-day"]
    assert answer["reasons"]["id-cut-off"].startswith("JSONDecodeError")
    assert answer["reasons"]["id-gone"].startswith("FileNotFoundError")
    assert (answer["rows"], answer["file"]) == (2, "s3://work/reports/sample.json.gz")
    origin = {"version_id": None}
    assert table(buckets) == [
        {
            "device_id": "pump-0017",
            "status": "online",
            "time": "2026-11-22T20:49:19.250Z",
            "object": "uploads/status/pump-0017.json",
            **origin,
        },
        {
            "device_id": "pump-0018",
            "status": "offline",
            "time": "2026-11-22T20:50:00Z",
            "object": "uploads/status/pump-0018.json",
            **origin,
        },
    ]


def test_a_second_run_of_a_batch_adds_nothing(buckets: Path) -> None:
    run(buckets)
    first = (buckets / "work/reports/sample.json.gz").read_bytes()
    run(buckets)
    assert [path.name for path in (buckets / "work/reports").iterdir()] == ["sample.json.gz"]
    assert (buckets / "work/reports/sample.json.gz").read_bytes() == first


def test_a_batch_of_which_nothing_is_good_makes_no_file_and_does_not_fail_the_run(buckets: Path) -> None:
    with_objects(buckets, "bad", ["cut-off", "gone"])
    done = run(buckets, "bad")
    assert done.returncode == 0, done.stderr
    answer = result(buckets, "bad")
    assert (len(answer["batchItemFailures"]), answer["rows"], answer["file"]) == (2, 0, None)
    assert not (buckets / "work/reports").exists()


def test_without_a_manifest_the_run_fails_and_leaves_no_result(buckets: Path) -> None:
    done = run(buckets, "none")
    assert done.returncode != 0
    assert not (buckets / "work/results").exists()


@pytest.mark.parametrize(
    "report",
    [
        "[]",
        '{"device_id": "-pump", "status": "online", "time": "2026-11-22T20:50:00Z"}',
        '{"device_id": "pump", "status": "Online", "time": "2026-11-22T20:50:00Z"}',
        '{"device_id": "pump", "status": "online", "time": "2026-11-22T20:50:00Z\\n"}',
        '{"device_id": "pump", "status": "online", "time": "2026-11-22 20:50:00"}',
        '{"device_id": 17, "status": "online", "time": "2026-11-22T20:50:00Z"}',
    ],
)
def test_a_report_of_another_form_is_a_failure_of_that_object(buckets: Path, report: str) -> None:
    (buckets / "uploads/status/other.json").write_text(report)
    with_objects(buckets, "other", ["other", "pump-0017"])
    assert run(buckets, "other").returncode == 0
    assert [failed["itemIdentifier"] for failed in result(buckets, "other")["batchItemFailures"]] == ["id-other"]
    assert len(table(buckets, "other")) == 1


def test_the_result_of_a_full_batch_of_long_reasons_fits_into_a_state(buckets: Path) -> None:
    keys = [f"{number:03}-{'x' * 200}" for number in range(100)]
    for key in keys:
        (buckets / f"uploads/status/{key}.json").write_text("x" * 10_000)
    with_objects(buckets, "full", keys)
    assert run(buckets, "full").returncode == 0
    assert len((buckets / "work/results/full.json").read_bytes()) < 262_144
