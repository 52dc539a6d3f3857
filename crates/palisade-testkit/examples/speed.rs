//! How long the analysis and the guards take on the golden actions, in
//! microseconds: median, 99 of 100, worst. Build it with `--release`.

use std::hint::black_box;
use std::time::Instant;

use palisade_guards::{Places, command};
use palisade_shell::{Context, analyse};
use palisade_testkit::judged::{HOME, WORKSPACE};
use palisade_testkit::matrix::actions;

fn main() {
    let context = Context {
        cwd: WORKSPACE.to_owned(),
        home: HOME.to_owned(),
        classify: palisade_guards::classify(),
        ..Context::default()
    };
    let places = Places {
        home: HOME.to_owned(),
        cwd: WORKSPACE.to_owned(),
        workspace: WORKSPACE.to_owned(),
        palisade_home: format!("{HOME}/.palisade"),
        programs: Vec::new(),
        settings: Vec::new(),
    };
    let (mut analysed, mut judged) = (Vec::new(), Vec::new());
    for text in actions() {
        let analysis = analyse(text, &context);
        analysed.push((best(|| drop(black_box(analyse(black_box(text), &context)))), text));
        judged.push((
            best(|| {
                drop(black_box(command::findings(
                    black_box(text),
                    &analysis,
                    &places,
                    &palisade_guards::Exposure::none(),
                )))
            }),
            text,
        ));
    }
    for (name, mut times) in [("analyse", analysed), ("findings", judged)] {
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let at = |share: usize| {
            times.get(times.len().saturating_sub(1) * share / 100).copied().unwrap_or_default()
        };
        let (median, most, worst) = (at(50), at(99), at(100));
        println!("{name}: {:.2} {:.2} {:.2} ({})", median.0, most.0, worst.0, worst.1);
    }
}

/// The best of several rounds, in microseconds a call.
fn best(mut run: impl FnMut()) -> f64 {
    (0..7)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..200 {
                run();
            }
            start.elapsed().as_secs_f64() * 1e6 / 200.0
        })
        .fold(f64::INFINITY, f64::min)
}
