//! The documents that a host sends: JSON:API as HCP Terraform's OpenAPI
//! document describes it, each flavour with its own habits within that.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::contract::Settings;
use super::host::Flavour;
use super::ids::{external_id, service_name, team_id, user_id};
use super::seed::{Access, Flag};
use super::world::{Organization, Principal, TokenView};
use crate::slot::{Creator, Kind};

fn time(flavour: Flavour, time: Timestamp) -> Value {
    json!(match flavour {
        Flavour::Hcp => format!("{time:.3}"),
        Flavour::Enterprise => format!("{time:.0}"),
        Flavour::Bare => time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
    })
}

/// A token's document; `secret` only in the answer that made it.
pub(super) fn token(settings: &Settings, view: &TokenView, secret: Option<&str>) -> Value {
    let flavour = settings.flavour;
    let mut attributes = Map::new();
    attributes.insert("created-at".into(), time(flavour, view.created_at));
    for (name, value) in [
        ("last-used-at", view.last_used_at),
        ("expired-at", view.expires_at),
    ] {
        attributes.insert(
            name.into(),
            value.map_or(Value::Null, |at| time(flavour, at)),
        );
    }
    attributes.insert("description".into(), Value::Null);
    // Null, empty or absent: servers differ where there is nothing to show.
    let token = match (secret, flavour) {
        (Some(secret), _) => json!(secret),
        (None, Flavour::Hcp) => Value::Null,
        (None, _) => json!(""),
    };
    attributes.insert("token".into(), token);
    if flavour == Flavour::Bare {
        attributes.retain(|_, value| !value.is_null() && value != "");
    }
    let creator = view.created_by.as_ref().map(|creator| match creator {
        Creator::User { id, .. } => ("users", id),
        Creator::Team { id, .. } => ("teams", id),
        Creator::Organization { id } => ("organizations", id),
    });
    // The OpenAPI document refuses a null here that real servers may send; only
    // the flavour that it does not describe sends one.
    let mut relationships = Map::new();
    if let Some((kind, id)) = creator {
        relationships.insert(
            "created-by".into(),
            json!({
                "data": { "id": id, "type": kind },
                "links": { "related": settings.link(&format!("{kind}/{id}")) },
            }),
        );
    } else if flavour == Flavour::Bare {
        relationships.insert("created-by".into(), json!({ "data": null }));
        relationships.insert("team".into(), Value::Null);
    }
    json!({ "data": {
        "id": view.id,
        "type": "authentication-tokens",
        "attributes": attributes,
        "relationships": relationships,
    }})
}

/// One organization, as in a list or alone.
pub(super) fn organization(
    settings: &Settings,
    organization: &Organization,
    access: Access,
) -> Value {
    let name = &organization.name;
    let path = format!("organizations/{name}");
    let owner = access == Access::Owner;
    let mut attributes = json!({
        "external-id": external_id(name),
        "created-at": time(settings.flavour, organization.created_at),
        "email": organization.email(),
        "name": name,
        "session-timeout": null,
        "session-remember": null,
        "collaborator-auth-policy": "password",
        "plan-expired": false,
        "plan-expires-at": null,
        "cost-estimation-enabled": false,
        "saml-enabled": false,
        "owners-team-saml-role-id": null,
        "two-factor-conformant": true,
        "default-execution-mode": "remote",
    });
    if organization.flag != Flag::Omitted {
        attributes["permissions"] = json!({
            "can-update": owner,
            "can-destroy": owner,
            "can-update-api-token": owner && organization.flag == Flag::True,
            "can-access-via-teams": true,
            "can-create-team": owner,
            "can-create-workspace": owner,
            "can-manage-users": owner,
            "can-traverse": true,
        });
    }
    let mut relationships = json!({
        "authentication-token": { "links": { "related": settings.link(&format!("{path}/authentication-token")) } },
        "entitlement-set": {
            "data": { "id": external_id(name), "type": "entitlement-sets" },
            "links": { "related": settings.link(&format!("{path}/entitlement-set")) },
        },
    });
    if settings.flavour == Flavour::Hcp {
        relationships["audit-trails-authentication-token"] = json!({
            "links": { "related": settings.link(&format!("{path}/authentication-token?token=audit-trails")) }
        });
    }
    json!({
        "id": name,
        "type": "organizations",
        "attributes": attributes,
        "relationships": relationships,
        "links": { "self": settings.link(&path) },
    })
}

