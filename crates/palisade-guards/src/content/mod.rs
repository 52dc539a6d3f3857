//! Guards over content: what is shown, recorded and sent.

mod redact;
mod reveal;

pub use redact::{Redactor, SHORTEST, Secret, Stream};
pub use reveal::reveal;
