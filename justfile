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

# everything, as before a change lands
ci:
    .ci/run
