//! Guards over content: what is shown, recorded and sent.

mod reveal;

pub use reveal::reveal;
