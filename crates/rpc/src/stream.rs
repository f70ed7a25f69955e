//! The two byte buffers of an association: what came in and is not yet understood, what goes out and is not yet sent.

/// A buffer this large is given back to the allocator once it is empty.
const KEEP_CAPACITY_BYTES: usize = 64 * 1024;

/// A first-in first-out byte buffer that is read as one slice.
#[derive(Debug, Default)]
pub(crate) struct ByteQueue {
    bytes: Vec<u8>,
    /// Bytes at the front that are already gone.
    start: usize,
}

impl ByteQueue {
    pub(crate) fn pending(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Drops `count` bytes at the front; more than there are empties the buffer.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
        if self.start == self.bytes.len() {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEEP_CAPACITY_BYTES {
                self.bytes = Vec::new();
            }
        }
    }

    pub(crate) fn extend(&mut self, more: &[u8]) {
        self.compact();
        self.bytes.extend_from_slice(more);
    }

    /// The buffer's end, for an encoder that appends.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        self.compact();
        &mut self.bytes
    }

    /// Moves the rest to the front once the gap before it is the larger part, so that every byte moves at most a
    /// constant number of times.
    fn compact(&mut self) {
        if self.start > KEEP_CAPACITY_BYTES && self.start > self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_never_runs_empty_stays_small_and_in_order() {
        let mut queue = ByteQueue::default();
        queue.extend(&[0; 100]);
        for step in 0..100_000_u32 {
            queue.extend(&step.to_le_bytes());
            queue.consume(4);
            assert_eq!(queue.len(), 100);
            assert!(queue.bytes.len() <= 2 * KEEP_CAPACITY_BYTES);
            if step >= 25 {
                assert_eq!(queue.pending()[..4], (step - 24).to_le_bytes());
            }
        }
    }

    #[test]
    fn an_empty_queue_gives_its_memory_back() {
        let mut queue = ByteQueue::default();
        queue.tail().resize(10 * KEEP_CAPACITY_BYTES, 1);
        queue.consume(usize::MAX);
        assert_eq!((queue.len(), queue.bytes.capacity()), (0, 0));
    }
}
