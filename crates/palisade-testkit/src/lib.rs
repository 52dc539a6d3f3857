//! The spec runner, the golden matrix, the manual of the rules, and what must
//! not drift. For development only: nothing that ships depends on it.

pub mod chance;
pub mod judged;
pub mod manual;
pub mod matrix;
pub mod spec;
pub mod tree;
