"""Moving a release tag of a Workflow Deployment to another release."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import quote

from duologue.errors import ParticipantError, UsageError
from duologue.participants.error_context import ErrorContext
from duologue.participants.vellum_deployment import NO_RETRIES, VellumClient, vellum_client
from duologue.participants.vellum_errors import converted, deployment_remedies

Answer = TypeVar("Answer")


async def tagged_release(deployment: str, tag: str) -> str:
    """Returns the id of the release that a tag points to.

    Raises:
        UsageError: there is no such deployment or tag, or the key may not read it.
    """
    async with vellum_client(max_concurrency=1) as client:
        found = await _asked(
            client,
            deployment,
            "may read release tags",
            lambda: client.sdk.workflow_deployments.retrieve_workflow_release_tag(
                quote(deployment, safe=""), quote(tag, safe=""), request_options=NO_RETRIES
            ),
        )
    return found.release.id


async def move_release_tag(deployment: str, tag: str, release_id: str) -> None:
    """Lets a tag point to a release.

    Args:
        deployment: its name or id.
        tag: an existing release tag.
        release_id: sent as the history item's id, which Vellum's description calls the older name
            of a release.

    Raises:
        UsageError: there is no such deployment, tag or release, or the key may not move it; or the
            tag points elsewhere afterwards.
    """
    async with vellum_client(max_concurrency=1) as client:
        moved = await _asked(
            client,
            deployment,
            "may move release tags",
            lambda: client.sdk.workflow_deployments.update_workflow_release_tag(
                quote(deployment, safe=""),
                quote(tag, safe=""),
                history_item_id=release_id,
                request_options=NO_RETRIES,
            ),
        )
    if moved.release.id != release_id:
        raise UsageError(
            f"release tag {tag} of {deployment}: points to release {moved.release.id} after it was "
            f"moved to {release_id}; check it in Vellum"
        )


async def _asked(
    client: VellumClient,
    deployment: str,
    denied: str,
    request: Callable[[], Awaitable[Answer]],
) -> Answer:
    remedies = deployment_remedies("Workflow", denied)
    context = ErrorContext(deployment, client.default_url, [client.api_key], (), remedies)
    try:
        return await converted(request, context)
    except ParticipantError as error:
        raise UsageError(str(error)) from None
