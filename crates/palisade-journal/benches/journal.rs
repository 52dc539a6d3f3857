//! What a record costs.
fn main() {
    divan::main();
}
