//! What resource types say to what a plan would ask them: many are asked at once, and all together have so long.
//!
//! The engine that runs asks them. They judge, and nothing is changed by it, so whoever may look may have them asked.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use mainstay_engine::command::Caller;
use mainstay_engine::effect::Answer;
use mainstay_engine::rehearsal::Asked;
use mainstay_types::Access;

use super::session::Session;

/// Types are asked so many questions at once: as many as a few hosts work on, and far from what the engine takes.
const ASKED_AT_ONCE: usize = 64;

/// All types together have so long. A caller who only looks waits 60 s.
const JUDGED_WITHIN: Duration = Duration::from_secs(45);

/// Until when types are waited for.
pub(super) fn deadline() -> Instant {
    Instant::now() + JUDGED_WITHIN
}

/// A plan says what a call does, and not what its reader may do.
pub(super) fn caller(session: &Session) -> Caller {
    Caller { asker: session.asker().clone(), access: Access::Full, reason: String::new() }
}

/// Asks the types that run, and answers what each said, in the order of the questions; `None` where there was no answer
/// in time.
pub(super) fn ask_all(session: &Session, questions: &[&Asked], deadline: Instant) -> Vec<Option<Answer>> {
    let mut answers = Vec::with_capacity(questions.len());
    for batch in questions.chunks(ASKED_AT_ONCE) {
        let asked: Vec<Receiver<Answer>> = batch.iter().map(|asked| ask(session, asked)).collect();
        answers.extend(asked.into_iter().map(|answer| {
            let left = deadline.saturating_duration_since(Instant::now());
            answer.recv_timeout(left).ok()
        }));
    }
    answers
}

fn ask(session: &Session, asked: &Asked) -> Receiver<Answer> {
    let (sender, answer) = channel();
    // Who waits no longer has dropped the other end.
    session.core.call(caller(session), asked.command(), Box::new(move |answer| drop(sender.send(answer))));
    answer
}
