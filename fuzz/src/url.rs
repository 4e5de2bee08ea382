//! URLs and their parameters: read or refused, never with a secret in the message.

use respipe_core::url::{Place, Url, UrlError};

/// What stands in for a password.
const SECRET: &str = "hunter2s3cret";

/// Reads these bytes as a URL, and as what follows the place of one.
///
/// # Panics
/// If reading it panics, gives what it should refuse, or shows a password.
pub fn target(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    check(&text);
    check(&format!("redis://localhost?{text}"));
    check(&format!("redis://:{SECRET}@{text}"));
    check(&format!("redis://{text}:{SECRET}@localhost"));
    check(&format!("unix:///s?password={SECRET}&{text}"));
}

fn check(text: &str) {
    let read: Result<Url, UrlError> = text.parse();
    let shown = match &read {
        Ok(url) => format!("{url:?} {}", url.place.to_string().len()),
        Err(error) => format!("{error:?} {error}"),
    };
    // In the place it is what somebody took for a host or a path, which is no secret.
    let in_place = match &read {
        Ok(url) => url.place.to_string().contains(SECRET) || is_elsewhere(url),
        Err(_) => false,
    };
    assert!(in_place || !shown.contains(SECRET), "{shown}");
    if let Ok(url) = read {
        accepted(&url);
        let again: Url = text.parse().expect("as before");
        assert_eq!(url, again);
    }
}

/// A parameter that is no secret holds it.
fn is_elsewhere(url: &Url) -> bool {
    url.login.username.contains(SECRET) || url.login.client_name.contains(SECRET)
}

fn accepted(url: &Url) {
    match &url.place {
        Place::Tcp { host, port } => assert!(!host.is_empty() && *port > 0),
        Place::Unix { path } => assert!(path.starts_with('/') && !url.tls),
    }
    assert!(!url.login.client_name.contains([' ', '\n']));
    let sizes = url.tuning.sizes;
    assert!(sizes.tx > 0 && sizes.rx > 0 && sizes.depth > 0);
}
