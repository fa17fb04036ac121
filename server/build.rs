//! Rebuilds when the site changes: its files become part of the release binary.

fn main() {
    println!("cargo::rerun-if-changed=../target/site");
}
