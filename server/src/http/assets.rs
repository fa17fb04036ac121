//! The page's own files: inside the binary in a release build, read from the site folder in development.

use std::sync::LazyLock;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use parlor_app::SiteFiles;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use super::{AppState, pages};

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[exclude = "pkg/*.ts*"]
#[exclude = "*.png.*"]
#[allow_missing = true]
struct Site;

/// Files whose name carries a hash of their content never change.
pub(super) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// All others are asked for again, and answered with 304 while they are the same.
const REVALIDATE: &str = "no-cache";

/// Names this build in the addresses of its scripts and wasm, `/pkg/<revision>/<name>`. The hash in a name is not enough:
/// cargo-leptos computes it before it writes the names of other files into the file, so that files of two builds can have
/// one name. The parts of the wasm work with those of their own build only.
static REVISION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Site::iter().filter(|path| is_package(path) && !is_compressed(path)).collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        hash.update(Site::get(&name).map_or([0; 32], |file| file.metadata.sha256_hash()));
    }
    hex(&hash.finalize()[..8])
});

/// The address of a file in `pkg/`. While someone works on the files they change, and the server stays.
fn address(path: &str) -> String {
    match path.strip_prefix("pkg/") {
        Some(name) if !is_watched() => format!("/pkg/{}/{name}", *REVISION),
        _ => format!("/{path}"),
    }
}

/// The file at an address, without the leading `/`. None of another build is given out for one of this.
fn path_of(address: &str) -> String {
    let own = address.strip_prefix("pkg/").and_then(|rest| rest.strip_prefix(REVISION.as_str())?.strip_prefix('/'));
    own.map_or_else(|| address.to_owned(), |name| format!("pkg/{name}"))
}

fn is_watched() -> bool {
    std::env::var_os("LEPTOS_WATCH").is_some()
}

/// The addresses of scripts, wasm and style, as the build named them.
pub(crate) fn site_files() -> SiteFiles {
    let [js, wasm, css] = main_files();
    // Under a name without a hash, and while someone works on the files, a worker would keep what is no longer so.
    let worker = [&js, &wasm, &css].into_iter().all(|path| is_hashed(path)) && !is_watched();
    let loader = named_in(&js, "pkg/__wasm_split.").first().map(|path| address(path));
    SiteFiles { js: address(&js), wasm: address(&wasm), css: address(&css), loader, worker }
}

/// Main script, main wasm and style.
fn main_files() -> [String; 3] {
    let find = |suffix: &str, default: &str| {
        let names = Site::iter().filter(|path| path.starts_with("pkg/parlor") && path.ends_with(suffix));
        // In development the files of the build before may still be there.
        let newest = names.max_by_key(|path| Site::get(path).and_then(|file| file.metadata.last_modified()));
        newest.map_or_else(|| format!("pkg/{default}"), |path| path.into_owned())
    };
    [find(".js", "parlor.js"), find(".wasm", "parlor.wasm"), find(".css", "parlor.css")]
}

/// The files with this prefix that a script names. Those of other builds may lie beside them.
fn named_in(script: &str, prefix: &str) -> Vec<String> {
    let Some(script) = Site::get(script) else { return Vec::new() };
    let text = String::from_utf8_lossy(&script.data);
    let files = Site::iter().filter(|path| path.starts_with(prefix) && !is_compressed(path));
    files.filter(|path| text.contains(path.trim_start_matches("pkg/"))).map(|path| path.into_owned()).collect()
}

/// Everything that a page needs besides its document: the address of each file and the hash of its content. Sorted, so
/// that the same files are the same list.
pub(super) fn page_files() -> Vec<(String, [u8; 32])> {
    let others = Site::iter().filter(|path| !is_package(path) && !is_compressed(path));
    let mut paths: Vec<_> = others.map(|path| path.into_owned()).chain(main_files()).collect();
    for loader in named_in(&main_files()[0], "pkg/__wasm_split.") {
        // The parts of the wasm that load later.
        paths.extend(named_in(&loader, "pkg/").into_iter().filter(|path| path.ends_with(".wasm")));
        paths.push(loader);
    }
    paths.sort();
    let with_hash = |path: String| Some((address(&path), Site::get(&path)?.metadata.sha256_hash()));
    paths.into_iter().filter_map(with_hash).collect()
}

/// Whether the binary has its site files, or can read them.
pub fn is_built() -> bool {
    Site::iter().any(|path| path.ends_with(".wasm"))
}

/// Any path that is no route: a file of the site, or nothing, which who reads pages is told by one.
pub(super) async fn serve(State(app): State<AppState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = &path_of(uri.path().trim_start_matches('/'));
    // A compressed copy is never asked for by its own name.
    if is_compressed(path) {
        return not_found(&app, path, &headers);
    }
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(coding, _)| accepts_coding(accepts, coding))
        .find_map(|(coding, suffix)| Some((coding, Site::get(&format!("{path}{suffix}"))?)));
    let Some(plain) = Site::get(path) else { return not_found(&app, path, &headers) };
    // Each coding is a representation of its own (RFC 9110, section 8.8.3.3).
    let coding = compressed.as_ref().map_or("", |(coding, _)| coding);
    let etag = format!("\"{}{coding}\"", hex(&plain.metadata.sha256_hash()[..16]));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let cache = if is_hashed(path) { IMMUTABLE } else { REVALIDATE };
    let kind = plain.metadata.mimetype().to_owned();
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind };
    let (coding, file) = match compressed {
        Some((coding, file)) => (Some(coding), file),
        None => (None, plain),
    };
    let mut response = body(file).into_response();
    let headers = response.headers_mut();
    for (name, value) in [(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, cache), (header::ETAG, &etag)]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

fn body(file: EmbeddedFile) -> axum::body::Body {
    match file.data {
        // In a release build the bytes are part of the binary: nothing is copied.
        std::borrow::Cow::Borrowed(bytes) => axum::body::Bytes::from_static(bytes).into(),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    }
}

/// A page for who has followed a link, and a line for whatever has asked for a file.
fn not_found(app: &AppState, path: &str, headers: &HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if accepts.contains("text/html") && !is_file {
        return pages::not_found(app, headers);
    }
    (StatusCode::NOT_FOUND, "Not found.\n").into_response()
}

/// Whether the client's build made it.
fn is_package(path: &str) -> bool {
    path.starts_with("pkg/")
}

/// Whether it is the compressed copy of another file.
fn is_compressed(path: &str) -> bool {
    path.ends_with(".br") || path.ends_with(".gz")
}

/// `pkg/parlor.<hash>.js` and the like.
fn is_hashed(path: &str) -> bool {
    path.strip_prefix("pkg/").is_some_and(|name| {
        let mut parts = name.split('.');
        parts.next().is_some() && parts.next().is_some_and(|hash| hash.len() >= 16) && parts.next().is_some()
    })
}

/// Whether an `Accept-Encoding` value (RFC 9110, section 12.5.3) takes this coding.
fn accepts_coding(value: &str, coding: &str) -> bool {
    value.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !words.any(|word| matches!(word.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_at_their_word() {
        assert!(accepts_coding("gzip, deflate, br, zstd", "br"));
        assert!(accepts_coding("br;q=0.5", "br"));
        assert!(!accepts_coding("gzip, br; q=0", "br"));
        assert!(!accepts_coding("", "br") && !accepts_coding("brotli", "br"));
    }

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(is_hashed("pkg/parlor.YVZbM3nkpDxNpJ5yhEdBHg.js"));
        assert!(!is_hashed("pkg/parlor.js") && !is_hashed("favicon.svg") && !is_hashed("pkg/parlor_bg.wasm"));
    }
}
