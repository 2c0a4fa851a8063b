//! Ids, which belong to a name and stay the same from start to start, and
//! secrets, which never do.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// SHA-256 of a secret.
pub(super) type Digest = [u8; 32];

/// A user's id.
pub(super) fn user_id(name: &str) -> String {
    format!("user-{}", letters(&format!("user {name}"), 16))
}

/// A team's id.
pub(super) fn team_id(organization: &str, team: &str) -> String {
    format!(
        "team-{}",
        letters(&format!("{organization} team {team}"), 16)
    )
}

/// An organization's external id.
pub(super) fn external_id(organization: &str) -> String {
    format!(
        "org-{}",
        letters(&format!("organization {organization}"), 16)
    )
}

/// The name of an organization's service account.
pub(super) fn service_name(organization: &str) -> String {
    format!(
        "api-org-{organization}-{}",
        letters(&format!("service {organization}"), 10)
    )
}

/// SHA-256 of a secret.
pub(super) fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Letters and digits that belong to a text: ids stay the same from start to start.
pub(super) fn letters(text: &str, count: usize) -> String {
    digest(text)
        .iter()
        .take(count)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

/// A new secret in the shape of HashiCorp's: 14 characters, `.atlasv1.`, 67 more.
pub(super) fn random_secret() -> Result<Zeroizing<String>, getrandom::Error> {
    const HEAD: usize = 14;
    const MARK: &str = ".atlasv1.";
    const LENGTH: usize = HEAD + MARK.len() + 67;
    // Reserved at once: a buffer that grows leaves copies behind.
    let mut secret = Zeroizing::new(String::with_capacity(LENGTH));
    let mut random = Zeroizing::new([0u8; 128]);
    while secret.len() < LENGTH {
        getrandom::fill(&mut *random)?;
        // Beyond 248, the largest multiple of 62, the first letters would come
        // more often.
        for byte in random.iter().filter(|byte| **byte < 248) {
            if secret.len() == HEAD {
                secret.push_str(MARK);
            }
            if secret.len() < LENGTH {
                secret.push(char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
            }
        }
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_the_known_shape_and_differ() {
        let one = random_secret().unwrap();
        let two = random_secret().unwrap();
        assert_ne!(*one, *two);
        let (head, tail) = one.split_once(".atlasv1.").unwrap();
        assert_eq!((head.len(), tail.len()), (14, 67));
        assert!(
            head.bytes()
                .chain(tail.bytes())
                .all(|b| b.is_ascii_alphanumeric())
        );
    }
}
