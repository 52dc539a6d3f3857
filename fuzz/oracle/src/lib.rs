//! Nothing to build: the comparison is in `tests/`.
