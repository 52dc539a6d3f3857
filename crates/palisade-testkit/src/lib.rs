//! The spec runner, the golden matrix, and the tests of what must not drift.
