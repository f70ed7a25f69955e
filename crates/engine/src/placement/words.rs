//! Decisions in words, for people. Everything that is said here is in the data too.

use std::fmt;

use super::decision::{
    Cause, Choice, Decision, Explanation, GroupRef, NodeRef, Objection, Row, Stay, Step, Wait,
};

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl fmt::Display for GroupRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.name)
    }
}

impl fmt::Display for Decision {
    /// `'db' moves from alpha to beta: alpha is down; beta has the most room`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.group, self.step)?;
        let is_stuck = match &self.step {
            Step::Nowhere { .. } => true,
            Step::Stay { reason, .. } => matches!(reason, Stay::NoTarget { .. }),
            Step::Place { .. } | Step::Move { .. } | Step::Wait { .. } => false,
        };
        if !is_stuck {
            return Ok(());
        }
        for row in &self.table {
            write!(f, "; {}", Against(row))?;
        }
        if self.table.is_empty() {
            write!(f, "; there is no node")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Stay { on, reason } => {
                match on {
                    Some(node) => write!(f, "stays on {node}: ")?,
                    None => write!(f, "stays: ")?,
                }
                write!(f, "{reason}")
            }
            Step::Place { on, cause, choice, start } => {
                let verb = if *start { "starts on" } else { "goes to" };
                write!(f, "{verb} {on}: {}; {on} {choice}", InWords { cause: *cause, owner: None })
            }
            Step::Move { from, to, cause, choice, start } => {
                let rests = if *start { "" } else { ", offline" };
                let cause = InWords { cause: *cause, owner: Some(from) };
                write!(f, "moves from {from} to {to}{rests}: {cause}; {to} {choice}")
            }
            Step::Wait { planned, until } => write!(f, "waits, then {planned}; it waits because {until}"),
            Step::Nowhere { cause } => {
                write!(f, "has no node: {}", InWords { cause: *cause, owner: None })
            }
        }
    }
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stay::Runs => f.write_str("it runs there"),
            Stay::Underway => f.write_str("it is on its way already"),
            Stay::Failed => f.write_str("it failed, and its resources' restart policy decides"),
            Stay::NotWanted => f.write_str("it is to be offline"),
            Stay::NotAutomatic => f.write_str("its priority is 0, so it is only started by name"),
            Stay::NotStarted => f.write_str("it is offline, and nothing starts it by itself now"),
            Stay::NodeJoins => f.write_str("its node is coming back"),
            Stay::AlreadyThere => f.write_str("it is where it was asked to be"),
            Stay::NoTarget { cause } => {
                write!(f, "no other node can take it, although {}", InWords { cause: *cause, owner: None })
            }
        }
    }
}

/// A cause; the owner by its name, where it is known.
struct InWords<'a> {
    cause: Cause,
    owner: Option<&'a NodeRef>,
}

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.cause {
            Cause::NoOwner => return f.write_str("nobody owns it"),
            Cause::ToStart => return f.write_str("it is to be online"),
            Cause::Asked => return f.write_str("somebody asked for it"),
            Cause::Failback => return f.write_str("it may return to a node that it prefers"),
            Cause::NodeLost => "is down",
            Cause::Drain => "is being drained",
            Cause::Quarantine => "is in quarantine",
            Cause::Failed => {
                return match self.owner {
                    Some(node) => write!(f, "it failed on {node} for good"),
                    None => f.write_str("it failed there for good"),
                };
            }
        };
        match self.owner {
            Some(node) => write!(f, "{node} {what}"),
            None => write!(f, "its node {what}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        InWords { cause: *self, owner: None }.fmt(f)
    }
}

impl fmt::Display for Choice {
    /// With the node's name before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Choice::Named => "was named",
            Choice::OnlyOne => "is the only node that can take it",
            Choice::NotFailedThere => "is where it has not failed, as on the others",
            Choice::NotAvoided => "is not to be avoided, as the others are",
            Choice::FewerOfItsClass => "has fewer groups of its anti-affinity classes",
            Choice::WhereItIs => "owns it already",
            Choice::Preferred => "is the most preferred owner that can take it",
            Choice::Site => "is in the preferred site",
            Choice::DefaultOwner => "is its default owner",
            Choice::MostRoom => "has the most room",
            Choice::Number => "has the lowest number of equal nodes",
        })
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::StartsOnNode { node, limit } => {
                write!(f, "{limit} start on {node}, and no more may at once (StartsAtOncePerNode)")
            }
            Wait::MovesOnNode { node, limit } => {
                write!(f, "{limit} move from or to {node}, and no more may at once (MovesAtOncePerNode)")
            }
            Wait::StartsOnStorage { storage, limit } => {
                write!(
                    f,
                    "{limit} start from storage '{storage}', and no more may at once (StartsAtOncePerStorage)"
                )
            }
            Wait::MovesOnStorage { storage, limit } => {
                write!(
                    f,
                    "{limit} move with storage '{storage}', and no more may at once (MovesAtOncePerStorage)"
                )
            }
            Wait::Provider { group } => write!(f, "it needs {group}, which is not online"),
        }
    }
}

impl fmt::Display for Objection {
    /// With the node's name before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Objection::Down => f.write_str("is down"),
            Objection::Joining => f.write_str("has not joined yet"),
            Objection::Paused => f.write_str("is paused"),
            Objection::Draining => f.write_str("is being drained"),
            Objection::Quarantined => f.write_str("is in quarantine"),
            Objection::NotPossibleOwner => f.write_str("is no possible owner of all its resources"),
            Objection::LockedFromMoving => {
                f.write_str("is not the node that it is locked to (LockedFromMoving)")
            }
            Objection::ToLeave => f.write_str("is the node that it is to leave"),
            Objection::NotAsked => f.write_str("is not the node that was asked for"),
            Objection::AntiAffinity { class, group } => {
                write!(f, "has {group} of the anti-affinity class '{class}'")
            }
            Objection::Rule { rule, group } => write!(f, "breaks the rule '{rule}' because of {group}"),
            Objection::Memory { needed_mib, free_mib } => {
                write!(f, "has {free_mib} MiB of memory free, and it needs {needed_mib}")
            }
            Objection::Cpu { needed_percent, free_percent } => {
                write!(f, "has {free_percent} % of a processor free, and it needs {needed_percent} %")
            }
            Objection::Partner { group, objection } => {
                write!(f, "cannot take {group}, which has to be on the same node: it {objection}")
            }
        }
    }
}

/// Everything that forbids a row's node.
struct Against<'a>(&'a Row);

impl fmt::Display for Against<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.node)?;
        for (number, objection) in self.0.objections.iter().enumerate() {
            write!(f, "{}{objection}", if number == 0 { " " } else { " and " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.objections.is_empty() {
            return Against(self).fmt(f);
        }
        let word = match (self.here, self.chosen) {
            (_, true) => "is chosen",
            (true, false) => "has it",
            (false, false) => "could take it",
        };
        write!(f, "{} {word}", self.node)?;
        let Some(standing) = self.standing else { return Ok(()) };
        if standing.failed_there {
            f.write_str(", but it failed there not long ago")?;
        }
        if standing.avoided {
            f.write_str(", but is to be avoided")?;
        }
        if standing.conflicts > 0 {
            write!(f, ", beside {} of its anti-affinity classes", standing.conflicts)?;
        }
        if let Some(preference) = standing.preference {
            write!(f, ", preferred owner {}", u64::from(preference) + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    /// The decision, then a line for each node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decision.group, self.decision.step)?;
        self.decision.table.iter().try_for_each(|row| write!(f, "\n  {row}"))
    }
}
