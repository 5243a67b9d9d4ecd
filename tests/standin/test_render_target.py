"""The stand-in with a folder as its target, driven over gRPC as the engine does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb

from launcher.standin.kubernetes.configuration import RENDER
from launcher.standin.kubernetes.state import INPUTS
from launcher.standin.properties import UNKNOWN, Secret, to_struct
from tests.standin.engine_side import Instance, Log
from tests.standin.manifests import changed, deployment, plain

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRET = "kubernetes:core/v1:Secret"
FILE = "1-manifest/apps_v1-deployment-shop-users.yaml"


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_an_object_is_written_rewritten_and_removed(rendering: Instance, folder: Path) -> None:
    identity, outputs = rendering.create(DEPLOYMENT, deployment())
    assert identity == "shop/users"
    assert yaml.safe_load((folder / FILE).read_text()) == deployment()
    outputs = rendering.update(DEPLOYMENT, outputs, deployment(replicas=5))
    assert yaml.safe_load((folder / FILE).read_text()) == deployment(replicas=5)
    rendering.delete(DEPLOYMENT, outputs)
    assert _files(folder) == set(), "a destroyed stack leaves nothing"
    rendering.delete(DEPLOYMENT, outputs)


def test_numbers_are_written_whole(rendering: Instance, folder: Path) -> None:
    rendering.create(DEPLOYMENT, deployment())
    assert "containerPort: 50051\n" in (folder / FILE).read_text(), "the protocol carries 50051.0"


def test_a_preview_writes_nothing(rendering: Instance, folder: Path) -> None:
    identity, outputs = rendering.create(DEPLOYMENT, deployment(), preview=True)
    assert (identity, outputs) == ("", deployment())
    assert not folder.exists()


def test_an_unknown_goes_through_a_preview(rendering: Instance) -> None:
    inputs = deployment(image=UNKNOWN)  # ty: ignore[invalid-argument-type]
    checked, failures = rendering.check(DEPLOYMENT, inputs)
    assert not failures
    assert checked == inputs
    assert rendering.create(DEPLOYMENT, inputs, preview=True)[1] == inputs
    assert rendering.diff(DEPLOYMENT, deployment(), inputs).detailedDiff


def test_an_update_under_another_name_removes_the_old_file(rendering: Instance, folder: Path) -> None:
    _, outputs = rendering.create(DEPLOYMENT, deployment())
    rendering.update(DEPLOYMENT, outputs, changed(deployment(), "members", "metadata", "name"))
    assert _files(folder) == {"1-manifest/apps_v1-deployment-shop-members.yaml"}


def test_a_hand_edited_file_is_drift(rendering: Instance, folder: Path) -> None:
    _, outputs = rendering.create(DEPLOYMENT, deployment())
    assert rendering.read(DEPLOYMENT, outputs, deployment()) == ("it", outputs, deployment())
    (folder / FILE).write_text(yaml.safe_dump(deployment(replicas=9)))
    identity, _, inputs = rendering.read(DEPLOYMENT, outputs, deployment())
    assert (identity, inputs) == ("it", deployment(replicas=9))


def test_a_removed_file_is_a_missing_object(rendering: Instance, folder: Path) -> None:
    _, outputs = rendering.create(DEPLOYMENT, deployment())
    (folder / FILE).unlink()
    assert rendering.read(DEPLOYMENT, outputs, deployment())[0] == "", "an empty id says that it is gone"


@pytest.mark.parametrize("text", ["password: [hunter2", "- a list"])
def test_a_file_that_is_no_manifest_is_named(rendering: Instance, folder: Path, text: str) -> None:
    _, outputs = rendering.create(DEPLOYMENT, deployment())
    (folder / FILE).write_text(text)
    with pytest.raises(grpc.RpcError, match=r"users\.yaml.*Correct or delete the file") as refusal:
        rendering.read(DEPLOYMENT, outputs, deployment())
    assert "hunter2" not in str(refusal.value), "the file may hold a secret"


def test_what_is_secret_stays_secret(rendering: Instance, log: Log) -> None:
    secret = plain("Secret", "login", stringData={"password": "hunter2"})
    checked, _ = rendering.check(SECRET, secret)
    assert checked["stringData"] == Secret({"password": "hunter2"}), "its data is secret, whatever the program says"
    _, outputs = rendering.create(SECRET, checked)
    assert outputs["stringData"] == Secret({"password": "hunter2"})
    assert outputs[INPUTS]["stringData"] == Secret({"password": "hunter2"})
    _, outputs, inputs = rendering.read(SECRET, outputs, checked)
    assert outputs["stringData"] == inputs["stringData"] == Secret({"password": "hunter2"})
    assert "holds a secret in plain text" in log.text, "whoever commits the folder should know"
    assert "hunter2" not in log.text


def test_a_secret_in_another_object_stays_secret_where_it_stands(rendering: Instance) -> None:
    env = [{"name": "TOKEN", "value": Secret("hunter2")}]
    inputs = changed(deployment(), env, "spec", "template", "spec", "containers", 0, "env")
    _, outputs = rendering.create(DEPLOYMENT, inputs)
    container = outputs["spec"]["template"]["spec"]["containers"][0]
    assert (container["env"], container["image"]) == (env, "users:1"), "the rest stays readable in diffs"


def test_a_manifest_file_is_for_its_owner_alone(rendering: Instance, folder: Path) -> None:
    rendering.create(SECRET, plain("Secret", "login", stringData={"password": "hunter2"}))
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}


def test_a_replacement_keeps_the_fixed_name_and_so_deletes_first(rendering: Instance) -> None:
    old = plain("ConfigMap", "env", data={"LEVEL": "info"})
    answer = rendering.diff("kubernetes:core/v1:ConfigMap", old, changed(old, "debug", "data", "LEVEL"))
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert dict(answer.detailedDiff)["data.LEVEL"].kind == pb.PropertyDiff.UPDATE_REPLACE
    assert list(answer.replaces) == ["data.LEVEL"]
    assert answer.deleteBeforeReplace


def test_no_change_is_no_diff(rendering: Instance) -> None:
    answer = rendering.diff(DEPLOYMENT, deployment(), deployment())
    assert answer.changes == pb.DiffResponse.DIFF_NONE, "DIFF_UNKNOWN would make the engine guess"
    assert not answer.detailedDiff


def test_what_check_refuses_names_the_field(rendering: Instance) -> None:
    _, failures = rendering.check(DEPLOYMENT, changed(deployment(), None, "metadata", "namespace"))
    assert list(failures) == ["metadata.namespace"]


def test_an_unknown_type_is_refused_with_its_token(rendering: Instance) -> None:
    with pytest.raises(grpc.RpcError, match=r"kubernetes:helm\.sh/v3:Release.*official plugin"):
        rendering.check("kubernetes:helm.sh/v3:Release", {})


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Invoke", pb.InvokeRequest(tok="kubernetes:yaml:decode")),
        ("Call", pb.CallRequest(tok="kubernetes:yaml:decode")),
        ("Construct", pb.ConstructRequest(type="kubernetes:yaml:decode")),
        ("Parameterize", pb.ParameterizeRequest()),
        ("GetMapping", pb.GetMappingRequest(key="kubernetes:yaml:decode")),
        ("GetMappings", pb.GetMappingsRequest(key="kubernetes:yaml:decode")),
    ],
)
def test_what_only_the_official_plugin_does_is_refused(rendering: Instance, method: str, request_: Any) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        getattr(rendering.stub, method)(request_)
    assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED  # ty: ignore[missing-attribute]
    assert "official plugin" in str(refusal.value)
    if method in ("Invoke", "Call", "Construct"):
        assert "kubernetes:yaml:decode" in str(refusal.value)


def test_an_import_is_refused(rendering: Instance) -> None:
    with pytest.raises(grpc.RpcError, match="imports nothing"):
        rendering.read(DEPLOYMENT, {}, {})


def test_plugin_info_and_schema_answer(rendering: Instance) -> None:
    assert rendering.stub.GetPluginInfo(Empty()).version.startswith("4.")
    assert '"kubernetes"' in rendering.stub.GetSchema(pb.GetSchemaRequest()).schema


def test_each_provider_instance_keeps_its_own_folder(attach: Callable[[], Instance], tmp_path: Path) -> None:
    """When the folder of a stack changes, the engine runs the old and the new provider side by side."""
    old, new = attach(), attach()
    old.configure({RENDER: str(tmp_path / "old")})
    new.configure({RENDER: str(tmp_path / "new")})
    _, outputs = old.create(DEPLOYMENT, deployment())
    new.create(DEPLOYMENT, deployment())
    old.delete(DEPLOYMENT, outputs)
    assert (_files(tmp_path / "old"), _files(tmp_path / "new")) == (set(), {FILE})


def test_a_new_folder_replaces_the_provider(attach: Callable[[], Instance]) -> None:
    def changes(new: dict[str, Any]) -> pb.DiffResponse:
        return attach().stub.DiffConfig(pb.DiffRequest(old_inputs=to_struct({RENDER: "/a"}), news=to_struct(new)))

    assert list(changes({RENDER: "/b"}).replaces) == [RENDER]
    mutable = changes({RENDER: "/a", "enableSecretMutable": "true"})
    assert (list(mutable.diffs), list(mutable.replaces)) == (["enableSecretMutable"], [])
    assert changes({RENDER: "/a"}).changes == pb.DiffResponse.DIFF_NONE


def test_an_instance_that_was_never_configured_says_so(attach: Callable[[], Instance]) -> None:
    with pytest.raises(grpc.RpcError, match="isn't configured"):
        attach().create(DEPLOYMENT, deployment())


def test_a_folder_below_a_file_is_told_before_a_write(attach: Callable[[], Instance], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (failure,) = attach().check_config({RENDER: str(tmp_path / "file" / "out")})
    assert f"{tmp_path / 'file'} is not a folder" in failure.reason
    assert "name another" in failure.reason, "an error names its fix"


def test_a_refused_setting_is_told_without_its_value(attach: Callable[[], Instance], tmp_path: Path) -> None:
    """The engine prints the value of a property that a failure names, and a kubeconfig may hold a login."""
    settings = {RENDER: str(tmp_path), "kubeconfig": Secret("users: [{token: hunter2}]")}
    (failure,) = attach().check_config(settings)
    assert (failure.property, failure.reason.split()[0]) == ("", "kubeconfig")
    assert "hunter2" not in failure.reason


def test_a_folder_that_fails_in_the_middle_is_told_once_with_its_path(rendering: Instance, folder: Path) -> None:
    rendering.create(DEPLOYMENT, deployment())
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    with pytest.raises(grpc.RpcError, match=f"render folder {folder} can't be written") as failure:
        rendering.create(DEPLOYMENT, deployment())
    assert "Is a directory" in str(failure.value)
    assert not list(folder.rglob("*.part")), "a failed write leaves no piece behind"