/// What an organization may use.
pub(super) fn entitlements(settings: &Settings, organization: &Organization) -> Value {
    let name = &organization.name;
    json!({ "data": {
        "id": external_id(name),
        "type": "entitlement-sets",
        "attributes": {
            "agents": true,
            "audit-logging": organization.audit_logging,
            "cost-estimation": true,
            "operations": true,
            "policy-limit": 5.0,
            "private-module-registry": true,
            "run-task-limit": 1.0,
            "sso": true,
            "state-storage": true,
            "teams": true,
            "user-limit": 500.0,
            "vcs-integrations": true,
        },
        "links": { "self": settings.link(&format!("organizations/{name}/entitlement-set")) },
    }})
}

/// The limits of an organization's tokens.
pub(super) fn policies(settings: &Settings, organization: &Organization) -> Value {
    let entries: Vec<Value> = [
        (Kind::Organization, "organization"),
        (Kind::AuditTrails, "audit_trails"),
    ]
    .into_iter()
    .filter_map(|(kind, word)| {
        let limit = organization.policy(kind)?;
        Some(json!({
            "id": format!("ottp-{}-{word}", external_id(&organization.name)),
            "type": "organization-token-ttl-policies",
            "attributes": {
                "token-type": word,
                "max-ttl-ms": u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                "created-at": time(settings.flavour, organization.created_at),
                "updated-at": time(settings.flavour, organization.created_at),
            },
        }))
    })
    .collect();
    json!({ "data": entries })
}

/// Any user, by name.
pub(super) fn user(settings: &Settings, name: &str) -> Value {
    let id = user_id(name);
    json!({ "data": {
        "id": id,
        "type": "users",
        "attributes": {
            "username": name,
            "is-service-account": false,
            "avatar-url": null,
            "v2-only": true,
        },
        "links": { "self": settings.link(&format!("users/{id}")) },
    }})
}

/// A team, by name.
pub(super) fn team(settings: &Settings, name: &str, organization: &str) -> Value {
    let id = team_id(organization, name);
    json!({ "data": {
        "id": id,
        "type": "teams",
        "attributes": { "name": name, "users-count": 3, "visibility": "organization" },
        "relationships": {
            "organization": { "data": { "id": organization, "type": "organizations" } },
        },
        "links": { "self": settings.link(&format!("teams/{id}")) },
    }})
}

/// The account behind a credential. `token` is the id of the organization token
/// that authenticates, if one does. The flavours tell an organization's own
/// token in the three ways of PROTOCOL.md, 4.
pub(super) fn account(settings: &Settings, who: &Principal, token: Option<&str>) -> String {
    let (name, service, resource) = match who {
        Principal::User(name) => (name.clone(), false, ("users", user_id(name))),
        Principal::Owners(organization) => (
            format!("api-team-{}", team_id(organization, "owners")),
            true,
            ("teams", team_id(organization, "owners")),
        ),
        Principal::Organization(organization) | Principal::AuditTrails(organization) => (
            service_name(organization),
            true,
            ("organizations", organization.clone()),
        ),
    };
    let id = user_id(&name);
    let own = settings.link(&format!("users/{id}"));
    let mut data = json!({
        "id": id,
        "type": "users",
        "attributes": {
            "username": name,
            "is-service-account": service,
            "avatar-url": null,
            "v2-only": true,
            "permissions": { "can-create-organization": false, "can-change-email": !service },
        },
        "links": { "self": own },
    });
    if !service {
        data["attributes"]["email"] = json!(format!("{name}@demo.example"));
        data["attributes"]["two-factor"] = json!({ "enabled": true, "verified": true });
    }
    if settings.flavour != Flavour::Bare
        && let Some(token) = token
    {
        data["links"]["auth-token"] =
            json!(settings.link(&format!("authentication-tokens/{token}")));
    }
    if settings.flavour != Flavour::Hcp {
        return json!({ "data": data }).to_string();
    }
    data["relationships"] = json!({
        "authentication-tokens": { "links": { "related": settings.link(&format!("users/{id}/authentication-tokens")) } },
        "authenticated-resource": {
            "data": { "id": resource.1, "type": resource.0 },
            "links": { "related": settings.link(&format!("{}/{}", resource.0, resource.1)) },
        },
    });
    // HashiCorp's own sample carries `links` twice.
    format!(
        r#"{{"data":{{"links":{},{}}}"#,
        json!({ "self": own }),
        &data.to_string()[1..]
    )
}
