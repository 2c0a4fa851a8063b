//! The readers of answers, as the benchmarks call them: they are no part of the
//! interface, and a benchmark that went through a server would measure that.

use super::documents;

/// Reads the document of a token.
pub fn token(body: &[u8]) -> bool {
    documents::token_answer(body).is_ok()
}

/// Reads a page of a listing; returns how many organizations it has.
pub fn page(body: &[u8]) -> usize {
    documents::page(body).map_or(0, |page| page.organizations.len())
}
