//! Guards over content: what is shown, recorded, sent, and taken in from
//! outside.

pub mod envelope;
pub mod hygiene;
mod invisible;
pub mod outgoing;
mod redact;
mod reveal;
pub mod scan;
pub mod styles;

pub use envelope::enclose;
pub use hygiene::{Cleaned, clean};
pub use redact::{Place, Redactor, SHORTEST, Secret, Stream};
pub use reveal::reveal;
pub use scan::{Hit, Kind, examine, scan};
