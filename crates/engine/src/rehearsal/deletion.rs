//! What deleting a group with its resources would come to.
//!
//! It is no single call: whoever deletes a group so tries it, takes the group offline where something of it is not, and
//! tries again. So whatever is in the way for good is told before anything stops.

use mainstay_types::operation::End;
use mainstay_types::plan::CallPlan;
use mainstay_types::{GroupId, Status};

use super::{Asked, Rehearsal};
use crate::command::{Caller, Command, Remark};

impl Rehearsal {
    /// Deletes the group on the copy, and takes it offline before where that has to be. Answers the plan, and what types
    /// would have been asked that nothing is known of.
    pub fn run_deletion(mut self, caller: &Caller, group: GroupId) -> (CallPlan, Vec<Asked>) {
        self.go_on_with_what_is_under_way();
        let delete = Command::DeleteGroup { group, force: true };
        let answer = self.answer_to_next(caller, delete.clone());
        if answer.is_some_and(|answer| answer.status == Status::INVALID_STATE) {
            let (buffer, remark) = (Vec::new(), Remark::default());
            let offline = Command::OfflineGroup { group, flags: 0, buffer, remark };
            let stopping = self.answer_to_next(caller, offline).and_then(|answer| answer.operation);
            let record = stopping.and_then(|id| self.record_of(id));
            if record.is_some_and(|record| record.end == Some(End::Done)) {
                self.prelude = stopping;
                self.answer_to_next(caller, delete);
            }
        }
        let open = std::mem::take(&mut self.open);
        (self.plan(), open)
    }
}
