"""The cluster target: server-side apply on a real API server, and waiting until what was asked for is true."""

from dataclasses import dataclass

from typing_extensions import override

from launcher.standin.kubernetes.drift import live_inputs
from launcher.standin.kubernetes.http_api import HttpApi, NotServed, Rejected, hand_edited
from launcher.standin.kubernetes.kinds import BUILT_IN, Kind
from launcher.standin.kubernetes.readiness import State
from launcher.standin.kubernetes.secret_data import with_data_alone
from launcher.standin.kubernetes.target import Manifest, NotReady, Operation, Refused, Target
from launcher.standin.kubernetes.waiting import Awaited, annotation, judged, until_gone, until_ready

_APPLY = "application/apply-patch+yaml"
_RETRIES_SECONDS = (0.25, 0.5, 1, 2, 2, 2, 4, 4, 8, 8)
"""Pauses before each further try of a create whose namespace or definition isn't there yet: half a minute in all."""
_NOT_FOUND, _CONFLICT = 404, 409
_PROPAGATION = {"orphan": "Orphan", "background": "Background"}
_BUILT_IN = {(kind.api_version, kind.name): kind for kind in BUILT_IN.values()}


@dataclass(frozen=True)
class ApiServer(Target):
    """Objects on one cluster."""

    api: HttpApi
    upsert: bool = False
    """Whether to create means to take over what is already there (the provider's `upsertExistingObjects`)."""
    force: bool = False
    """Whether to take every field from whoever owns it (the provider's `enablePatchForce`)."""

    @override
    def create(self, manifest: Manifest, operation: Operation) -> Manifest:
        """Applies a new object and waits until it is ready.

        An object that is already there is refused, since taking it over could lose somebody's work; unless this very
        resource applied it, in a run that ended before the engine could write it down. (That shows in managedFields, so
        not of an object that sets no field at all.)
        """
        if operation.preview:
            return self._previewed_create(manifest, operation)
        live = self._with_retries(manifest, operation)
        return until_ready(self.api, self._awaited(live), manifest, operation)

    def _with_retries(self, manifest: Manifest, operation: Operation) -> Manifest:
        for pause in (*_RETRIES_SECONDS, None):
            try:
                self._refuse_existing(manifest, operation)
                return self._apply(manifest, operation)
            except (NotServed, Rejected) as error:
                missing = isinstance(error, NotServed) or error.code == _NOT_FOUND
                if not missing or pause is None or operation.cancelled.wait(pause):
                    raise Refused(_explained(manifest, error)) from error
                operation.status(f"trying again: {error}")
        raise AssertionError("the last try returns or raises")

    def _refuse_existing(self, manifest: Manifest, operation: Operation) -> None:
        live = None if self.upsert else self._get(manifest)
        if live is None:
            return
        managed = live["metadata"].get("managedFields") or []
        if any(entry.get("manager") == operation.field_manager for entry in managed):
            operation.warn(f"{_named(manifest)} was left by an interrupted run of this stack: taken up again")
            return
        raise Refused(
            f"{_named(manifest)} already exists, so it isn't created: this stack doesn't manage it. Delete it, "
            "or import it, or set the provider's upsertExistingObjects to take it over. If its Pulumi resource "
            "was renamed, give the new one an alias."
        )

    def _previewed_create(self, manifest: Manifest, operation: Operation) -> Manifest:
        """The inputs, after the API server has judged them where it can.

        It can't before the namespace and the definition exist, nor where an object of that name is to be replaced.
        """
        try:
            if self._get(manifest) is None:
                self._apply(manifest, operation)
        except NotServed:
            pass
        except Rejected as rejection:
            if rejection.code != _NOT_FOUND:
                raise Refused(_explained(manifest, rejection)) from rejection
        return manifest

    @override
    def update(self, old: Manifest, manifest: Manifest, operation: Operation) -> Manifest:
        """Applies the new fields and waits until the object is ready."""
        try:
            live = self._apply(manifest, operation)
        except (NotServed, Rejected) as error:
            if operation.preview and (isinstance(error, NotServed) or error.code == _NOT_FOUND):
                return manifest
            raise Refused(_explained(manifest, error)) from error
        if operation.preview:
            return live
        return until_ready(self.api, self._awaited(live), manifest, operation)

    @override
    def read(self, manifest: Manifest) -> Manifest | None:
        """The live object. Raises NotReady where the engine should know that it isn't well."""
        try:
            live = self._get(manifest)
        except NotServed:
            return None
        except Rejected as rejection:
            raise Refused(_explained(manifest, rejection)) from rejection
        if live is None:
            return None
        found = judged(self.api, live, manifest)
        if found.state is not State.READY:
            raise NotReady(live, [f"{_named(manifest)} is not ready: {found.reason}"])
        return live

    @override
    def drifted(self, inputs: Manifest, live: Manifest) -> Manifest:
        """The inputs, with what the fields that they set are now."""
        return live_inputs(inputs, live)

    @override
    def delete(self, manifest: Manifest, operation: Operation) -> None:
        """Deletes the object, its dependents first unless an annotation says otherwise, and waits until it is gone."""
        policy = _PROPAGATION.get(annotation(manifest, "deletionPropagationPolicy").lower(), "Foreground")
        try:
            path = self._path(manifest)
            self.api.request("DELETE", path, body={"propagationPolicy": policy})
        except NotServed:
            return
        except Rejected as rejection:
            if rejection.code == _NOT_FOUND:
                return
            raise Refused(_explained(manifest, rejection)) from rejection
        until_gone(self.api, Awaited(path, _uid(manifest), _named(manifest)), manifest, operation)

    def _path(self, manifest: Manifest) -> str:
        return self.api.path(_kind(manifest), manifest["metadata"].get("namespace"), manifest["metadata"]["name"])

    def _awaited(self, live: Manifest) -> Awaited:
        return Awaited(self._path(live), _uid(live), _named(live), live)

    def _get(self, manifest: Manifest) -> Manifest | None:
        try:
            return self.api.request("GET", self._path(manifest))
        except Rejected as rejection:
            if rejection.code == _NOT_FOUND:
                return None
            raise

    def _apply(self, manifest: Manifest, operation: Operation) -> Manifest:
        path, body = self._path(manifest), with_data_alone(manifest)
        parameters = {"fieldManager": operation.field_manager, "fieldValidation": "Strict"}
        if operation.preview:
            parameters["dryRun"] = "All"
        if self.force or annotation(manifest, "patchForce") == "true":
            parameters["force"] = "true"
        try:
            return self._patch(path, body, parameters, operation)
        except Rejected as rejection:
            fields = hand_edited(rejection) if rejection.code == _CONFLICT else None
            if fields is None:
                raise
        operation.warn(f"{_named(manifest)}: restored what was changed by hand: {', '.join(fields)}")
        return self._patch(path, body, {**parameters, "force": "true"}, operation)

    def _patch(self, path: str, body: Manifest, parameters: dict[str, str], operation: Operation) -> Manifest:
        return self.api.request(
            "PATCH", path, body=body, parameters=parameters, content_type=_APPLY, warn=operation.warn
        )


def _kind(manifest: Manifest) -> Kind:
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    return _BUILT_IN.get((api_version, kind)) or Kind(api_version, kind, plural=None, namespaced=None)


def _uid(live: Manifest) -> str | None:
    return live["metadata"].get("uid")


def _named(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    inside = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{manifest['kind']} {inside}{metadata['name']}"


def _explained(manifest: Manifest, error: NotServed | Rejected) -> str:
    what = _named(manifest)
    if isinstance(error, NotServed):
        return f"{what} was not applied: {error}. Install its CustomResourceDefinition first, and depend on it."
    words = f"{what} was refused by the API server: {error}"
    if error.code == _CONFLICT and any(cause.get("reason") == "FieldManagerConflict" for cause in error.causes):
        words += (
            "\nAnother controller owns these fields. Leave them out of the program, or set the annotation "
            "pulumi.com/patchForce to take them."
        )
    return words
