//! One row of the list.
//!
//! A row is small: what was read lies behind it and is shared with the fleet's
//! memory, so that a further organization costs some hundred bytes and not
//! thousands.

use std::sync::Arc;

use jiff::Timestamp;

use super::AccountId;
use crate::app::EffectId;
use crate::slot::{Creator, Found, Kind, Reading, Slot, State, Token};

/// One slot and what is known of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which slot.
    pub slot: Slot,
    /// The host entry that sees it.
    pub account: AccountId,
    /// The last look at it.
    pub reading: Option<Arc<Reading>>,
    /// What an earlier run saw, until this one has looked: to be shown as old,
    /// and never to be acted on.
    pub old: Option<Arc<Reading>>,
    /// The look that is on its way.
    pub pending: Option<EffectId>,
    /// Whether it is to be looked at (again) as soon as there is room.
    pub wanted: bool,
    /// Whether its owner has marked it.
    pub marked: bool,
    /// Whether the last look asked for the policy as well.
    pub(super) policy: bool,
    /// Whether its organization has a place for an audit trail token, which gets
    /// a row as soon as somebody looks.
    pub(super) audit_trails: bool,
    /// What an earlier run saw of that token, until its row is there.
    pub(super) old_audit_trails: Option<Arc<Reading>>,
    /// Whether the row is an audit trail token's that an earlier run saw, and its
    /// host has not shown yet in this one that it has such tokens: it is asked
    /// for nothing.
    pub(super) unproven: bool,
    pub(super) state: State,
}

impl Row {
    /// A slot of which nothing is known in this run.
    pub(super) fn new(
        slot: Slot,
        account: AccountId,
        old: Option<Arc<Reading>>,
        wanted: bool,
    ) -> Self {
        Self {
            slot,
            account,
            reading: None,
            old,
            pending: None,
            wanted,
            marked: false,
            policy: false,
            audit_trails: false,
            old_audit_trails: None,
            unproven: false,
            state: State::Reading,
        }
    }

    /// Whether a look is due.
    pub(super) fn is_due(&self) -> bool {
        self.wanted && !self.unproven
    }

    /// The state that the row was sorted and drawn by.
    pub fn state(&self) -> State {
        self.state
    }

    /// What can be shown: the last look, else that of an earlier run.
    pub fn last_known(&self) -> Option<&Reading> {
        self.reading.as_deref().or(self.old.as_deref())
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.last_known().and_then(Reading::token)
    }

    /// When the token dies, if it does and that is known.
    pub(in crate::app) fn ends_at(&self) -> Option<Timestamp> {
        self.last_known()?.ends_at()?.at()
    }

    /// Who generated the token, to be compared.
    pub(super) fn creator(&self) -> Option<impl Ord> {
        self.token()?.created_by.as_ref().map(Creator::order)
    }

    /// Whether the policy was left out that an owner who looks at the row wants
    /// to see.
    pub(super) fn lacks_policy(&self) -> bool {
        let matters = |reading: &Reading| match reading.found {
            Found::Token(_) | Found::None => true,
            // Its reason may be the organization's plan.
            Found::Unclear => self.slot.kind == Kind::AuditTrails,
            _ => false,
        };
        !self.policy && !self.wanted && self.reading.as_deref().is_some_and(matters)
    }

    /// Why there is nothing to show but words.
    pub fn words(&self) -> Option<&str> {
        let reading = self.reading.as_ref()?;
        match reading.found {
            Found::Token(_) => None,
            // Why one cannot be had, if that is known.
            Found::None => reading.note.as_deref(),
            _ => Some(
                reading
                    .note
                    .as_deref()
                    .unwrap_or_else(|| self.state.meaning()),
            ),
        }
    }
}
