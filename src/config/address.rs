//! Where a host is: its name, and the address that replaces its discovery. Plain
//! `http` leads nowhere but to this machine, or the credential would travel open.

use url::Url;

use super::hostname;
use crate::slot::Host;

/// The host of a `name`, and the address when it is the short form for this
/// machine.
pub(super) fn host_name(text: &str) -> Result<(Host, Option<Url>), String> {
    if !text.to_ascii_lowercase().starts_with("http://") {
        return hostname::parse(text)
            .map(|host| (host, None))
            .map_err(|error| error.to_string());
    }
    let url = Url::parse(text).map_err(|_| hostname::HostNameError::BadAddress.to_string())?;
    if !hostname::is_loopback(&url) {
        return Err(
            "http is only for this machine (127.0.0.0/8, [::1], localhost); \
             write the bare host, which is reached by https"
                .to_owned(),
        );
    }
    if url.path() != "/" || has_extras(&url) {
        return Err(
            "the short form is http://127.0.0.1:PORT alone; write a path as address = \"…\""
                .to_owned(),
        );
    }
    let host = hostname::of_url(&url).ok_or(hostname::HostNameError::BadAddress.to_string())?;
    let address = url.join("/api/v2/").map_err(|error| error.to_string())?;
    Ok((host, Some(address)))
}

fn has_extras(url: &Url) -> bool {
    !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
}

/// An `address`; nothing of it is repeated in an error, it may hold a password.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text)
        .map_err(|error| format!("this is not an address ({error}); write https://HOST/api/v2/"))?;
    match url.scheme() {
        "https" => {}
        "http" if hostname::is_loopback(&url) => {}
        "http" => {
            return Err(
                "http is only for this machine (127.0.0.0/8, [::1], localhost); write https://"
                    .to_owned(),
            );
        }
        _ => return Err("an address begins with https://; write https://HOST/api/v2/".to_owned()),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address names no host; write https://HOST/api/v2/".to_owned());
    }
    if has_extras(&url) {
        return Err(
            "an address holds no user, password, `?` or `#`; write https://HOST/api/v2/".to_owned(),
        );
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}
