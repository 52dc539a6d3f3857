//! The alternatives under which a command is looked at, one combination after
//! the other.

use super::Eval;

impl Eval<'_> {
    /// One of `count` alternatives, the same one until the round ends.
    pub(super) fn choose(&mut self, count: usize) -> usize {
        if count <= 1 {
            return 0;
        }
        if let Some(at) = self.diagonal {
            return at.min(count - 1);
        }
        let at = self.choice;
        self.choice += 1;
        match self.choices.get(at) {
            Some((chosen, _)) => *chosen,
            None => {
                self.choices.push((0, count));
                0
            }
        }
    }

    /// The next combination of alternatives, if there is one.
    pub(super) fn advance(&mut self) -> bool {
        self.choice = 0;
        while let Some((chosen, count)) = self.choices.last_mut() {
            *chosen += 1;
            if *chosen < *count {
                return true;
            }
            self.choices.pop();
        }
        false
    }
}
