//! Names the folders that the server embeds and rustc does not track: migrations and, in a release build, the site.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    // A development build reads the site from disk at run time.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../target/site");
    }
}
