//! Random numbers from a seed, the same on every machine (SplitMix64, public domain).

/// The dice of one run.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall as the seed says.
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these, each as often as its weight says.
    pub fn weighted<T: Copy>(&mut self, table: &[(u64, T)]) -> T {
        let sum: u64 = table.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(sum.max(1));
        for (weight, item) in table {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        table[0].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same() {
        let mut dice = Dice::new(7);
        let first: Vec<u64> = (0..4).map(|_| dice.below(1_000)).collect();
        let mut again = Dice::new(7);
        assert_eq!(first, (0..4).map(|_| again.below(1_000)).collect::<Vec<u64>>());
        assert_ne!(first, (0..4).map(|_| dice.below(1_000)).collect::<Vec<u64>>());
    }

    #[test]
    fn weights_count() {
        let mut dice = Dice::new(1);
        let rare = (0..10_000).filter(|_| dice.weighted(&[(9, false), (1, true)])).count();
        assert!((800..1_200).contains(&rare), "{rare}");
    }
}
