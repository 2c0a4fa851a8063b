//! Ten thousand organizations feel like ten.

use orgward::demo::{Flavour, OrganizationSeed};

use super::support::{Exit, Owner};

#[test]
fn ten_thousand_organizations_are_listed_walked_and_filtered_while_they_are_read() {
    let seeds = (0..10_000).map(|n| OrganizationSeed::new(&format!("org-{n:05}")));
    let owner = Owner::with(Flavour::Enterprise, seeds.collect());
    owner.host.set_limit(None);
    let program = owner.program().start();
    program.wait_for("10000 organizations");
    program.press("G").wait_for("org-09999");
    program.press("g").wait_for("org-00000");
    program.press("/").wait_for("Enter keep");
    program.type_text("07777").wait_for("1 of 10000");
    program.enter().wait_gone("Enter keep");
    program.wait_until("it is read", |screen| {
        screen.contains("org-07777") && screen.row_with("org-07777").contains("none")
    });
    // Vanished and new ones.
    owner.host.remove_organization("org-07777");
    owner
        .host
        .add_organization(OrganizationSeed::new("new-077770"))
        .unwrap();
    program.press("R");
    program.wait_until("the new one in its place", |screen| {
        screen.contains("new-077770") && !screen.contains("org-07777")
    });
    program.press("q");
    assert_eq!(program.wait_exit(), Exit::Code(0));
}
