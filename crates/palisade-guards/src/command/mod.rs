//! Guards over what a command would do.

use palisade_core::Finding;
use palisade_shell::Analysis;

use crate::Places;

/// What the guards find in `analysis`, which was made of `text`.
pub fn findings(text: &str, analysis: &Analysis, places: &Places) -> Vec<Finding> {
    let _ = (text, analysis, places);
    Vec::new()
}
