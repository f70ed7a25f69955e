//! The events that nobody has read yet: bounded, in order, with a mark where some are missing.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::{Event, NoEvent, filter};

/// Events that may wait. A program that is so far behind reads the cluster anew faster than so many events.
const EVENTS_MAX: usize = 4096;

/// Bytes of buffers and texts that may wait.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// A queue that has room for one more event than it takes: the mark that some are missing.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Event>,
    bytes: usize,
    closed: bool,
    /// A reader is looking at the first event; it must stay the first until he is done.
    reading: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Inner::default()), changed: Condvar::new() }
    }

    /// Appends an event. Where there is no room, it is lost, and one event with `lost_key` says so.
    pub(super) fn push(&self, event: Event, lost_key: usize) {
        let mut inner = self.inner.lock();
        if inner.closed {
            return;
        }
        let size = size_of_event(&event);
        if inner.events.len() < EVENTS_MAX && inner.bytes + size <= BYTES_MAX {
            inner.bytes += size;
            inner.events.push_back(event);
        } else if !inner.events.back().is_some_and(is_lost_mark) {
            let mark = lost_mark(lost_key);
            inner.bytes += size_of_event(&mark);
            inner.events.push_back(mark);
        }
        drop(inner);
        self.changed.notify_all();
    }

    /// Marks that events were lost, unless the last event says so already.
    pub(super) fn push_lost(&self, lost_key: usize) {
        let mark = lost_mark(lost_key);
        let said = self.inner.lock().events.back().is_some_and(is_lost_mark);
        if !said {
            self.push(mark, lost_key);
        }
    }

    /// Waits for an event and shows it to `take`, which says whether it is gone.
    ///
    /// `take` runs without the lock: it may take its time, and the queue goes on filling.
    pub(super) fn next<R>(
        &self,
        deadline: Option<Instant>,
        take: impl FnOnce(&Event) -> (R, bool),
    ) -> Result<R, NoEvent> {
        let mut inner = self.inner.lock();
        let event = loop {
            if inner.closed {
                return Err(NoEvent::Closed);
            }
            if !inner.reading
                && let Some(event) = inner.events.pop_front()
            {
                inner.reading = true;
                break event;
            }
            match deadline {
                None => self.changed.wait(&mut inner),
                Some(deadline) => {
                    if self.changed.wait_until(&mut inner, deadline).timed_out()
                        && (inner.reading || inner.events.is_empty())
                        && !inner.closed
                    {
                        return Err(NoEvent::TimedOut);
                    }
                }
            }
        };
        drop(inner);
        let mut reading = Reading { queue: self, event: Some(event) };
        let Some(event) = &reading.event else { return Err(NoEvent::Closed) };
        let (result, gone) = take(event);
        if gone {
            reading.finish();
        }
        Ok(result)
    }

    /// Ends every wait, now and from now on.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_all();
    }
}

/// An event that a reader is looking at. It goes back to the front unless he is done with it, also when he panics.
struct Reading<'q> {
    queue: &'q Queue,
    event: Option<Event>,
}

impl Reading<'_> {
    fn finish(&mut self) {
        if let Some(event) = self.event.take() {
            let mut inner = self.queue.inner.lock();
            inner.bytes -= size_of_event(&event);
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut inner = self.queue.inner.lock();
        inner.reading = false;
        if let Some(event) = self.event.take() {
            inner.events.push_front(event);
        }
        drop(inner);
        self.queue.changed.notify_all();
    }
}

fn size_of_event(event: &Event) -> usize {
    size_of::<Event>()
        + event.buffer.len()
        + event.object_id.len()
        + event.parent_id.len()
        + event.name.len()
        + event.type_name.len()
}

fn lost_mark(key: usize) -> Event {
    Event::made_here(key, filter::CLUSTER, filter::CLUSTER_LOST_NOTIFICATIONS, "")
}

fn is_lost_mark(event: &Event) -> bool {
    event.object_type == filter::CLUSTER && event.events == filter::CLUSTER_LOST_NOTIFICATIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize, bytes: usize) -> Event {
        Event { buffer: vec![0; bytes], ..Event::made_here(number, filter::RESOURCE, 4, "id") }
    }

    fn take(queue: &Queue) -> Result<Event, NoEvent> {
        queue.next(Some(Instant::now()), |event| (event.clone(), true))
    }

    #[test]
    fn overflow_is_marked_once_and_where_it_happened() {
        let queue = Queue::new();
        for number in 0..EVENTS_MAX + 10 {
            queue.push(event(number, 0), 77);
        }
        for number in 0..EVENTS_MAX {
            assert_eq!(take(&queue).unwrap().key, number);
        }
        queue.push(event(5, 0), 77);
        assert_eq!(take(&queue), Ok(lost_mark(77)));
        assert_eq!(take(&queue).unwrap().key, 5);
        assert_eq!(take(&queue), Err(NoEvent::TimedOut));
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let queue = Queue::new();
        for _ in 0..3 {
            queue.push(event(1, BYTES_MAX / 2), 9);
            queue.push(event(2, BYTES_MAX / 2), 9);
            assert_eq!(take(&queue).unwrap().key, 1);
            assert_eq!(take(&queue), Ok(lost_mark(9)));
        }
        assert_eq!(queue.inner.lock().bytes, 0);
    }

    #[test]
    fn an_event_that_is_not_taken_stays_the_next() {
        let queue = Queue::new();
        queue.push(event(1, 8), 0);
        queue.push(event(2, 8), 0);
        let soon = Some(Instant::now());
        assert_eq!(queue.next(soon, |event| (event.key, false)), Ok(1));
        assert_eq!(queue.next(soon, |event| (event.key, true)), Ok(1));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            queue.next(soon, |_| -> ((), bool) { panic!("on purpose") })
        }));
        assert!(panicked.is_err());
        assert_eq!(take(&queue).unwrap().key, 2);
    }

    #[test]
    fn closing_ends_every_wait() {
        let queue = Queue::new();
        std::thread::scope(|scope| {
            let waiters: Vec<_> = (0..4).map(|_| scope.spawn(|| queue.next(None, |_| ((), true)))).collect();
            queue.close();
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), Err(NoEvent::Closed));
            }
        });
        queue.push(event(1, 0), 0);
        assert_eq!(take(&queue), Err(NoEvent::Closed));
    }
}
