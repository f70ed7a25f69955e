//! Numbers to choose by.

/// Numbers that look random and are the same in every run that begins with the same seed.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins with a seed, and prints it: a failed test shows what it printed.
    pub fn new(seed: u64) -> Self {
        eprintln!("seed {seed:#x}");
        // Xorshift stays at 0 for ever.
        Dice(seed.max(1))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        // Marsaglia's xorshift: enough to choose by.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// A place among `length` many.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.roll(u64::try_from(length).unwrap())).unwrap()
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    /// Does something small to bytes: others in them, in place of some, away, or twice.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.roll(3) {
            if bytes.is_empty() {
                return;
            }
            let place = self.index(bytes.len());
            match self.roll(6) {
                0 => bytes[place] ^= 1 << self.roll(8),
                1 => bytes[place] = self.byte(),
                2 => bytes[place] = [0, 0x7F, 0x80, 0xFF][self.index(4)],
                3 => bytes.truncate(place),
                4 => {
                    let length = self.index(16);
                    let others = self.bytes(length);
                    drop(bytes.splice(place..place, others));
                }
                _ => {
                    let again = bytes[place..].to_vec();
                    bytes.extend(again);
                }
            }
        }
    }
}
