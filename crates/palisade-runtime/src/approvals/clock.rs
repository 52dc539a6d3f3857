//! Moments that a clock set back cannot bring back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How far a clock may be behind after a restart of the machine.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// A moment by the time of day and, where the system tells, by the time since
/// this machine was started. Within one run of the machine only the latter
/// counts, since a person or a server may set the former.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub wall_ms: i64,
    /// Which run of the machine; empty where it is not known.
    pub boot: String,
    /// Milliseconds in that run.
    pub up_ms: u64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            wall_ms: since.as_millis().try_into().unwrap_or(i64::MAX),
            boot: boot(),
            up_ms: up_ms(),
        }
    }

    /// So much later.
    #[must_use]
    pub fn after(&self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            wall_ms: self.wall_ms.saturating_add_unsigned(span),
            boot: self.boot.clone(),
            up_ms: self.up_ms.saturating_add(span),
        }
    }

    /// How long it is from `earlier` to here; nothing where it is not later.
    pub fn since(&self, earlier: &Self) -> Duration {
        let millis = if self.same_run(earlier) {
            self.up_ms.saturating_sub(earlier.up_ms)
        } else {
            self.wall_ms.saturating_sub(earlier.wall_ms).try_into().unwrap_or(0)
        };
        Duration::from_millis(millis)
    }

    /// Whether it is over at `now`.
    pub fn is_over(&self, now: &Self) -> bool {
        self.since(now).is_zero()
    }

    /// Whether something made at this moment is from the future at `now`: then
    /// nothing can be said about its age.
    pub fn is_ahead_of(&self, now: &Self) -> bool {
        if self.same_run(now) {
            self.up_ms > now.up_ms
        } else {
            self.wall_ms > now.wall_ms.saturating_add(SKEW_MS)
        }
    }

    /// Whole seconds of the time of day, for records and names.
    pub const fn seconds(&self) -> i64 {
        self.wall_ms.div_euclid(1000)
    }

    fn same_run(&self, other: &Self) -> bool {
        !self.boot.is_empty() && self.boot == other.boot
    }
}

#[cfg(target_os = "linux")]
pub(super) fn boot() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(target_os = "linux")]
fn up_ms() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let millis = now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000);
    millis.try_into().unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn boot() -> String {
    String::new()
}

#[cfg(not(target_os = "linux"))]
fn up_ms() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_ms: i64, boot: &str, up_ms: u64) -> Moment {
        Moment { wall_ms, boot: boot.into(), up_ms }
    }

    #[test]
    fn a_clock_set_back_changes_nothing_in_one_run() {
        let end = at(1_000_000, "a", 5_000).after(Duration::from_secs(10));
        assert!(!end.is_over(&at(1_005_000, "a", 10_000)));
        assert!(end.is_over(&at(0, "a", 15_000)), "an hour back");
        assert!(!end.is_over(&at(9_000_000, "a", 14_999)), "an hour ahead");
        assert_eq!(end.since(&at(0, "a", 5_000)), Duration::from_secs(10));
    }

    #[test]
    fn after_a_restart_the_time_of_day_decides() {
        let made = at(1_000_000, "a", 5_000);
        assert!(made.after(Duration::from_secs(10)).is_over(&at(1_010_000, "b", 1)));
        assert!(!made.after(Duration::from_secs(10)).is_over(&at(1_009_000, "b", 1)));
        assert!(made.is_ahead_of(&at(600_000, "b", 1)));
        assert!(!made.is_ahead_of(&at(999_000, "b", 1)));
        assert!(at(0, "a", 2).is_ahead_of(&at(99_999, "a", 1)));
    }

    #[test]
    fn now_goes_on() {
        let now = Moment::now();
        assert!(!now.is_ahead_of(&Moment::now()));
        assert!(now.wall_ms > 1_600_000_000_000);
    }
}
