//! Guards over content: what is shown, recorded and sent.
