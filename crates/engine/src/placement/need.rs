//! Which groups need a node, and why. Without a cause nothing moves.
//!
//! ```text
//!   no owner ──────────────────────────► NoOwner
//!   owner Down ────────────────────────► NodeLost        owner Joining ─► stays: it comes back
//!   owner there ── failed, asked away ─► Failed, Asked
//!               ── under way, Pending ─► stays
//!               ── drain, quarantine ──► Drain, Quarantine
//!               ── runs ───────────────► stays (failback is looked at last)
//!               ── offline, wanted ────► ToStart         while something is still to start it, or somebody asked
//! ```

use mainstay_types::{GroupState, NodeState};

use super::board::Board;
use super::decision::{Cause, Stay};
use super::situation::{Activity, Wish};

/// What a group needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    /// Nothing.
    Stay(Stay),
    /// A node.
    Node {
        /// Why.
        cause: Cause,
        /// Whether it is to run there.
        start: bool,
    },
}

/// What this group needs.
pub(super) fn need(board: &Board, index: usize) -> Need {
    let slot = &board.groups[index];
    let group = slot.group;
    // By name it is started whatever its priority is.
    let is_asked = group.wish == Wish::Start;
    let starts = group.wanted && (group.terms.priority > 0 || is_asked);
    let Some(owner) = slot.owner else { return Need::Node { cause: Cause::NoOwner, start: starts } };
    let node = board.nodes[owner].node;
    match node.membership {
        NodeState::Down => return Need::Node { cause: Cause::NodeLost, start: starts },
        NodeState::Joining => return Need::Stay(Stay::NodeJoins),
        NodeState::Up | NodeState::Paused => {}
    }
    let runs = board.runs(index);
    let leaves = |cause| Need::Node { cause, start: runs || starts };
    match group.wish {
        Wish::FailOver => return leaves(Cause::Failed),
        _ if group.activity != Activity::None || group.state == GroupState::Pending => {
            return Need::Stay(Stay::Underway);
        }
        Wish::MoveTo(target) if target == node.id => return Need::Stay(Stay::AlreadyThere),
        Wish::MoveAway | Wish::MoveTo(_) => return leaves(Cause::Asked),
        Wish::None | Wish::Start => {}
    }
    if node.draining {
        return leaves(Cause::Drain);
    }
    if node.quarantined {
        return leaves(Cause::Quarantine);
    }
    match group.state {
        GroupState::Failed => Need::Stay(Stay::Failed),
        _ if runs => Need::Stay(Stay::Runs),
        _ if !group.wanted => Need::Stay(Stay::NotWanted),
        _ if !starts => Need::Stay(Stay::NotAutomatic),
        _ if !group.starts_itself && !is_asked => Need::Stay(Stay::NotStarted),
        _ => Need::Node { cause: Cause::ToStart, start: true },
    }
}
