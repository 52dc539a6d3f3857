//! Chance for tests, the same one each time.

/// Numbers that look like chance and are the same each time.
pub struct Chance(pub u64);

impl Chance {
    /// One below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        // Knuth's linear congruential generator; its high bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}
