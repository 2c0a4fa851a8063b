//! The audit trail token: a slot of its own, where the host is proven to have
//! one, and no request about it anywhere else.

use jiff::SignedDuration;
use orgward::demo::{Flavour, OrganizationSeed, TokenSeed};
use orgward::slot::Kind;

use super::support::{Exit, Key, Owner, Program, file_when_there, select};

fn asked(owner: &Owner) -> usize {
    let requests = owner.host.requests();
    let about = |query: &str| query.contains("audit-trails");
    requests
        .iter()
        .filter(|request| about(&request.query))
        .count()
}

/// Everything that could lead to such a request.
fn try_all(program: &Program) {
    program
        .press(Key::Tab)
        .wait_for("no host here is known to have audit trail tokens");
    program.press("R").stable();
    program.press("*").press(Key::Tab).stable();
    program.press("n").wait_for("tokens").stable();
    program.esc().stable();
    program.press("d").stable();
    program.esc().stable();
}

#[test]
fn other_hosts_never_get_a_request_about_audit_trail_tokens() {
    for flavour in [Flavour::Enterprise, Flavour::Bare] {
        let token = TokenSeed::new(SignedDuration::from_hours(24));
        let owner = Owner::with(
            flavour,
            vec![
                OrganizationSeed::new("acme").with_token(token),
                OrganizationSeed::new("empty"),
            ],
        );
        let program = owner.start();
        try_all(&program);
        program.esc().esc().press("q");
        assert_eq!(program.wait_exit(), Exit::Code(0));
        assert!(!owner.host.requests().is_empty());
        assert_eq!(asked(&owner), 0);
    }
}

#[test]
fn tab_leads_to_the_audit_trail_token_and_the_organization_token_stays() {
    let token = TokenSeed::new(SignedDuration::from_hours(24));
    let mut acme = OrganizationSeed::new("acme").with_token(token);
    acme.audit_logging = true;
    let owner = Owner::with(Flavour::Hcp, vec![acme, OrganizationSeed::new("empty")]);
    let program = owner.start();
    // Nobody has looked at them yet.
    assert_eq!(asked(&owner), 0);
    let before = owner.token("acme");
    program.press(Key::Tab).wait_for("audit trail tokens");
    program.wait_until("both rows", |screen| {
        screen.row_with("acme").contains("none")
            && screen.row_with("empty").contains("no audit logging")
    });
    select(&program, "acme");
    program.press("n").wait_for("Generate an audit trail token");
    program
        .wait_for("panel, until")
        .enter()
        .wait_for("••••••••");
    let path = owner.home.path().join("secret");
    program.press("w").wait_for("readable by you alone");
    program.type_text(path.to_str().unwrap()).enter();
    assert!(!file_when_there(&path).is_empty());
    assert!(owner.host.holds("acme", Kind::AuditTrails).is_some());
    assert_eq!(owner.token("acme"), before);
    let posts: Vec<String> = owner
        .host
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST")
        .map(|request| request.query)
        .collect();
    assert_eq!(posts, ["token=audit-trails"]);
}
