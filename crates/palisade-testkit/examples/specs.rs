//! Runs the specs and the rules' own examples, and lists what does not hold.
//! With words, only what concerns files or rules that contain one of them.

use palisade_testkit::{spec, tree};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut all, mut failed) = (0, 0);
    for file in tree::files("specs", &[".md"]) {
        match spec::parse(&file, &tree::read(&file)) {
            Err(error) => println!("{error}"),
            Ok(found) => {
                for expectation in &found.expectations {
                    all += 1;
                    let Some(failure) = spec::check(expectation) else { continue };
                    failed += 1;
                    let line = failure.to_string();
                    if words.is_empty() || words.iter().any(|word| line.contains(word)) {
                        println!("{line}");
                    }
                }
            }
        }
    }
    println!("{failed} of {all} do not hold");
}
