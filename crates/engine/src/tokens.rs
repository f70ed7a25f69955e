//! Clients' tokens: which operation a submission became, for a client whose connection broke.

use std::collections::{BTreeMap, VecDeque};

use mainstay_types::{OperationId, Status};

use crate::limits::TOKENS_MAX;

/// The tokens of the last accepted operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    by_token: BTreeMap<(String, String), OperationId>,
    by_operation: BTreeMap<OperationId, ((String, String), Option<Status>)>,
    order: VecDeque<OperationId>,
}

impl Tokens {
    /// The operation of an account's token, and the answer if there was one.
    pub(crate) fn find(&self, account: &str, token: &str) -> Option<(OperationId, Option<Status>)> {
        if token.is_empty() {
            return None;
        }
        let id = *self.by_token.get(&(account.to_owned(), token.to_owned()))?;
        Some((id, self.by_operation.get(&id)?.1))
    }

    /// Remembers a token; the oldest is forgotten when there are too many.
    pub(crate) fn remember(&mut self, account: &str, token: &str, id: OperationId) {
        if token.is_empty() || self.by_operation.contains_key(&id) {
            return;
        }
        if self.order.len() >= TOKENS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.forget(oldest);
        }
        let key = (account.to_owned(), token.to_owned());
        self.by_token.insert(key.clone(), id);
        self.by_operation.insert(id, (key, None));
        self.order.push_back(id);
    }

    /// The operation's callers were answered.
    pub(crate) fn answered(&mut self, id: OperationId, status: Status) {
        if let Some((_, answer)) = self.by_operation.get_mut(&id) {
            answer.get_or_insert(status);
        }
    }

    /// The operation was not accepted.
    pub(crate) fn forget(&mut self, id: OperationId) {
        if let Some((key, _)) = self.by_operation.remove(&id) {
            self.by_token.remove(&key);
            self.order.retain(|known| *known != id);
        }
    }
}
