//! Integer expressions.

use super::Eval;

/// An integer expression by precedence climbing.
pub(super) struct Sum<'a, 'e, 'c> {
    pub text: &'a [u8],
    pub at: usize,
    pub depth: u32,
    pub eval: &'e mut Eval<'c>,
}

impl Sum<'_, '_, '_> {
    pub(super) fn skip(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    pub(super) fn ternary(&mut self, lowest: u8) -> Option<i64> {
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        let mut left = self.unary()?;
        loop {
            self.skip();
            let rest = self.text.get(self.at..)?;
            let (operator, rank): (&str, u8) = match rest {
                [b'*', b'*', ..] => ("**", 9),
                [b'<', b'<', ..] => ("<<", 6),
                [b'>', b'>', ..] => (">>", 6),
                [b'*', ..] => ("*", 8),
                [b'/', ..] => ("/", 8),
                [b'%', ..] => ("%", 8),
                [b'+', ..] => ("+", 7),
                [b'-', ..] => ("-", 7),
                [b'&', b'&', ..] | [b'|', b'|', ..] => return None,
                [b'&', ..] => ("&", 4),
                [b'^', ..] => ("^", 3),
                [b'|', ..] => ("|", 2),
                _ => break,
            };
            if rank <= lowest {
                break;
            }
            self.at += operator.len();
            let right = self.ternary(rank)?;
            left = match operator {
                "**" => left.checked_pow(u32::try_from(right).ok()?)?,
                "<<" => left.checked_shl(u32::try_from(right).ok()?)?,
                ">>" => left.checked_shr(u32::try_from(right).ok()?)?,
                "*" => left.checked_mul(right)?,
                "/" => left.checked_div(right)?,
                "%" => left.checked_rem(right)?,
                "+" => left.checked_add(right)?,
                "-" => left.checked_sub(right)?,
                "&" => left & right,
                "^" => left ^ right,
                _ => left | right,
            };
        }
        self.depth -= 1;
        Some(left)
    }

    fn unary(&mut self) -> Option<i64> {
        self.skip();
        match self.text.get(self.at)? {
            b'-' => {
                self.at += 1;
                self.depth += 1;
                (self.depth < 64).then(|| self.unary())?.map(|value| -value)
            }
            b'+' => {
                self.at += 1;
                self.depth += 1;
                (self.depth < 64).then(|| self.unary())?
            }
            b'~' => {
                self.at += 1;
                self.depth += 1;
                (self.depth < 64).then(|| self.unary())?.map(|value| !value)
            }
            b'(' => {
                self.at += 1;
                let value = self.ternary(0)?;
                self.skip();
                (self.text.get(self.at) == Some(&b')')).then(|| self.at += 1)?;
                Some(value)
            }
            b'0'..=b'9' => {
                let start = self.at;
                while self
                    .text
                    .get(self.at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'#')
                {
                    self.at += 1;
                }
                let digits = std::str::from_utf8(self.text.get(start..self.at)?).ok()?;
                if let Some((base, digits)) = digits.split_once('#') {
                    let base: u32 = base.parse().ok()?;
                    return (2..=36)
                        .contains(&base)
                        .then(|| i64::from_str_radix(digits, base).ok())?;
                }
                if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
                    return i64::from_str_radix(hex, 16).ok();
                }
                if digits.len() > 1 && digits.starts_with('0') {
                    return i64::from_str_radix(digits, 8).ok();
                }
                digits.parse().ok()
            }
            first if first.is_ascii_alphabetic() || *first == b'_' => {
                let start = self.at;
                while self
                    .text
                    .get(self.at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
                {
                    self.at += 1;
                }
                let name = std::str::from_utf8(self.text.get(start..self.at)?).ok()?.to_owned();
                let (value, _) = self.eval.variable(&name)?;
                value.literal()?.trim().parse().ok()
            }
            _ => None,
        }
    }
}
