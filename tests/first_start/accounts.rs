//! Two entries of one host.

use super::support::{Exit, Owner, select};
use super::{entry, start_with, wait_for_rows};

#[test]
fn an_organization_that_two_accounts_see_is_one_row_of_the_first() {
    let owner = Owner::new();
    let account = |name: &str, more: &str| {
        entry(
            &owner,
            &format!("account = \"{name}\"\ncredential = {{ env = \"OWNER_CREDENTIAL\" }}\n{more}"),
        )
    };
    // The second lists more, and its answers may well come first.
    let config = account("prod", "organizations = [\"acme\"]") + &account("other", "");
    let program = start_with(&owner, &config);
    wait_for_rows(&program);
    program.wait_for("1 host").wait_for("4 organizations");
    select(&program, "acme");
    program.wait_for("account prod");
    program.esc();
    select(&program, "platform");
    program.wait_for("account other");
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}
