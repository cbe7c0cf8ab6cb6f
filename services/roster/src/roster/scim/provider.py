"""What the door announces: resource types, limits and how it reads what departs from the RFCs."""

from __future__ import annotations

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Pagination,
    Patch,
    ResourceType,
    SchemaExtension,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)

from roster.scim.models import ENTERPRISE_SCHEMA, ROSTER_SCHEMA, EnterpriseUser, Group, RosterUser
from roster.scim.models import User as BareUser

PAGE, PAGE_MAX = 100, 200
CURSOR_SECONDS = 3600
BULK_OPERATIONS_MAX = 1000
BULK_BYTES_MAX = 4 * 1024 * 1024
BODY_BYTES_MAX = 1024 * 1024
USER, GROUP = "User", "Group"


def create_provider() -> ScimProvider:
    """Users, groups and both extensions.

    Unknown attributes are dropped instead of refused, and PATCH is read as Entra ID writes it.
    """
    return ScimProvider(
        models=[BareUser, EnterpriseUser, RosterUser, Group],
        resource_types=[_users(), _groups()],
        config=_config(),
        policy=ScimPolicy(
            unknown=ScimPolicy.Unknown.ignore,
            remove_value_as_filter=ScimPolicy.RemoveValue.apply,
            unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
        ),
    )


def _users() -> ResourceType:
    return ResourceType(
        id=USER,
        name=USER,
        endpoint="/Users",
        description="People, as the source of the token reports them",
        schema_=str(BareUser.__schema__),
        schema_extensions=[
            SchemaExtension(schema_=ENTERPRISE_SCHEMA, required=False),
            SchemaExtension(schema_=ROSTER_SCHEMA, required=False),
        ],
    )


def _groups() -> ResourceType:
    return ResourceType(
        id=GROUP,
        name=GROUP,
        endpoint="/Groups",
        description="Departments; membership is an appointment",
        schema_=str(Group.__schema__),
    )


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(
            supported=True, max_operations=BULK_OPERATIONS_MAX, max_payload_size=BULK_BYTES_MAX
        ),
        filter=Filter(supported=True, max_results=PAGE_MAX),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=PAGE,
            max_page_size=PAGE_MAX,
            cursor_timeout=CURSOR_SECONDS,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token made by `roster scim token create`, with scopes.",
                primary=True,
            )
        ],
    )
