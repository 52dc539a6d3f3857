//! Moments as records write them: UTC, RFC 3339, milliseconds.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// The last millisecond of the year 9999.
const LAST: u64 = 253_402_300_799_999;
const DAY: u64 = 86_400_000;

impl Time {
    /// From milliseconds since 1970, at most the end of the year 9999.
    pub fn from_millis(millis: u64) -> Self {
        Self(millis.min(LAST))
    }

    /// The present, as this machine's clock has it.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(u64::try_from(since.as_millis()).unwrap_or(LAST))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Reads `2026-11-22`, `2026-11-22T09:30`, with seconds, with
    /// milliseconds, with or without `Z`; all in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
        let mut parts =
            date.split('-').map(|part| number(part, if part.len() == 4 { 4 } else { 2 }));
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let (clock, millis) =
            clock.split_once('.').map_or(Some((clock, 0)), |(c, ms)| Some((c, number(ms, 3)?)))?;
        let mut hands = clock.split(':').map(|part| number(part, 2));
        let (hour, minute) = (hands.next()??, hands.next()??);
        let second = hands.next().unwrap_or(Some(0))?;
        if parts.next().is_some() || hands.next().is_some() || date.len() != 10 {
            return None;
        }
        let days = days_before(year, month, day)?;
        let fits = hour < 24 && minute < 60 && second < 60;
        fits.then(|| {
            Self::from_millis(days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + millis)
        })
    }
}

fn number(text: &str, digits: usize) -> Option<u64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// Days from 1970-01-01 to the given date.
fn days_before(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if year < 1970 || day == 0 || day > longest {
        return None;
    }
    // Years that begin in March put the leap day last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * m + 2) / 5 + day - 1;
    Some(y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719_468)
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, millis) = (self.0 / DAY + 719_468, self.0 % DAY);
        // The same calendar backwards: eras of 400 years of 146097 days.
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let m = (5 * of_year + 2) / 153;
        let day = of_year - (153 * m + 2) / 5 + 1;
        let month = if m < 10 { m + 3 } else { m - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
            millis % 1000
        )
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("a time is not of the form 2026-11-22T09:30:00.000Z")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Time::from_millis(millis).to_string(), text);
            assert_eq!(Time::parse(text), Some(Time::from_millis(millis)));
        }
        for days in 0..60_000 {
            let time = Time::from_millis(days * DAY + 5);
            assert_eq!(Time::parse(&time.to_string()), Some(time));
        }
        assert_eq!(Time::parse("2026-11-22"), Time::parse("2026-11-22T00:00:00.000Z"));
        assert_eq!(Time::parse("2026-11-22 09:30"), Time::parse("2026-11-22T09:30:00Z"));
        for wrong in [
            "",
            "2026-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-01-01T24:00",
            "2026-01-01T",
            "yesterday",
            "2026-1-1",
            "2026-01-01T10:00:00.1",
        ] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }
}
