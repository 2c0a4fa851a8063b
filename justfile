# What there is to run.
default:
    @just --list

# the program on its embedded host
demo *ARGS:
    cargo run --release -- --demo {{ARGS}}

# format, lints, documentation
check:
    ci/check

# every test that needs nothing but Rust
test:
    ci/test

# the tests with real clipboards, keyrings, tmux and contract (ci/install brings them)
real:
    ci/real

# start, keys, memory, wake-ups, size and full reads beside their budgets
speed *ARGS:
    cargo build --release -p orgward -p orgward-bare
    cargo bench --bench program -- {{ARGS}}

# everything, as before a change lands
ci:
    .ci/run

# the Debian package, installed (as root) or unpacked, and started
package:
    ci/package

# licences, advisories and sources of the tree (needs cargo-deny)
deny:
    cargo deny check

# dependencies that nothing uses (needs cargo-machete)
machete:
    cargo machete

# one target of fuzz/ for some time (needs cargo-fuzz and a nightly toolchain)
fuzz TARGET SECONDS="600":
    cargo +nightly fuzz run {{TARGET}} -- -max_total_time={{SECONDS}}

# the pictures of the README
pictures:
    cargo run --example screenshots
